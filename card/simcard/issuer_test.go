// SPDX-License-Identifier: Apache-2.0

package simcard_test

import (
	"bytes"
	"crypto"
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

// authenticate proves the issuer to the card.
func authenticate(t testing.TB, c *simcard.Card, s simcard.Spec) {
	t.Helper()
	ch := says(t, c, "0084000010", "9000")
	says(t, c, "0082000020"+hex.EncodeToString(simcard.Cryptogram(simcard.IssuerKey(s), ch)), "9000")
}

// TestIssuerReset: a locked PIN gets its tries back, with and without a new value.
func TestIssuerReset(t *testing.T) {
	c, s := issued(t, "locked")
	says(t, c, jpki, "9000")
	says(t, c, login, "9000")
	for _, cmd := range []string{"002C0380", "002C02800430303030", "0046008000", "00D6000001FF"} {
		says(t, c, cmd, "6982") // nobody has proved anything
	}
	authenticate(t, c, s)
	says(t, c, "002C028003303030", "6A80")
	says(t, c, "002C0280", "6700")
	says(t, c, "002C008004"+"30303030", "6A86")
	says(t, c, "002C0380", "9000")
	says(t, c, ask, "63C3")
	says(t, c, "002000800431323334", "9000")
	says(t, c, "002C02800435363738", "9000")
	if c.Verified(card.KindLogin) {
		t.Error("the PIN is verified after its reset")
	}
	says(t, c, "002000800435363738", "9000")
}

// TestIssuerProof: what does not prove an issuer, and what ends a proof.
func TestIssuerProof(t *testing.T) {
	c, s := issued(t, "adult")
	key := simcard.IssuerKey(s)
	answer := func(key, ch []byte) string {
		return "0082000020" + hex.EncodeToString(simcard.Cryptogram(key, ch))
	}
	says(t, c, jpki, "9000")
	says(t, c, login, "9000")
	says(t, c, answer(key, nil), "6985") // no challenge
	ch := says(t, c, "0084000004", "9000")
	says(t, c, answer(key, ch), "6985") // too short
	other := s
	other.Seed++
	ch = says(t, c, "0084000010", "9000")
	says(t, c, answer(simcard.IssuerKey(other), ch), "6300")
	says(t, c, answer(key, ch), "6985") // a challenge is good once
	ch = says(t, c, "0084000010", "9000")
	says(t, c, ask, "63C3")
	says(t, c, answer(key, ch), "6985") // and only at once
	for _, end := range []func(){
		func() { says(t, c, jpki, "9000") },
		func() { c.PowerOff(); c.Reset(false); says(t, c, jpki, "9000") },
		func() {
			says(t, c, "0084000010", "9000")
			says(t, c, "0082000020"+hex.EncodeToString(make([]byte, 32)), "6300")
		},
	} {
		authenticate(t, c, s)
		end()
		says(t, c, login, "9000")
		says(t, c, "002C0380", "6982")
	}
}

// TestIssuerRenewal: a new key and a new certificate, kept without power, the
// same on every machine.
func TestIssuerRenewal(t *testing.T) {
	c, s := issued(t, "adult")
	says(t, c, jpki, "9000")
	authenticate(t, c, s)
	says(t, c, "00A4020C020017", "9000")
	n := says(t, c, "0046008000", "9000")
	again, s2 := issued(t, "adult")
	says(t, again, jpki, "9000")
	authenticate(t, again, s2)
	says(t, again, "00A4020C020017", "9000")
	if !bytes.Equal(n, says(t, again, "0046008000", "9000")) {
		t.Error("the same card makes another key")
	}
	if bytes.Equal(n, says(t, again, "0046008000", "9000")) {
		t.Error("the second key is the first again")
	}
	says(t, c, "00A4020C020018", "9000")
	says(t, c, "0046008000", "6981") // no key file

	cert := bytes.Repeat([]byte{0x30, 0x82, 0x01}, 100)
	says(t, c, "00A4020C02000A", "9000")
	says(t, c, "00D6000180"+hex.EncodeToString(cert[:128]), "6B00") // begins at 0
	says(t, c, "00D6000080"+hex.EncodeToString(cert[:128]), "9000")
	says(t, c, "00D6008080"+hex.EncodeToString(cert[128:256]), "9000")
	says(t, c, "00D601002C"+hex.EncodeToString(cert[256:]), "9000")
	says(t, c, "00A4020C020002", "9000")
	says(t, c, "00D6000001FF", "6982") // the authority's certificate stays

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
