// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/pgtest"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/enrol"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// hall is a registrar over a real database, with a clock of the test's.
type hall struct {
	*testing.T
	db  *store.Store
	reg *Registrar
	ca  *x509.Certificate
	now time.Time
}

func both(t *testing.T, test func(h *hall)) {
	for name, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "cityhall.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			h := &hall{T: t, now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
			clock := func() time.Time { return h.now }
			var err error
			if h.db, err = store.Open(t.Context(), dsn(t), store.Opts{DigestKey: []byte(strings.Repeat("k", 32)), Now: clock}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { h.db.Close() })
			_, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			der, err := NewAuthority("nabari", key, h.now)
			if err != nil {
				t.Fatal(err)
			}
			if h.ca, err = x509.ParseCertificate(der); err != nil {
				t.Fatal(err)
			}
			if h.reg, err = New(der, key, h.db, clock); err != nil {
				t.Fatal(err)
			}
			test(h)
		})
	}
}

func (h *hall) key() *ecdsa.PrivateKey {
	h.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	return k
}

// provision writes a file and opens it as its box does.
func (h *hall) provision(device string) (enrol.File, string) {
	h.Helper()
	raw, _, code, err := h.reg.Provision(h.Context(), enrol.File{City: "nabari", Device: device, Office: "g01", Broker: "tls://mqtt:8883", Root: []byte("{}")}, 7*24*time.Hour)
	if err != nil {
		h.Fatal(err)
	}
	f, err := enrol.Open(raw, h.now, true, func(string) bool { return false })
	if err != nil {
		h.Fatal(err)
	}
	return f, code
}

func (h *hall) first(f enrol.File, code string, key *ecdsa.PrivateKey) enrol.Request {
	h.Helper()
	secret, err := enrol.CodeKey(code, f.Serial)
	if err != nil {
		h.Fatal(err)
	}
	r, err := enrol.First(f, secret, key)
	if err != nil {
		h.Fatal(err)
	}
	return r
}

// answer sends a request, and gives what came back.
func (h *hall) answer(device string, r enrol.Request) enrol.Answer {
	h.Helper()
	raw, err := r.Encode()
	if err != nil {
		h.Fatal(err)
	}
	text, err := h.reg.Handle(h.Context(), device, raw)
	if err != nil {
		h.Fatal(err)
	}
	a, err := enrol.ParseAnswer(text)
	if err != nil {
		h.Fatal(err)
	}
	return a
}

// ask sends a request and takes its answer as the box does.
func (h *hall) ask(device string, r enrol.Request, key *ecdsa.PrivateKey, want enrol.Code) *x509.Certificate {
	h.Helper()
	a := h.answer(device, r)
	if a.Code != want {
		h.Errorf("code %q, want %q", a.Code, want)
	}
	if a.Code == enrol.BadRequest {
		return nil
	}
	cert, err := a.CertificateFor(r, device, &key.PublicKey, h.ca, h.now, true)
	var refused *enrol.RefusedError
	if (want == enrol.OK) != (err == nil) || err != nil && !errors.As(err, &refused) {
		h.Errorf("%v", err)
	}
	return cert
}

// TestEnrol: one file, one code, one certificate; and everything else that is tried with it.
func TestEnrol(t *testing.T) { both(t, testEnrol) }

func testEnrol(h *hall) {
	f, code := h.provision("box-1")
	wrong := "000-000-0000"
	if code == wrong {
		wrong = "000-000-0001"
	}
	key, thief := h.key(), h.key()
	h.ask("box-1", h.first(f, wrong, thief), thief, enrol.WrongCode)
	h.ask("box-2", h.first(f, code, thief), thief, enrol.BadRequest) // from another connection
	g := f
	g.Serial = strings.Repeat("ab", 16)
	h.ask("box-1", h.first(g, code, thief), thief, enrol.Unknown)
	cert := h.ask("box-1", h.first(f, code, key), key, enrol.OK)
	if cert.NotAfter.Before(h.now.AddDate(1, 11, 0)) {
		h.Errorf("until %s, want two years", cert.NotAfter)
	}
	again := h.ask("box-1", h.first(f, code, key), key, enrol.OK) // the answer was lost
	if !again.Equal(cert) {
		h.Error("the same request got another certificate")
	}
	h.ask("box-1", h.first(f, code, thief), thief, enrol.UsedUp)
	// The certificate of the file is worth nothing any more.
	if !h.revoked()[mustCert(h, f.Certificate).SerialNumber.Text(16)] || h.revoked()[cert.SerialNumber.Text(16)] {
		h.Errorf("revoked: %v; want the file's certificate alone", h.revoked())
	}
	if _, _, _, err := h.reg.Provision(h.Context(), f, time.Hour); !errors.Is(err, store.ErrStale) {
		h.Errorf("an id was given twice: %v", err)
	}
}

