// SPDX-License-Identifier: Apache-2.0

package simcard_test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"reflect"
	"testing"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

// issued is a card of the simulated issuer.
func issued(t testing.TB, id string) (*simcard.Card, simcard.Spec) {
	t.Helper()
	s, ok := simcard.SampleByID(id, today)
	if !ok {
		t.Fatalf("no sample %q", id)
	}
	s.Spec.Profile = simcard.SimulatedIssuer
	c := simcard.New(s.Spec)
	c.Reset(false)
	return c, s.Spec
}

// says sends one command in hex and compares the status word.
func says(t testing.TB, c *simcard.Card, cmd, sw string) []byte {
	t.Helper()
	resp := send(t, c, unhex(t, cmd))
	if got := resp[len(resp)-2:]; !bytes.Equal(got, unhex(t, sw)) {
		t.Fatalf("%s: % X, want %s", cmd, got, sw)
	}
	return resp[:len(resp)-2]
}

// mac is the issuer's arithmetic, written a second time.
func mac(s simcard.Spec, tag string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, simcard.IssuerKey(s))
	m.Write([]byte(tag))
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

const prove = "008800801000000000000000000000000000000000" + "00"

// authenticate gives the card the issuer's word for an operation on a kind.
func authenticate(t testing.TB, c *simcard.Card, s simcard.Spec, operation, kind byte) (bond []byte) {
	t.Helper()
	says(t, c, jpki, "9000")
	p := says(t, c, prove, "9000")
	if want := mac(s, "madoguchi card proof", make([]byte, 16), p[:60]); !bytes.Equal(p[60:], want) {
		t.Fatal("the proof is not the card's")
	}
	bond = bytes.Repeat([]byte{0xB0, operation}, 8)
	data := append(bytes.Clone(bond), operation, kind)
	data = append(data, mac(s, "madoguchi card grant", p[8:24], data)...)
	says(t, c, "0082000132"+hex.EncodeToString(data), "9000")
	return bond
}

const activate = "004400001000000000000000000000000000000000" + "00"

// TestIssuerReset: a locked PIN gets a new value and its tries, at ACTIVATE.
func TestIssuerReset(t *testing.T) {
	c, s := issued(t, "locked")
	says(t, c, jpki, "9000")
	says(t, c, login, "9000")
	for _, cmd := range []string{"002C0380", "002C02800430303030", "0046008000", "00D6000001FF", activate} {
		says(t, c, cmd, "6982") // nobody has proved anything
	}
	bond := authenticate(t, c, s, 1, 1)
	says(t, c, login, "9000")
	for cmd, sw := range map[string]string{
		"002C028003303030": "6A80", "002C0280": "6700", "002C008004" + "30303030": "6A86", "002C0380": "6A86", // there is no resetting code, and no reset that keeps a PIN
		activate: "6985", "0046008000": "6981", "00D6000001FF": "6982",
	} {
		says(t, c, cmd, sw)
	}
	says(t, c, "002C02800435363738", "9000")
	says(t, c, ask, "63C0")
	p := says(t, c, activate, "9000")
	if !bytes.Equal(p[24:44], append(bond, 1, 1, 0, 1)) {
		t.Errorf("the card says % X of the operation", p[24:44])
	}
	says(t, c, ask, "63C3")
	if c.Verified(card.KindLogin) {
		t.Error("the PIN is verified after its reset")
	}
	says(t, c, "002000800435363738", "9000")
	says(t, c, "002C02800435363738", "6982") // one word, one operation
}

