// SPDX-License-Identifier: Apache-2.0

package enrol_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/sync/enrol"
)

var day = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// city is an authority.
type city struct {
	key ed25519.PrivateKey
	ca  *x509.Certificate
}

func newCity(t testing.TB) city {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "city"}, NotBefore: day, NotAfter: day.AddDate(20, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return city{key, ca}
}

func (c city) certify(t testing.TB, name string, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: day, NotAfter: day.AddDate(0, 0, 7)}, c.ca, public, c.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (c city) file(t testing.TB, device string) enrol.File {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return enrol.File{Serial: strings.Repeat("0f", 16), City: "nabari", Device: device, Office: "g01", Broker: "tls://mqtt:8883", Authority: c.ca.Raw, Root: []byte(`{"root":1}`),
		Certificate: c.certify(t, device, public), Key: der, NotBefore: day, Expires: day.AddDate(0, 0, 7)}
}

func unused(string) bool { return false }

func TestFile(t *testing.T) {
	home, other := newCity(t), newCity(t)
	f := home.file(t, "box-1")
	raw, err := f.Seal(home.key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := enrol.Open(raw, day, true, unused)
	if err != nil {
		t.Fatal(err)
	}
	f.Schema = got.Schema
	if d := cmp.Diff(f, got); d != "" {
		t.Errorf("sealed and opened it is another (-want +got):\n%s", d)
	}
	p := got.Print()
	if d := cmp.Diff(f.Print(), p); d != "" || len([]rune(p.Words[0])) != 3 || len(p.Hex) != 9 {
		t.Errorf("print %+v\n%s", p, d)
	}
	if _, err := f.Seal(other.key); err == nil {
		t.Error("sealed by a key that is not the authority's")
	}
	for name, c := range map[string]struct {
		change func() ([]byte, time.Time, bool, func(string) bool)
		want   error
	}{
		"used before": {func() ([]byte, time.Time, bool, func(string) bool) {
			return raw, day, true, func(s string) bool { return s == f.Serial }
		}, enrol.ErrUsed},
		"expired": {func() ([]byte, time.Time, bool, func(string) bool) { return raw, day.AddDate(0, 0, 8), true, unused }, enrol.ErrExpired},
		"a bit turned": {func() ([]byte, time.Time, bool, func(string) bool) {
			b := bytes.Clone(raw)
			b[len(b)/2] ^= 1
			return b, day, true, unused
		}, enrol.ErrForged},
		"cut":   {func() ([]byte, time.Time, bool, func(string) bool) { return raw[:len(raw)/2], day, true, unused }, enrol.ErrForged},
		"empty": {func() ([]byte, time.Time, bool, func(string) bool) { return nil, day, true, unused }, enrol.ErrForged},
		"endless": {func() ([]byte, time.Time, bool, func(string) bool) {
			return make([]byte, enrol.MaxFile+1), day, true, unused
		}, enrol.ErrForged},
		"another's first certificate": {func() ([]byte, time.Time, bool, func(string) bool) {
			g := f
			g.Certificate = other.certify(t, "box-1", other.key.Public())
			b, err := g.Seal(home.key)
			if err != nil {
				t.Fatal(err)
			}
			return b, day, true, unused
		}, enrol.ErrForged},
		"for another device": {func() ([]byte, time.Time, bool, func(string) bool) {
			g := f
			g.Certificate = home.certify(t, "box-2", home.key.Public())
			b, err := g.Seal(home.key)
			if err != nil {
				t.Fatal(err)
			}
			return b, day, true, unused
		}, enrol.ErrForged},
	} {
		t.Run(name, func(t *testing.T) {
			b, now, trusted, used := c.change()
			if _, err := enrol.Open(b, now, trusted, used); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if _, err := enrol.Open(raw, day.AddDate(9, 0, 0), false, unused); err != nil {
		t.Errorf("by a clock that is not believed nothing expires: %v", err)
	}
	// Somebody swaps the file for one of their own authority: everything fits but the words.
	g := other.file(t, "box-1")
	swapped, err := g.Seal(other.key)
	if err != nil {
		t.Fatal(err)
	}
	h, err := enrol.Open(swapped, day, true, unused)
	if err != nil {
		t.Fatal(err)
	}
	if h.Print().Words == p.Words {
		t.Error("two authorities have the same words")
	}
}

func TestFileRefused(t *testing.T) {
	home := newCity(t)
	for name, change := range map[string]func(*enrol.File){
		"no office":            func(f *enrol.File) { f.Office = "" },
		"no root":              func(f *enrol.File) { f.Root = nil },
		"a path as device":     func(f *enrol.File) { f.Device = "../x" },
		"a short serial":       func(f *enrol.File) { f.Serial = "1" },
		"times the wrong way":  func(f *enrol.File) { f.Expires = f.NotBefore },
		"a code without label": func(f *enrol.File) { f.Clerk = "$argon2id$" },
		"a gateway elsewhere":  func(f *enrol.File) { f.Network = enrol.Network{Address: "192.0.2.7/24", Gateway: "198.51.100.1"} },
		"a gateway alone":      func(f *enrol.File) { f.Network.Gateway = "192.0.2.1" },
		"no address at all":    func(f *enrol.File) { f.Network = enrol.Network{Address: "192.0.2.7", Gateway: "192.0.2.1"} },
		"a name server by name": func(f *enrol.File) {
			f.Network = enrol.Network{Address: "192.0.2.7/24", Gateway: "192.0.2.1", DNS: []string{"dns"}}
		},
	} {
		f := home.file(t, "box-1")
		change(&f)
		if _, err := f.Seal(home.key); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

func TestRequest(t *testing.T) {
	home := newCity(t)
	f := home.file(t, "box-1")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := enrol.CodeKey("123-456-7890", f.Serial)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "123456789", "12345678901", "12345x7890", "１２３４５６７８９０"} {
		if _, err := enrol.CodeKey(bad, f.Serial); err == nil {
			t.Errorf("code %q was taken", bad)
		}
	}
	if again, err := enrol.CodeKey("1234567890", f.Serial); err != nil || !bytes.Equal(again, secret) {
		t.Error("separators count")
	}
	req, err := enrol.First(f, secret, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := req.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, csr, err := enrol.ParseRequest(raw, "box-1")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(req, back); d != "" || !key.PublicKey.Equal(csr.PublicKey) {
		t.Errorf("request (-want +got):\n%s", d)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := enrol.First(f, secret, p384)
	if err != nil {
		t.Fatal(err)
	}
	oddRaw, err := odd.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw    []byte
		device string
	}{
		"of another device": {raw, "box-2"}, "another curve": {oddRaw, "box-1"}, "cut": {raw[:40], "box-1"}, "twice": {append(bytes.Clone(raw), raw...), "box-1"},
		"endless": {make([]byte, enrol.MaxMessage+1), "box-1"}, "an unknown field": {bytes.Replace(raw, []byte(`{"s"`), []byte(`{"x":1,"s"`), 1), "box-1"},
	} {
		if _, _, err := enrol.ParseRequest(c.raw, c.device); err == nil {
			t.Errorf("%s: taken", name)
		}
	}

	// The box takes no certificate but its own.
	good := home.certify(t, "box-1", &key.PublicKey)
	for name, c := range map[string]struct {
		a  enrol.Answer
		at time.Time
		ok bool
	}{
		"its own":              {enrol.NewAnswer(req, enrol.OK, good), day.Add(time.Hour), true},
		"to another request":   {enrol.NewAnswer(odd, enrol.OK, good), day.Add(time.Hour), false},
		"a refusal":            {enrol.NewAnswer(req, enrol.WrongCode, nil), day.Add(time.Hour), false},
		"of another authority": {enrol.NewAnswer(req, enrol.OK, newCity(t).certify(t, "box-1", &key.PublicKey)), day.Add(time.Hour), false},
		"for another name":     {enrol.NewAnswer(req, enrol.OK, home.certify(t, "box-2", &key.PublicKey)), day.Add(time.Hour), false},
		"for another key":      {enrol.NewAnswer(req, enrol.OK, home.certify(t, "box-1", &p384.PublicKey)), day.Add(time.Hour), false},
		"the authority itself": {enrol.NewAnswer(req, enrol.OK, home.ca.Raw), day.Add(time.Hour), false},
		"expired":              {enrol.NewAnswer(req, enrol.OK, good), day.AddDate(1, 0, 0), false},
		"nothing":              {enrol.NewAnswer(req, enrol.OK, nil), day, false},
	} {
		text, err := c.a.Encode()
		if err != nil {
			t.Fatal(err)
		}
		a, err := enrol.ParseAnswer(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.CertificateFor(req, "box-1", &key.PublicKey, home.ca, c.at, true); (err == nil) != c.ok {
			t.Errorf("%s: %v, want it taken: %v", name, err, c.ok)
		}
	}

	next, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	renew, err := enrol.Renew("box-1", key, next)
	if err != nil {
		t.Fatal(err)
	}
	if !renew.SignedBy(&key.PublicKey) || renew.SignedBy(&next.PublicKey) || renew.SignedBy(home.key.Public()) {
		t.Error("a renewal is signed by the old key and no other")
	}
}

// FuzzFile: whatever bytes lie on the partition, Open takes what an authority has sealed or nothing.
func FuzzFile(f *testing.F) {
	home := newCity(f)
	raw, err := home.file(f, "box-1").Seal(home.key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"payload":"e30="}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := enrol.Open(b, day, true, unused)
		if err != nil {
			return
		}
		text, err := json.Marshal(got)
		if err != nil || len(text) == 0 || got.Device == "" {
			t.Errorf("taken: %s, %v", text, err)
		}
	})
}

func ExampleFile_Print() {
	f := enrol.File{City: "nabari", Device: "box-1", Serial: strings.Repeat("0", 32)}
	p := f.Print()
	fmt.Println(strings.Join(p.Words[:], " "), p.Hex)
	// Output: ひはさ つつな しつた ba3668465
}
