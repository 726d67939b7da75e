// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"image"
	"io/fs"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/enrol"
)

var day = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

var board = Board{Hardware: "rpi4", GPIOChip: "pinctrl-bcm2711", Panel: image.Rect(0, 0, 400, 300), DataDir: "/data/counter"}

// disk is a Disk in memory whose power goes after some steps: that step is done, or the one before it was the last.
type disk struct {
	mu    sync.Mutex
	files map[string][]byte
	steps int // done
	most  int // then the power goes; 0: never
}

var _ enrol.Disk = (*disk)(nil)

var errCut = errors.New("the power is cut")

func (d *disk) step() error {
	if d.most > 0 && d.steps == d.most {
		return errCut
	}
	d.steps++
	return nil
}

func (d *disk) Read(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if b, ok := d.files[name]; ok {
		return bytes.Clone(b), nil
	}
	return nil, fs.ErrNotExist
}

func (d *disk) Keep(name string, b []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.files[name] = bytes.Clone(b)
	return nil
}

func (d *disk) Erase(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, there := d.files[name]; !there {
		return nil
	}
	if err := d.step(); err != nil {
		return err
	}
	delete(d.files, name)
	return nil
}

func (d *disk) List() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.files)), nil
}

func (d *disk) has(name string) bool {
	_, err := d.Read(name)
	return err == nil
}

// city is an authority and what it knows of one file.
type city struct {
	t      testing.TB
	key    ed25519.PrivateKey
	ca     *x509.Certificate
	file   enrol.File
	sealed []byte
	code   string

	asked  int // requests that came, each once
	misses int // wrong codes
	seen   map[string]enrol.Answer
	refuse enrol.Code // in place of a certificate
	wait   int        // with it
	other  *city      // whose certificate is given
}

// hashOnce: clerk's hash costs a moment.
var hashOnce = sync.OnceValues(func() (string, string) {
	code, hash, err := enrol.FirstCode()
	if err != nil {
		panic(err)
	}
	return code, hash
})

// codeKeys: each costs 7 MiB and a moment, and all files of the tests have one serial.
var codeKeys sync.Map

func codeKey(t testing.TB, code, serial string) []byte {
	if key, ok := codeKeys.Load(code + serial); ok {
		return key.([]byte)
	}
	key, err := enrol.CodeKey(code, serial)
	must(t, err)
	codeKeys.Store(code+serial, key)
	return key
}

// renderer is one for all tests.
var renderer = sync.OnceValues(func() (*display.Renderer, error) { return display.NewRenderer(board.Panel) })

func newCity(t testing.TB, change func(*enrol.File)) *city {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "city"}, NotBefore: day.AddDate(0, 0, -1), NotAfter: day.AddDate(20, 0, 0), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	must(t, err)
	ca, err := x509.ParseCertificate(der)
	must(t, err)
	c := &city{t: t, key: key, ca: ca, code: "4821930576", seen: map[string]enrol.Answer{}}
	public, first, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	_, hash := hashOnce()
	c.file = enrol.File{Serial: strings.Repeat("0f", 16), City: "nabari", Device: "box-17", Office: "g03", Name: "市民課", Broker: "tls://mqtt.example:8883", Authority: der,
		Root: []byte(`{"root":1}`), AckKey: make([]byte, 32), Label: "窓口", Clerk: hash, Certificate: c.certify("box-17", public), NotBefore: day, Expires: day.AddDate(0, 0, 7)}
	c.file.Key, err = x509.MarshalPKCS8PrivateKey(first)
	must(t, err)
	if change != nil {
		change(&c.file)
	}
	c.sealed, err = c.file.Seal(key)
	must(t, err)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *city) certify(name string, public any) []byte {
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: day, NotAfter: day.AddDate(2, 0, 0)},
		c.ca, public, c.key)
	must(c.t, err)
	return der
}

// answer is the fleet's, as cmd/internal/registrar gives it.
func (c *city) answer(raw []byte) enrol.Answer {
	if a, ok := c.seen[string(raw)]; ok {
		return a
	}
	c.asked++
	a := c.look(raw)
	c.seen[string(raw)] = a
	return a
}