// TestIssuerProof: what does not prove an issuer, and what ends a proof.
func TestIssuerProof(t *testing.T) {
	c, s := issued(t, "adult")
	says(t, c, jpki, "9000")
	answer := func(s simcard.Spec, challenge []byte) string {
		data := append(make([]byte, 16), 1, 1)
		return "0082000132" + hex.EncodeToString(append(data, mac(s, "madoguchi card grant", challenge, data)...))
	}
	says(t, c, answer(s, nil), "6985") // no challenge
	other := s
	other.Seed++
	p := says(t, c, prove, "9000")
	says(t, c, answer(other, p[8:24]), "6300")
	says(t, c, answer(s, p[8:24]), "6985") // a challenge is good once
	old := p
	p = says(t, c, prove, "9000")
	says(t, c, answer(s, old[8:24]), "6300")
	for name, end := range map[string]func(){
		"power":     func() { c.PowerOff(); c.Reset(false) },
		"reset":     func() { c.Reset(true) },
		"bad proof": func() { says(t, c, prove, "9000"); says(t, c, answer(other, p[8:24]), "6300") },
	} {
		t.Run(name, func(t *testing.T) {
			authenticate(t, c, s, 1, 1)
			end()
			says(t, c, jpki, "9000")
			says(t, c, login, "9000")
			says(t, c, "002C02800435363738", "6982")
		})
	}
}

// TestIssuerRenewal: a new key and a new certificate, kept without power, the
// same on every machine; before ACTIVATE the old ones.
func TestIssuerRenewal(t *testing.T) {
	key := func() (*simcard.Card, simcard.Spec, []byte, []byte) {
		c, s := issued(t, "adult")
		bond := authenticate(t, c, s, 3, 1)
		says(t, c, "00A4020C020017", "9000")
		return c, s, bond, says(t, c, "0046008000", "9000")
	}
	c, s, bond, n := key()
	if _, _, _, m := key(); !bytes.Equal(n, m) {
		t.Error("the same card makes another key")
	}
	says(t, c, "00A4020C02001A", "9000")
	says(t, c, "0046008000", "6982") // the signing key is another operation's
	says(t, c, "00A4020C020018", "9000")
	says(t, c, "0046008000", "6981") // no key file

	old := read(t, c, 0x000A, 4096)
	cert := bytes.Repeat([]byte{0x30, 0x82, 0x01}, 100)
	says(t, c, "00A4020C02000A", "9000")
	says(t, c, "00D6000180"+hex.EncodeToString(cert[:128]), "6B00") // begins at 0
	says(t, c, "00D6000080"+hex.EncodeToString(cert[:128]), "9000")
	says(t, c, "00D6008080"+hex.EncodeToString(cert[128:256]), "9000")
	says(t, c, "00D601002C"+hex.EncodeToString(cert[256:]), "9000")
	says(t, c, "00A4020C020002", "9000")
	says(t, c, "00D6000001FF", "6982") // the authority's certificate stays
	if !bytes.Equal(read(t, c, 0x000A, 4096), old) {
		t.Error("the certificate is new before ACTIVATE")
	}
	permit := func(cert []byte) string {
		k, d := sha256.Sum256(n), sha256.Sum256(cert)
		return "0044000030" + hex.EncodeToString(append(make([]byte, 16), mac(s, "madoguchi card activate", bond, k[:], d[:])...)) + "00"
	}
	says(t, c, permit(cert[:299]), "6300") // another certificate
	says(t, c, permit(cert), "9000")

	// A new program finds it all.
	data, err := json.Marshal(c.State())
	if err != nil {
		t.Fatal(err)
	}
	var st simcard.State
	if err := json.Unmarshal(data, &st); err != nil {
		t.Fatal(err)
	}
	if err := sample(t, "adult").Restore(st); err == nil {
		t.Error("a card without an issuer took what an issuer has written")
	}
	d, _ := issued(t, "adult")
	if err := d.Restore(st); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d.State(), c.State()) {
		t.Error("the restored card is another")
	}
	if got := read(t, d, 0x000A, 4096); !bytes.Equal(got, cert) {
		t.Errorf("certificate of %d bytes, want the %d written", len(got), len(cert))
	}
	says(t, d, "00200098", "63C3")
	says(t, d, "002000980431323334", "9000")
	sum := sha256.Sum256([]byte("x"))
	sig := says(t, d, "802A029720"+hex.EncodeToString(sum[:])+"00", "9000")
	pub := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], sig); err != nil {
		t.Errorf("the new key does not sign: %v", err)
	}
}
