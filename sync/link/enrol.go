// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"madoguchi/sync/enrol"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Names in the folder of a box that enrols, besides those of an identity.
const (
	AuthorityFile = "ca.pem"
	firstPair     = "first.pem" // certificate and key of the provisioning file
)

// Enrolment is a box without an identity, and its provisioning file.
type Enrolment struct {
	Dir    string // absolute path of the box's folder: the file lies there as enrol.FileName, and the identity will
	Wall   string // path of the counter's Unix socket
	Broker string // in place of the file's, for the simulator; else empty
}

// ErrNothing says that there is no provisioning file.
var ErrNothing = errors.New("there is no provisioning file")

// Enrol gets a box its first certificate: it draws the key, tells the PIN side of it, carries the PIN side's request to the fleet and the answer back, and keeps certificate
// and authority in Dir. It returns the configuration that Run goes on with. A box that has the file's certificate already is asked nothing. What it cannot do is told to the PIN side and
// tried again until ctx ends.
func Enrol(ctx context.Context, e Enrolment, opts *Opts) (Config, error) {
	disk := enrol.Folder(e.Dir)
	raw, err := disk.Read(enrol.FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, ErrNothing
	}
	if err != nil {
		return Config{}, fmt.Errorf("enrolling: %w", err)
	}
	// That it is used or expired the fleet says; that it is whose it says it is a person sees.
	f, err := enrol.Open(raw, time.Time{}, false, func(string) bool { return false })
	if err != nil {
		return Config{}, fmt.Errorf("enrolling: %w", err)
	}
	c, err := e.run(ctx, f, disk, opts.withDefaults())
	if err != nil {
		return c, fmt.Errorf("enrolling: %w", err)
	}
	return c, nil
}

// config is that of the file's box.
func (e Enrolment) config(f enrol.File) Config {
	c := Config{Broker: f.Broker, City: f.City, Device: f.Device, CAFile: filepath.Join(e.Dir, AuthorityFile), Identity: e.Dir, Wall: e.Wall, DataDir: e.Dir, Spread: DefaultSpread}
	if e.Broker != "" {
		c.Broker = e.Broker
	}
	if _, err := record.ParseGroup(f.Office); err == nil {
		c.Group = f.Office
	}
	return c
}

// has tells whether the folder holds a certificate of the file's authority for its box.
func has(disk enrol.Disk, f enrol.File, ca *x509.Certificate) bool {
	i, err := openIdentity(disk, ca)
	return err == nil && i.now.Leaf.CheckSignatureFrom(ca) == nil && i.now.Leaf.Subject.CommonName == f.Device
}

func (e Enrolment) run(ctx context.Context, f enrol.File, disk enrol.Disk, o Opts) (Config, error) {
	c := e.config(f)
	ca, err := x509.ParseCertificate(f.Authority)
	if err != nil {
		return c, err
	}
	if err := disk.Keep(AuthorityFile, enrol.PEM(f.Authority)); err != nil {
		return c, err
	}
	if has(disk, f, ca) {
		return c, nil
	}
	key, err := drawn(disk, nil)
	if err != nil {
		return c, err
	}
	g := &enrolling{file: f, ca: ca, key: key, disk: disk}
	if g.csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: f.Device}}, key); err != nil {
		return c, fmt.Errorf("requesting certificate: %w", err)
	}
	first := c
	first.Identity, first.Spread = "", 0 // somebody stands before it
	if err := g.firstLine(&first, e.Dir); err != nil {
		return c, err
	}
	b, err := first.check()
	if err != nil {
		return c, err
	}
	r := newRunner(first, o, b)
	r.enrol = g
	r.hub.say(func(w *enrol.Word) { *w = enrol.Word{CSR: g.csr, Line: enrol.LineTrying} })
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go g.answers(ctx, r, stop)
	if err := r.run(ctx); err != nil {
		return c, err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errEnrolled) {
		return c, cause
	}
	return c, disk.Erase(firstPair)
}

// errEnrolled ends the first line.
var errEnrolled = errors.New("the box has its certificate")

