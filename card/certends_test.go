// SPDX-License-Identifier: Apache-2.0

package card

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// issued makes certificates with names and serial numbers of many lengths.
func issued(t testing.TB) (out [][]byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		serial *big.Int
		issuer string
		ends   time.Time
	}{
		{big.NewInt(1), "A", time.Date(2030, 1, 15, 14, 59, 59, 0, time.UTC)},
		{big.NewInt(0x01020304), "Japan Agency for Local Authority Information Systems", time.Date(2049, 12, 31, 14, 59, 59, 0, time.UTC)},
		{new(big.Int).Lsh(big.NewInt(1), 150), strings.Repeat("B", 90), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)},
		{big.NewInt(2), strings.Repeat("窓", 300), time.Date(2099, 6, 30, 15, 0, 0, 0, time.UTC)},
	} {
		parent := &x509.Certificate{Subject: pkix.Name{Country: []string{"JP"}, Organization: []string{c.issuer}, OrganizationalUnit: []string{c.issuer}}}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: c.serial, NotBefore: c.ends.AddDate(-5, 0, 0), NotAfter: c.ends,
			Subject: pkix.Name{CommonName: "FAKE"}}, parent, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, der)
	}
	return out
}

// TestNotAfter: from the first bytes the same end as crypto/x509 finds in all of
// them, and until there are enough of them a larger number that is needed.
func TestNotAfter(t *testing.T) {
	for i, der := range issued(t) {
		whole, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n <= len(der); n++ {
			end, err := notAfter(der[:n:n])
			var want needs
			switch {
			case err == nil && !end.Equal(whole.NotAfter):
				t.Errorf("certificate %d, %d bytes: ends %v, want %v", i, n, end, whole.NotAfter)
			case err == nil:
			case !errors.As(err, &want) || int(want) <= n || int(want) > len(der):
				t.Fatalf("certificate %d, %d bytes: %v", i, n, err)
			}
		}
		// As a card is read: few steps, and not a byte behind the date.
		steps, have := 0, 0
		for {
			_, err := notAfter(der[:have])
			var want needs
			if !errors.As(err, &want) {
				break
			}
			steps, have = steps+1, int(want)
		}
		if subject := strings.Index(string(der), "FAKE"); have > subject || steps > 8 {
			t.Errorf("certificate %d: %d steps, %d bytes, the holder's name begins at %d", i, steps, have, subject)
		}
	}
}

func TestNotAfterOdd(t *testing.T) {
	good := issued(t)[1]
	for name, b := range map[string][]byte{
		"text": []byte("MADOGUCHI-TEST"), "filler": {0xFF, 0xFF, 0xFF, 0xFF}, "zeros": make([]byte, 64), "endless length": {0x30, 0x80, 0x30, 0x80},
		"three bytes of length": {0x30, 0x83, 0x00, 0x05, 0x00}, "length written too long": {0x30, 0x82, 0x00, 0x7F}, "empty": {0x30, 0x00},
		"child longer than parent": {0x30, 0x06, 0x30, 0x7F, 0xA0, 0x03, 0x02, 0x01}, "64 KiB": {0x30, 0x82, 0xFF, 0xFF},
		"wrong tag": append([]byte{0x31}, good[1:]...),
	} {
		if end, err := notAfter(b); !errors.Is(err, errDER) {
			t.Errorf("%s: ends %v, error %v", name, end, err)
		}
	}
}

// FuzzNotAfter: what crypto/x509 takes for a certificate has the same end here;
// what ends here begins as it says; and more is asked for only where there is
// more, so that reading a card comes to an end.
func FuzzNotAfter(f *testing.F) {
	for _, der := range issued(f) {
		f.Add(der)
		f.Add(der[:170])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		end, err := notAfter(b)
		var want needs
		if errors.As(err, &want) && (int(want) <= len(b) || int(want) > maxCert) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
		whole, xerr := x509.ParseCertificate(b)
		if xerr == nil && len(b) <= maxCert && (err != nil || !end.Equal(whole.NotAfter)) {
			t.Errorf("crypto/x509 reads an end of %v, here %v, %v", whole.NotAfter, end, err)
		}
		if err == nil {
			for cut := range len(b) {
				if e, err := notAfter(b[:cut]); err == nil && !e.Equal(end) {
					t.Errorf("%d of %d bytes end %v, all of them %v", cut, len(b), e, end)
				}
			}
		}
	})
}