func (c *city) look(raw []byte) enrol.Answer {
	req, csr, err := enrol.ParseRequest(raw, "box-17")
	must(c.t, err)
	key := codeKey(c.t, c.code, c.file.Serial)
	switch {
	case c.refuse != enrol.OK:
		a := enrol.NewAnswer(req, c.refuse, nil)
		a.Wait = c.wait
		return a
	case !bytes.Equal(enrol.CodeProof(key, req.CSR), req.Proof):
		c.misses++
		a := enrol.NewAnswer(req, enrol.WrongCode, nil)
		a.Left = 5 - c.misses
		return a
	}
	by := c
	if c.other != nil {
		by = c.other
	}
	return enrol.NewAnswer(req, enrol.OK, by.certify("box-17", csr.PublicKey))
}

// line is the network side, which keeps its key and its certificate.
type line struct {
	city *city
	key  ed25519.PrivateKey
	word enrol.Word
	down enrol.Line
}

func newNet(c *city) *line {
	n := &line{city: c}
	n.draw()
	return n
}

// draw makes a key, as after the old one was lost.
func (n *line) draw() {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(n.city.t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "box-17"}}, key)
	must(n.city.t, err)
	n.key, n.word = key, enrol.Word{CSR: csr}
}

// says is its word now.
func (n *line) says() heard {
	w := n.word
	w.Line = n.down
	return heard{w}
}

// carry takes a request to the fleet and keeps what comes back.
func (n *line) carry(raw []byte) heard {
	a := n.city.answer(raw)
	text, err := a.Encode()
	must(n.city.t, err)
	n.word.Answer = text
	req, err := enrol.DecodeRequest(raw)
	must(n.city.t, err)
	if cert, err := a.CertificateFor(req, "box-17", n.key.Public(), n.city.ca, day, false); err == nil {
		n.word = enrol.Word{Certificate: cert.Raw}
	}
	return n.says()
}

// sim carries out what a machine wants, at once, and gives it what follows.
type sim struct {
	t        testing.TB
	m        machine
	disk     *disk
	net      *line // nil: away
	now      time.Time
	finished bool
}

// start switches a box on.
func start(t testing.TB, d *disk, n *line, now time.Time) *sim {
	s := &sim{t: t, disk: d, net: n, now: now, m: machine{lang: "ja"}}
	s.do([]any{openFile{}})
	if n != nil {
		s.event(n.says())
	}
	return s
}

func (s *sim) event(ev any) { s.do(s.m.handle(s.now, ev)) }

func (s *sim) do(all []any) {
	for _, what := range all {
		switch what := what.(type) {
		case openFile:
			s.event(readFile(s.disk, board, s.now, what.over))
		case hashCode:
			s.event(hashed{codeKey(s.t, what.digits, what.serial)})
		case keepRequest:
			s.event(kept{s.disk.Keep(requestFile, what.raw)})
		case dropRequest:
			_ = s.disk.Erase(requestFile)
		case sendRequest:
			if s.net != nil && s.net.down == enrol.LineUp && s.disk.alive() {
				s.event(s.net.carry(what.raw))
			}
		case commit:
			s.event(committed{keepBox(s.disk, what.file, board)})
		case finish:
			s.finished = true
		}
	}
}

// alive: a box without power sends nothing.
func (d *disk) alive() bool { return d.most == 0 || d.steps < d.most }

// press types keys: digits, × < ○ and m for メニュー.
func (s *sim) press(keys string) {
	for _, r := range keys {
		name := string(r)
		switch r {
		case '×':
			name = "cancel"
		case '<':
			name = "clear"
		case '○':
			name = "enter"
		case 'm':
			name = "menu"
		}
		k, err := pinpad.ParseKey(name)
		must(s.t, err)
		s.event(k)
	}
}

// shows gives the screen and its reason.
func (s *sim) shows() string {
	v := s.m.screen(s.now)
	return strings.TrimSpace(strings.TrimPrefix(string(v.ID), "service.enrol.") + " " + v.Facts.Reason)
}

func (s *sim) want(screen string) {
	s.t.Helper()
	if got := s.shows(); got != screen {
		s.t.Fatalf("shows %q, want %q", got, screen)
	}
}

// wait lets time pass.
func (s *sim) wait(d time.Duration) {
	for range int(d / time.Second) {
		s.now = s.now.Add(time.Second)
		s.event(tick{})
	}
}