// enrolling is a box that waits for its certificate.
type enrolling struct {
	file enrol.File
	ca   *x509.Certificate
	key  crypto.Signer
	csr  []byte
	disk enrol.Disk
	last atomic.Pointer[enrol.Request] // that was published
}

// firstLine sets a configuration's files for the file's own certificate.
func (g *enrolling) firstLine(c *Config, dir string) error {
	parsed, err := x509.ParsePKCS8PrivateKey(g.file.Key)
	if err != nil {
		return fmt.Errorf("reading the file's key: %w", err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return errors.New("reading the file's key: it cannot sign")
	}
	text, err := pairText(g.file.Certificate, key)
	if err != nil {
		return err
	}
	if err := g.disk.Keep(firstPair, text); err != nil {
		return err
	}
	if strings.HasPrefix(c.Broker, "tls:") || strings.HasPrefix(c.Broker, "mqtts:") {
		c.CertFile = filepath.Join(dir, firstPair)
		c.KeyFile = c.CertFile
	} else {
		c.CAFile = ""
	}
	return nil
}

// publishAsked hands the PIN side's requests to the broker: those for the box's own key, and nothing else that somebody may have written.
func (r *runner) publishAsked(ctx context.Context, client mqtt.Client, fail context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case body := <-r.hub.asked:
			req, _, err := enrol.ParseRequest(body, r.cfg.Device)
			if err != nil || !bytes.Equal(req.CSR, r.enrol.csr) || req.Serial != r.enrol.file.Serial {
				r.opts.Log.Warn("request for a certificate dropped", "err", err)
				continue
			}
			r.enrol.last.Store(&req)
			if err := r.wait(ctx, client.Publish(r.topics.EnrolUp, qos, false, body), r.opts.PubackTimeout); err != nil {
				fail(fmt.Errorf("publishing request for a certificate: %w", err))
				return
			}
		}
	}
}

// answers takes the fleet's answers. A certificate is kept before the PIN side hears of it.
func (g *enrolling) answers(ctx context.Context, r *runner, done context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case raw := <-r.hub.enrolled:
			req := g.last.Load()
			if req == nil {
				continue // to one of before a start; the PIN side sends it again
			}
			a, err := enrol.ParseAnswer(raw)
			var cert *x509.Certificate
			if err == nil {
				cert, err = a.CertificateFor(*req, g.file.Device, g.key.Public(), g.ca, r.clock.now(), false)
			}
			if errors.Is(err, enrol.ErrOther) {
				continue
			}
			r.hub.say(func(w *enrol.Word) { w.Answer = raw })
			if err != nil {
				r.opts.Log.Warn("no certificate", "err", err)
				continue
			}
			if err := g.keep(cert); err != nil {
				r.opts.Log.Error("certificate not kept", "err", err)
				continue // asked again, the fleet gives the same
			}
			done(errEnrolled)
			return
		}
	}
}

func (g *enrolling) keep(cert *x509.Certificate) error {
	text, err := pairText(cert.Raw, g.key)
	if err != nil {
		return err
	}
	if err := g.disk.Keep(IdentityFile, text); err != nil {
		return err
	}
	return g.disk.Erase(nextKey)
}

// stateOf is a box's word for the same.
func stateOf(l enrol.Line) wall.State {
	switch l {
	case enrol.LineClock, enrol.LineAuthority:
		return wall.Untrusted
	case enrol.LineRefused:
		return wall.Refused
	}
	return wall.Down
}

// lineOf says in one word why a connection did not come about.
func lineOf(err error) enrol.Line {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return enrol.LineResolve
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return enrol.LineClock
	case errors.As(err, &invalid), errors.As(err, &unknown), errors.As(err, &name):
		return enrol.LineAuthority
	case errors.As(err, &alert), errors.As(err, &op) && op.Op == "remote error", errors.Is(err, errRefused):
		return enrol.LineRefused
	}
	for _, no := range []error{packets.ErrorRefusedBadUsernameOrPassword, packets.ErrorRefusedNotAuthorised, packets.ErrorRefusedIDRejected} {
		if errors.Is(err, no) {
			return enrol.LineRefused
		}
	}
	return enrol.LineReach
}
