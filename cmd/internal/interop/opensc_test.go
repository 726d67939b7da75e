// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/card"
)

// TestOpenSCTool: the card is recognised, by application and not by its answer
// to reset, and obeys commands typed by hand.
func TestOpenSCTool(t *testing.T) {
	c := sample(t, "adult")
	inserted(t, c)
	tool(t, nil, "opensc-tool", "--list-readers").ok("Virtual PCD 00 00", "Virtual PCD 00 01")
	tool(t, nil, "opensc-tool", "--reader", "0", "--atr").ok("3b:e0:00:ff:81:31:fe:45:14")
	tool(t, nil, "opensc-tool", "--reader", "0", "--name").ok("jpki")

	// OpenSC cannot change this card's PIN; by hand it is three commands.
	const jpki, login = "00A4040C0AD392F000260100000001", "00A4020C020018"
	raw := func(apdus ...string) result {
		args := []string{"--reader", "0"}
		for _, a := range apdus {
			args = append(args, "-s", a)
		}
		return tool(t, nil, "opensc-tool", args...).ok()
	}
	raw(jpki, login, "00200080", "002000800431323334", "002401800435363738").says("(SW1=0x63, SW2=0xC3)", "(SW1=0x90, SW2=0x00)")
	tool(t, nil, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "5678").ok()
	raw(jpki, login, "0020008000").says("(SW1=0x67, SW2=0x00)")
	raw(jpki, login, "002000800430303030", "002000800430303030", "002000800430303030", "002000800430303030", "00200080").
		says("(SW1=0x63, SW2=0xC2)", "(SW1=0x63, SW2=0xC0)", "(SW1=0x69, SW2=0x84)")
	if n := c.Left(card.KindLogin); n != 0 {
		t.Errorf("%d tries left, want 0", n)
	}
	tool(t, nil, "pkcs15-tool", "--list-pins").ok("Tries left     : 0")
}

// TestContactless: the other answer to reset is recognised too.
func TestContactless(t *testing.T) {
	c := sample(t, "adult")
	inserted(t, contactless{c})
	tool(t, nil, "opensc-tool", "--reader", "0", "--name").ok("jpki")
}