// TestGuess: five wrong codes use the file up; so does its day.
func TestGuess(t *testing.T) { both(t, testGuess) }

func testGuess(h *hall) {
	f, code := h.provision("box-1")
	wrong := strings.Map(func(r rune) rune {
		if r == '-' {
			return r
		}
		return '0' + (r-'0'+1)%10
	}, code)
	key := h.key()
	for range MaxMisses {
		h.ask("box-1", h.first(f, wrong, key), key, enrol.WrongCode)
	}
	h.ask("box-1", h.first(f, code, key), key, enrol.UsedUp)
	late, code := h.provision("box-2")
	h.now = h.now.AddDate(0, 0, 8)
	h.ask("box-2", h.first(late, code, key), key, enrol.TooLate)
}

// TestRenew: by the old key, after half of its life; not after it was revoked.
func TestRenew(t *testing.T) { both(t, testRenew) }

func testRenew(h *hall) {
	f, code := h.provision("box-1")
	key, next, thief := h.key(), h.key(), h.key()
	cert := h.ask("box-1", h.first(f, code, key), key, enrol.OK)
	renew := func(old, to *ecdsa.PrivateKey) enrol.Request {
		r, err := enrol.Renew("box-1", old, to)
		if err != nil {
			h.Fatal(err)
		}
		return r
	}
	h.ask("box-1", renew(key, next), next, enrol.TooEarly)
	h.now = enrol.RenewAt(cert).Add(time.Minute)
	h.ask("box-1", renew(thief, next), next, enrol.Unknown)
	second := h.ask("box-1", renew(key, next), next, enrol.OK)
	if !second.NotAfter.After(cert.NotAfter) {
		h.Errorf("renewed until %s, before until %s", second.NotAfter, cert.NotAfter)
	}
	// By the key of the file, which lay on a card: nobody renews by that.
	private, err := x509.ParsePKCS8PrivateKey(f.Key)
	if err != nil {
		h.Fatal(err)
	}
	stolen, err := enrol.Renew("box-1", private.(ed25519.PrivateKey), thief)
	if err != nil {
		h.Fatal(err)
	}
	h.ask("box-1", stolen, thief, enrol.Revoked)
	if err := h.db.RevokeBox(h.Context(), "box-1", h.now); err != nil {
		h.Fatal(err)
	}
	h.now = enrol.RenewAt(second).Add(time.Minute)
	h.ask("box-1", renew(next, thief), thief, enrol.Revoked)
	h.ask("box-1", renew(next, next), next, enrol.Revoked)
	if n := len(h.revoked()); n < 1 {
		h.Errorf("%d revoked", n)
	}
	if err := h.db.RevokeBox(h.Context(), "box-1", h.now); !errors.Is(err, store.ErrStale) {
		h.Errorf("revoked twice: %v", err)
	}
}

// TestOldFile: a file of before the box was revoked brings nobody in.
func TestOldFile(t *testing.T) { both(t, testOldFile) }

func testOldFile(h *hall) {
	f, code := h.provision("box-1")
	if err := h.db.RevokeBox(h.Context(), "box-1", h.now); err != nil {
		h.Fatal(err)
	}
	key := h.key()
	h.ask("box-1", h.first(f, code, key), key, enrol.UsedUp)
}

func mustCert(h *hall, der []byte) *x509.Certificate {
	h.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		h.Fatal(err)
	}
	return c
}

// revoked are the serials of the list, which must be the authority's.
func (h *hall) revoked() map[string]bool {
	h.Helper()
	text, err := h.reg.Revoked(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	block, _ := pem.Decode(text)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		h.Fatal(err)
	}
	if err := list.CheckSignatureFrom(h.ca); err != nil {
		h.Error(err)
	}
	out := map[string]bool{}
	for _, e := range list.RevokedCertificateEntries {
		out[e.SerialNumber.Text(16)] = true
	}
	return out
}
