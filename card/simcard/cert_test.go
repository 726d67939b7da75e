// SPDX-License-Identifier: Apache-2.0

package simcard_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"madoguchi/card/simcard"
)

// certificate reads one certificate as OpenSC does: its length from the first
// four bytes.
func certificate(t *testing.T, c *simcard.Card, ef uint16) *x509.Certificate {
	t.Helper()
	b := read(t, c, ef, 4096)
	if len(b) < 260 || b[0] != 0x30 || b[1] != 0x82 {
		t.Fatalf("EF %04X: %d bytes starting % X, want 260 or more starting 30 82", ef, len(b), b[:2])
	}
	cert, err := x509.ParseCertificate(b[:4+int(b[2])<<8+int(b[3])])
	if err != nil {
		t.Fatalf("EF %04X: %v", ef, err)
	}
	return cert
}

// TestCertificates: they chain to the card's own fake authorities, say who they
// are not, end at the last second of the day in Japan, and are the same each time.
func TestCertificates(t *testing.T) {
	c := sample(t, "adult")
	c.Reset(false)
	auth, authCA := certificate(t, c, 0x000A), certificate(t, c, 0x000B)
	signCA := certificate(t, c, 0x0002)
	if err := auth.CheckSignatureFrom(authCA); err != nil {
		t.Errorf("login certificate: %v", err)
	}
	for _, ca := range []*x509.Certificate{authCA, signCA} {
		if err := ca.CheckSignatureFrom(ca); err != nil {
			t.Errorf("%v: %v", ca.Subject, err)
		}
		if o := ca.Subject.Organization; len(o) != 1 || o[0] != "MADOGUCHI-TEST" {
			t.Errorf("authority is %v, not plainly fake", ca.Subject)
		}
	}
	want := time.Date(2029, 12, 1, 14, 59, 59, 0, time.UTC)
	if !auth.NotAfter.Equal(want) {
		t.Errorf("ends %v, want %v", auth.NotAfter, want)
	}
	if n := len(auth.Subject.CommonName); n != 23 {
		t.Errorf("CN has %d characters, want 23", n)
	}
	again := sample(t, "adult")
	again.Reset(false)
	if !bytes.Equal(certificate(t, again, 0x000A).Raw, auth.Raw) {
		t.Error("two equal cards have different certificates")
	}

	send(t, c, unhex(t, signing))
	send(t, c, unhex(t, ask))
	if sw := send(t, c, unhex(t, "0020008006414243313233")); !bytes.Equal(sw, []byte{0x90, 0}) {
		t.Fatalf("VERIFY: % X", sw)
	}
	send(t, c, unhex(t, "00A4020C020001"))
	b := send(t, c, unhex(t, "00B0000000"))
	if len(b) != 258 {
		t.Errorf("signing certificate: %d bytes after VERIFY, want 258", len(b))
	}
}

// TestSign checks every scheme of the signing command with the certificate.
func TestSign(t *testing.T) {
	c := sample(t, "adult")
	c.Reset(false)
	pub := certificate(t, c, 0x000A).PublicKey.(*rsa.PublicKey)
	msg := []byte("MADOGUCHI-TEST, nothing to sign")
	sum := sha256.Sum256(msg)
	info := append(unhex(t, "3031300D060960864801650304020105000420"), sum[:]...)
	send(t, c, unhex(t, login))
	send(t, c, unhex(t, ask))
	send(t, c, unhex(t, "002000800431323334"))
	v15 := func(sig []byte) error { return rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], sig) }
	pss := func(sig []byte) error { return rsa.VerifyPSS(pub, crypto.SHA256, sum[:], sig, nil) }
	bare := func(sig []byte) error { return rsa.VerifyPKCS1v15(pub, 0, sum[:], sig) }
	for _, r := range []struct {
		name   string
		p1     byte
		in     []byte
		verify func([]byte) error
	}{
		{"DigestInfo by the host", 0x00, info, v15},
		{"bare digest of a message", 0x01, msg, bare},
		{"digest", 0x02, sum[:], v15},
		{"message", 0x03, msg, v15},
		{"digest, PSS", 0x04, sum[:], pss},
		{"message, PSS", 0x05, msg, pss},
	} {
		cmd := append([]byte{0x80, 0x2A, r.p1, 0x97, byte(len(r.in))}, r.in...)
		resp := send(t, c, append(cmd, 0))
		if len(resp) != 258 {
			t.Errorf("%s: answer % X", r.name, resp)
			continue
		}
		if err := r.verify(resp[:256]); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	}
	if m := c.Misuse(); len(m) > 0 {
		t.Errorf("flagged: %v", m)
	}
}

// BenchmarkNew: a card is made at once, also with its certificate.
func BenchmarkNew(b *testing.B) {
	s, _ := simcard.SampleByID("adult", today)
	b.Run("card", func(b *testing.B) {
		for b.Loop() {
			simcard.New(s.Spec)
		}
	})
	b.Run("certificate", func(b *testing.B) {
		for b.Loop() {
			c := simcard.New(s.Spec)
			c.Reset(false)
			send(b, c, []byte("\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01"))
			send(b, c, []byte{0x00, 0xB0, 0x8A, 0x00, 0x00})
		}
	})
}