// TestPKCS15: pins, certificates and a PIN that is wrong, right, locked.
func TestPKCS15(t *testing.T) {
	s := inserted(t, sample(t, "adult"))
	tool(t, nil, "pkcs15-tool", "--list-pins").ok("User Authentication PIN", "Digital Signature PIN", "Tries left     : 3", "Tries left     : 5")
	tool(t, nil, "pkcs15-tool", "--dump").ok("JPKI", "User Authentication Certificate", "Digital Signature Certificate")
	tool(t, nil, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "9999").fails("PIN code or key incorrect")
	tool(t, nil, "pkcs15-tool", "--list-pins").ok("Tries left     : 2")
	tool(t, nil, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "1234").ok()
	tool(t, nil, "pkcs15-tool", "--list-pins").ok("Tries left     : 3")
	tool(t, nil, "pkcs15-tool", "--verify-pin", "--auth-id", "02", "--pin", "ABC123").ok()

	dir := t.TempDir()
	pem := func(id string, args ...string) string {
		r := tool(t, nil, "pkcs15-tool", append([]string{"--read-certificate", id}, args...)...).ok("BEGIN CERTIFICATE")
		path := filepath.Join(dir, id+".pem")
		if err := os.WriteFile(path, r.std, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	auth, authCA, signCA := pem("01"), pem("03"), pem("04")
	sign := pem("02", "--verify-pin", "--auth-id", "02", "--pin", "ABC123")
	tool(t, nil, "pkcs15-tool", "--read-certificate", "02").fails() // without its PIN
	tool(t, nil, "openssl", "verify", "-attime", "1800000000", "-CAfile", authCA, auth).ok("OK")
	tool(t, nil, "openssl", "verify", "-attime", "1800000000", "-CAfile", signCA, sign).ok("OK")
	tool(t, nil, "openssl", "verify", "-attime", "1800000000", "-CAfile", signCA, auth).fails()
	tool(t, nil, "openssl", "x509", "-in", auth, "-noout", "-text").ok("O = MADOGUCHI-TEST", "TLS Web Client Authentication")

	s.remove()
	inserted(t, sample(t, "locked"))
	tool(t, nil, "pkcs15-tool", "--list-pins").ok("Tries left     : 0")
	tool(t, nil, "pkcs15-tool", "--verify-pin", "--auth-id", "01", "--pin", "1234").fails()
}

// TestSign: pkcs15-crypt and pkcs11-tool sign with both keys, openssl agrees.
func TestSign(t *testing.T) {
	inserted(t, sample(t, "adult"))
	message := []byte("窓口の試し\n")
	msg := file(t, "message", message)
	digest := sha256.Sum256(message)
	dir := t.TempDir()
	for _, r := range []struct{ name, id, pin, slot string }{
		{"login key", "01", "1234", "0"},
		{"signing key", "02", "ABC123", "1"},
	} {
		t.Run(r.name, func(t *testing.T) {
			cert := tool(t, nil, "pkcs15-tool", "--read-certificate", r.id, "--verify-pin", "--auth-id", r.id, "--pin", r.pin).ok()
			key := tool(t, cert.std, "openssl", "x509", "-noout", "-pubkey").ok("BEGIN PUBLIC KEY")
			pub := file(t, "key.pem", key.std)
			sig := filepath.Join(dir, "15-"+r.id)
			tool(t, nil, "pkcs15-crypt", "--sign", "--key", r.id, "--sha-256", "--pkcs1", "--pin", r.pin,
				"--input", file(t, "digest", digest[:]), "--output", sig, "--raw").ok()
			tool(t, nil, "openssl", "dgst", "-sha256", "-verify", pub, "-signature", sig, msg).ok("Verified OK")

			sig = filepath.Join(dir, "11-"+r.id)
			tool(t, nil, "pkcs11-tool", "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", r.id, "--slot-index", r.slot,
				"--login", "--pin", r.pin, "--input-file", msg, "--output-file", sig).ok()
			tool(t, nil, "openssl", "dgst", "-sha256", "-verify", pub, "-signature", sig, msg).ok("Verified OK")
			tool(t, nil, "openssl", "dgst", "-sha256", "-verify", pub, "-signature", sig, file(t, "other", []byte("x"))).fails("Verification failure")
		})
	}
}

// TestPKCS11: its own test of a card ends without an error for both PINs.
func TestPKCS11(t *testing.T) {
	inserted(t, sample(t, "adult"))
	tool(t, nil, "pkcs11-tool", "--list-slots").ok("User Authentication PIN", "Digital Signature PIN")
	tool(t, nil, "pkcs11-tool", "--list-objects").ok("User Authentication Certificate")
	tool(t, nil, "pkcs11-tool", "--list-mechanisms").ok("SHA256-RSA-PKCS")
	for _, r := range []struct{ slot, pin string }{{"0", "1234"}, {"1", "ABC123"}} {
		out := tool(t, nil, "pkcs11-tool", "--test", "--login", "--pin", r.pin, "--slot-index", r.slot).ok("No errors").out
		if strings.Contains(out, "ERR") {
			t.Errorf("slot %s:\n%s", r.slot, out)
		}
	}
	tool(t, nil, "pkcs11-tool", "--login", "--slot-index", "1", "--pin", "ABC123", "--list-objects").ok("Digital Signature Certificate")
	tool(t, nil, "pkcs11-tool", "--login", "--slot-index", "0", "--pin", "9999", "--list-objects").fails("CKR_PIN_INCORRECT")
	// OpenSC refuses by itself to change this card's PIN: nothing is lost by it.
	tool(t, nil, "pkcs11-tool", "--login", "--slot-index", "0", "--pin", "1234", "--change-pin", "--new-pin", "5678").fails("CKR_FUNCTION_NOT_SUPPORTED")
	tool(t, nil, "pkcs15-tool", "--list-pins").ok("Tries left     : 3")
}

// TestOtherCards: what is no My Number Card is no jpki card to OpenSC either.
func TestOtherCards(t *testing.T) {
	inserted(t, sample(t, "driving_licence"))
	if out := tool(t, nil, "opensc-tool", "--reader", "0", "--name").out; strings.Contains(out, "jpki") {
		t.Errorf("a driving licence is taken for a My Number Card:\n%s", out)
	}
}
