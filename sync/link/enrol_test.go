// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"madoguchi/sync/enrol"
	"madoguchi/sync/wall"

	mochi "github.com/mochi-mqtt/server/v2"
)

// certify gives a certificate over a span around now.
func (a *authority) certify(name string, public crypto.PublicKey, from, to time.Duration) *x509.Certificate {
	a.t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(a.t, err)
	now := time.Now()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: n, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(from), NotAfter: now.Add(to),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, a.cert, public, a.key)
	must(a.t, err)
	c, err := x509.ParseCertificate(der)
	must(a.t, err)
	return c
}

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return key
}

// fleetOf answers requests for certificates at a broker; give says how.
func fleetOf(t testing.TB, s *mochi.Server, give func(enrol.Request, *x509.CertificateRequest) enrol.Answer) {
	topics := NewTopics("nabari", "box-1")
	up := listenTo(t, s, topics.EnrolUp, 77)
	go func() {
		for p := range up {
			req, csr, err := enrol.ParseRequest(p.Payload, "box-1")
			if err != nil {
				t.Errorf("the fleet got: %v", err)
				continue
			}
			text, err := give(req, csr).Encode()
			if err == nil {
				err = s.Publish(topics.EnrolDown, text, false, 1)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}()
}

// pinSide is the PIN side of a new box: it gives what it hears, and asks.
type pinSide struct {
	socket string
	words  chan enrol.Word
	states chan wall.LinkState
	ask    chan []byte
}

func newPINSide(t testing.TB) *pinSide {
	t.Helper()
	p := &pinSide{socket: filepath.Join(t.TempDir(), "wall.sock"), words: make(chan enrol.Word, 100), states: make(chan wall.LinkState, 100), ask: make(chan []byte, 10)}
	l, err := net.Listen("unix", p.socket)
	must(t, err)
	wl := wall.NewListener(l, os.Getuid(), wall.Opts{})
	t.Cleanup(func() { wl.Close() })
	go func() {
		for {
			c, err := wl.Accept()
			if err != nil {
				return
			}
			gone := make(chan struct{})
			go func() {
				for {
					select {
					case raw := <-p.ask:
						_ = c.Write(wall.Enrol, raw)
					case <-gone:
						return
					}
				}
			}()
			for {
				f, err := c.Read()
				if err != nil {
					break
				}
				switch f.Type {
				case wall.Enrol:
					w, err := enrol.ParseWord(f.Body)
					if err != nil {
						t.Error(err)
					}
					p.words <- w
				case wall.Link:
					if s, err := wall.DecodeLinkState(f.Body); err == nil {
						p.states <- s
					}
				}
			}
			close(gone)
			c.Close()
		}
	}()
	return p
}

// hears waits for a word.
func (p *pinSide) hears(t testing.TB, what string, want func(enrol.Word) bool) enrol.Word {
	t.Helper()
	for {
		if w := next(t, p.words); want(w) {
			return w
		}
	}
}

// up waits for a line with a certificate.
func (p *pinSide) up(t testing.TB, fingerprint string) {
	t.Helper()
	for {
		if s := next(t, p.states); s.State == wall.Up && s.Fingerprint == fingerprint {
			return
		}
	}
}

// TestEnrol: over TLS with the file's certificate, to one of the box's own, by which the line comes up afterwards. On the way: a request that somebody forged, one that is refused, an
// answer to another request; and a start in between, with which the key stays.
func TestEnrol(t *testing.T) {
	city := authorityOf(t, newKey(t))
	s, addr := startBroker(t, nil)
	front, _ := city.front(addr, 0)
	firstKey := newKey(t)
	der, err := x509.MarshalPKCS8PrivateKey(firstKey)
	must(t, err)
	f := enrol.File{Serial: strings.Repeat("0f", 16), City: "nabari", Device: "box-1", Office: "g07", Broker: "tls://" + front, Authority: city.cert.Raw, Root: []byte("{}"), Key: der,
		Certificate: city.certify("box-1", firstKey.Public(), -time.Hour, time.Hour).Raw, NotBefore: time.Now(), Expires: time.Now().Add(time.Hour)}
	sealed, err := f.Seal(city.key.(ed25519.PrivateKey))
	must(t, err)
	dir := t.TempDir()
	p := newPINSide(t)
	e := Enrolment{Dir: dir, Wall: p.socket}
	if _, err := Enrol(t.Context(), e, quick(nil)); !errors.Is(err, ErrNothing) {
		t.Fatalf("without a file: %v", err)
	}
	must(t, enrol.Folder(dir).Keep(enrol.FileName, sealed))

	asked := 0
	good := []byte("the right code's key")
	fleetOf(t, s, func(r enrol.Request, csr *x509.CertificateRequest) enrol.Answer {
		asked++
		if !bytes.Equal(r.Proof, enrol.CodeProof(good, r.CSR)) {
			a := enrol.NewAnswer(r, enrol.WrongCode, nil)
			a.Left = 4
			return a
		}
		return enrol.NewAnswer(r, enrol.OK, city.certify("box-1", csr.PublicKey, -time.Hour, 365*24*time.Hour).Raw)
	})

	// A start that is cut off: the key stays.
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { _, err := Enrol(ctx, e, quick(nil)); over <- err }()
	csr := p.hears(t, "a key", func(w enrol.Word) bool { return len(w.CSR) > 0 && w.Line == enrol.LineUp }).CSR
	cancel()
	if err := next(t, over); err == nil {
		t.Fatal("it ended without a certificate and without an error")
	}

	var cfg Config
	go func() {
		var err error
		cfg, err = Enrol(t.Context(), e, quick(nil))
		over <- err
	}()
	w := p.hears(t, "a line", func(w enrol.Word) bool { return len(w.CSR) > 0 && w.Line == enrol.LineUp })
	if !bytes.Equal(w.CSR, csr) {
		t.Error("another key after a start")
	}
	other, err := enrol.First(f, good, newKey(t)) // not for the box's key: never published
	must(t, err)
	for _, r := range []struct {
		key  []byte
		raw  enrol.Request
		want enrol.Code
	}{{key: []byte("wrong"), want: enrol.WrongCode}, {raw: other}, {key: good}} {
		if r.key != nil {
			r.raw, err = enrol.Ask(f, r.key, csr)
			must(t, err)
		}
		body, err := r.raw.Encode()
		must(t, err)
		p.ask <- body
		if r.want != enrol.OK {
			a, err := enrol.ParseAnswer(p.hears(t, "an answer", func(w enrol.Word) bool { return len(w.Answer) > 0 }).Answer)
			if must(t, err); a.Code != r.want || a.Left != 4 {
				t.Errorf("answer %+v", a)
			}
		}
	}
	must(t, next(t, over))
	if asked != 2 {
		t.Errorf("%d requests were published, want the wrong one and the right one", asked)
	}
	for _, gone := range []string{firstPair, nextKey} {
		if _, err := os.Stat(filepath.Join(dir, gone)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
	pair, err := readPair(enrol.Folder(dir), IdentityFile)
	must(t, err)
	cfg.Spread = 0
	start(t, cfg, quick(nil))
	if w := p.hears(t, "the certificate", func(w enrol.Word) bool { return len(w.Certificate) > 0 }); !bytes.Equal(w.Certificate, pair.Leaf.Raw) || cfg.Group != "g07" {
		t.Errorf("another certificate is told, or group %q", cfg.Group)
	}
	p.up(t, print(pair))
	if again, err := Enrol(t.Context(), e, quick(nil)); err != nil || again.Identity != dir { // the power went before the configuration was kept
		t.Errorf("once more: %+v, %v", again, err)
	}
}

// TestRenew: a box whose certificate is past half of its life gets the next over its line, goes on with it, and forgets the one before when a connection stands. A refusal changes nothing.
func TestRenew(t *testing.T) {
	city := authorityOf(t, newKey(t))
	s, addr := startBroker(t, nil)
	front, _ := city.front(addr, 0)
	dir, key := t.TempDir(), newKey(t)
	old := city.certify("box-1", key.Public(), -time.Hour, 30*time.Minute)
	text, err := pairText(old.Raw, key)
	must(t, err)
	must(t, enrol.Folder(dir).Keep(IdentityFile, text))
	given := make(chan *x509.Certificate, 10)
	fleetOf(t, s, func(r enrol.Request, csr *x509.CertificateRequest) enrol.Answer {
		if !r.SignedBy(old.PublicKey) || r.Serial != "" {
			return enrol.NewAnswer(r, enrol.Unknown, nil)
		}
		c := city.certify("box-1", csr.PublicKey, -time.Minute, 365*24*time.Hour)
		given <- c
		return enrol.NewAnswer(r, enrol.OK, c.Raw)
	})
	p := newPINSide(t)
	cfg := Config{Broker: "tls://" + front, City: "nabari", Device: "box-1", CAFile: filepath.Join(city.dir, "ca.pem"), Identity: dir, Wall: p.socket, DataDir: dir}
	stop := start(t, cfg, quick(nil))
	c := next(t, given)
	p.up(t, print(&tls.Certificate{Leaf: c}))
	if w := p.hears(t, "the new one", func(w enrol.Word) bool { return bytes.Equal(w.Certificate, c.Raw) }); w.Line != enrol.LineUp {
		t.Errorf("%+v", w)
	}
	stop()
	pair, err := readPair(enrol.Folder(dir), IdentityFile)
	if must(t, err); !pair.Leaf.Equal(c) {
		t.Error("the certificate that was given is not kept")
	}
	for _, gone := range []string{oldIdentity, nextKey} {
		if _, err := os.Stat(filepath.Join(dir, gone)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
	if len(given) > 0 {
		t.Errorf("%d more certificates were asked for", len(given))
	}
}

// cutDisk is a folder whose power goes before the n-th step.
type cutDisk struct {
	enrol.Folder
	left int
}

var errCut = errors.New("the power is cut")

func (d *cutDisk) Keep(name string, b []byte) error {
	if d.left--; d.left < 0 {
		return errCut
	}
	return d.Folder.Keep(name, b)
}

func (d *cutDisk) Erase(name string) error {
	if d.left--; d.left < 0 {
		return errCut
	}
	return d.Folder.Erase(name)
}

// TestRenewCut: the power goes before each step of a renewal. The box has a certificate with its key at any time, and the next try ends with a new key.
func TestRenewCut(t *testing.T) {
	city := authorityOf(t, newKey(t))
	for n := 0; ; n++ {
		dir, key := t.TempDir(), newKey(t)
		old := city.certify("box-1", key.Public(), -time.Hour, time.Hour)
		text, err := pairText(old.Raw, key)
		must(t, err)
		must(t, enrol.Folder(dir).Keep(IdentityFile, text))
		renew := func(disk enrol.Disk) error {
			i, err := openIdentity(disk, city.cert)
			if err != nil {
				return fmt.Errorf("no identity: %w", err)
			}
			next, err := drawn(disk, i.now.Leaf.PublicKey)
			if err != nil {
				return err
			}
			if next.Public().(ed25519.PublicKey).Equal(i.now.Leaf.PublicKey) {
				return errors.New("the next key is that of the certificate")
			}
			return i.renewed(city.certify("box-1", next.Public(), 0, 48*time.Hour), next)
		}
		err = renew(&cutDisk{enrol.Folder(dir), n})
		if err == nil {
			if n < 4 {
				t.Errorf("%d steps, want key, old, new, erasure", n)
			}
			t.Logf("%d cuts", n)
			return
		}
		if !errors.Is(err, errCut) {
			t.Fatalf("cut before step %d: %v", n, err)
		}
		if err := renew(enrol.Folder(dir)); err != nil {
			t.Errorf("cut before step %d, then: %v", n, err)
		}
	}
}

// TestLineOf: what a person at a new box is told of a line that does not come.
func TestLineOf(t *testing.T) {
	city, other := newAuthority(t), newAuthority(t)
	front, _ := city.front("127.0.0.1:1", 0)
	try := func(broker string, ca *authority, now time.Duration) error {
		cfg := Config{Broker: broker, City: "nabari", Device: "box-1", Wall: "/none", DataDir: t.TempDir(), CAFile: filepath.Join(ca.dir, "ca.pem")}
		cfg.CertFile, cfg.KeyFile = city.issue("box-1")
		b, err := cfg.check()
		must(t, err)
		b.tls[0].Time = func() time.Time { return time.Now().Add(now) }
		c, err := dial(t.Context(), b.addrs[0], b.tls[0], 5*time.Second, 1000)
		if err == nil {
			c.Close()
		}
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want enrol.Line
	}{
		"nobody there":        {try("tls://127.0.0.1:1", city, 0), enrol.LineReach},
		"no such name":        {fmt.Errorf("dialling: %w", &net.DNSError{Err: "no such host", IsNotFound: true}), enrol.LineResolve},
		"clock in 1970":       {try("tls://"+front, city, -50*365*24*time.Hour), enrol.LineClock},
		"another city":        {try("tls://"+front, other, 0), enrol.LineAuthority},
		"another name":        {try("tls://localhost:"+front[strings.LastIndexByte(front, ':')+1:], city, 0), enrol.LineAuthority},
		"certificate revoked": {fmt.Errorf("connecting: %w", &net.OpError{Op: "remote error", Err: tls.AlertError(44)}), enrol.LineRefused},
		"not let in":          {fmt.Errorf("connecting: %w", packets.ErrorRefusedNotAuthorised), enrol.LineRefused},
		"no subscription":     {fmt.Errorf("subscribing: %w", errRefused), enrol.LineRefused},
	} {
		if got := lineOf(c.err); got != c.want {
			t.Errorf("%s: %q, want %q (%v)", name, got, c.want, c.err)
		}
	}
}
