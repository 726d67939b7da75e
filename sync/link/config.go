// SPDX-License-Identifier: Apache-2.0

package link

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"madoguchi/sync/record"
)

// Config says who the box is and where city hall is.
type Config struct {
	Broker   string        // URL: tls://host:8883 (or mqtts://); tcp://127.0.0.1:1883 (or mqtt://) for a broker on this machine; up to 8, with commas, for a cluster
	City     string        // city code in topics: a–z, 0–9, '-', '_'
	Device   string        // device id, also the MQTT client id and the certificate's common name
	CAFile   string        // PEM: the city's certificate authority, the only one trusted; for TLS
	CertFile string        // PEM: the box's certificate; for TLS
	KeyFile  string        // PEM: its key; for TLS
	Identity string        // folder that Enrol filled, in place of CertFile and KeyFile: the certificate in it is renewed when half of its life is over
	Group    string        // office group "g01" to "g40", said in presence; empty: not said
	Wall     string        // path of the counter's Unix socket
	DataDir  string        // folder for the session number and the clock's floor, writable
	Spread   time.Duration // the first connection waits a random time below this; DefaultSpread in service, 0 in the demo
}

// DefaultSpread keeps 10,000 boxes that get power at once at 73 attempts a second.
const DefaultSpread = 180 * time.Second

// Clock is time as Run sees it.
type Clock interface {
	Now() time.Time
	Timer(d time.Duration) (c <-chan time.Time, stop func())
}

// Opts sets how Run behaves. A zero field has its default from DefaultOpts.
type Opts struct {
	KeepAlive     time.Duration // MQTT keep-alive
	PingTimeout   time.Duration // a broker that does not answer a ping for so long is gone
	Timeout       time.Duration // for dialling, TLS, CONNACK, SUBACK, and a stuck write
	PubackTimeout time.Duration // a publish without PUBACK for so long: a new connection is made
	AckTimeout    time.Duration // records are out and city hall confirms nothing for so long: a new connection is made
	RetryMax      time.Duration // highest limit of the wait before another connection
	RetryMin      time.Duration // its first limit; it doubles
	Stable        time.Duration // a connection that lived so long starts the waits anew
	Window        int           // publishes on their way at once
	MaxPacket     int           // bytes of the longest MQTT packet taken
	Clock         Clock
	Jitter        func(d time.Duration) time.Duration // a random time in [0, d)
	Log           *slog.Logger                        // never content of a message; default: none
	Counts        *Counts                             // what was dropped; default: not counted
	Probe         *Probe                              // answers whether Run is alive; default: none
}

// DefaultOpts are the values of a box in service.
var DefaultOpts = Opts{
	KeepAlive:     45 * time.Second, // below the 60 s after which branch routers forget a flow
	PingTimeout:   15 * time.Second,
	Timeout:       20 * time.Second,
	PubackTimeout: 20 * time.Second,
	AckTimeout:    90 * time.Second, // the PIN side has sent the same batch four times by then
	RetryMin:      5 * time.Second,
	RetryMax:      300 * time.Second,
	Stable:        10 * time.Minute,
	Window:        4,        // batches of up to 64 records
	MaxPacket:     96 << 10, // a chunk of 64 KiB and its head
	Clock:         realClock{},
	Jitter:        jitter,
}

func (o *Opts) withDefaults() Opts {
	var v Opts
	if o != nil {
		v = *o
	}
	d := DefaultOpts
	for _, p := range []struct{ v, d *time.Duration }{
		{&v.KeepAlive, &d.KeepAlive}, {&v.PingTimeout, &d.PingTimeout}, {&v.Timeout, &d.Timeout}, {&v.PubackTimeout, &d.PubackTimeout},
		{&v.AckTimeout, &d.AckTimeout},
		{&v.RetryMin, &d.RetryMin}, {&v.RetryMax, &d.RetryMax}, {&v.Stable, &d.Stable},
	} {
		if *p.v == 0 {
			*p.v = *p.d
		}
	}
	if v.Window == 0 {
		v.Window = d.Window
	}
	if v.MaxPacket == 0 {
		v.MaxPacket = d.MaxPacket
	}
	if v.Clock == nil {
		v.Clock = d.Clock
	}
	if v.Jitter == nil {
		v.Jitter = d.Jitter
	}
	if v.Log == nil {
		v.Log = slog.New(slog.DiscardHandler)
	}
	if v.Counts == nil {
		v.Counts = new(Counts)
	}
	return v
}

type realClock struct{}

var _ Clock = realClock{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// jitter draws from crypto/rand: boxes of one batch must not draw alike.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d)))
	if err != nil {
		return d / 2 // crypto/rand does not fail
	}
	return time.Duration(n.Int64())
}

// broker is a checked broker configuration.
type broker struct {
	addrs       []string // host:port, one or more of a cluster
	tls         []*tls.Config
	fingerprint string
	born        time.Time // the box's certificate was made then: no clock of its is earlier
}

// maxBrokers is how many brokers of a cluster may be named.
const maxBrokers = 8

// check reads the configuration's addresses, names and files.
func (c Config) check() (broker, error) {
	if c.City == "" || len(c.City) > 32 || strings.Trim(c.City, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return broker{}, fmt.Errorf("city %q is not 1 to 32 of a–z 0–9 - _", c.City)
	}
	if !record.ValidDevice(c.Device) {
		return broker{}, fmt.Errorf("device id %q is not 1 to %d of a–z 0–9 -", c.Device, record.MaxDeviceName)
	}
	if c.Group != "" {
		if _, err := record.ParseGroup(c.Group); err != nil {
			return broker{}, err
		}
	}
	if c.Identity != "" && (c.CertFile+c.KeyFile != "" || c.CAFile == "") {
		return broker{}, errors.New("an identity stands in place of cert_file and key_file, and needs ca_file")
	}
	if !filepath.IsAbs(c.DataDir) {
		return broker{}, fmt.Errorf("data folder %q is not an absolute path", c.DataDir)
	}
	urls := strings.Split(c.Broker, ",")
	if len(urls) > maxBrokers {
		return broker{}, fmt.Errorf("%d broker addresses are more than %d", len(urls), maxBrokers)
	}
	var b broker
	for _, one := range urls {
		if err := c.checkBroker(&b, strings.TrimSpace(one)); err != nil {
			return broker{}, err
		}
	}
	return b, nil
}

// checkBroker adds one address. All of them are with TLS, or all without.
func (c Config) checkBroker(b *broker, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("broker address is no URL") // url.Error would quote a password
	}
	switch {
	case u.User != nil:
		return errors.New("broker address: user and password do not belong into it; the box is known by its certificate")
	case u.Hostname() == "" || u.Port() == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("broker address %q: want scheme, host and port, as in tls://mqtt.example.lg.jp:8883", address)
	}
	var t *tls.Config
	switch u.Scheme {
	case "tls", "mqtts":
		if t, err = c.tlsConfig(b, u.Hostname()); err != nil {
			return err
		}
	case "tcp", "mqtt":
		if !loopback(u.Hostname()) {
			return fmt.Errorf("broker address %q: without TLS only a broker on this machine is taken (127.0.0.1, ::1, localhost)", address)
		}
		if c.Identity == "" && c.CAFile+c.CertFile+c.KeyFile != "" {
			return fmt.Errorf("broker address %q: certificate files are given, but the scheme is without TLS", address)
		}
	default:
		return fmt.Errorf("broker address %q: scheme is not tls, mqtts, tcp or mqtt", address)
	}
	b.addrs, b.tls = append(b.addrs, u.Host), append(b.tls, t)
	return nil
}

// loopback says whether a host can only be this machine. A name other than localhost is not asked for: its answer may change.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// tlsConfig trusts the city's own authority and no other, and speaks TLS 1.3 only.
func (c Config) tlsConfig(b *broker, host string) (*tls.Config, error) {
	if c.Identity != "" {
		c.CertFile = filepath.Join(c.Identity, IdentityFile)
		c.KeyFile = c.CertFile
	}
	for _, f := range []struct{ what, path string }{{"ca_file", c.CAFile}, {"cert_file", c.CertFile}, {"key_file", c.KeyFile}} {
		if f.path == "" {
			return nil, fmt.Errorf("%s is not set, and the broker is reached by TLS", f.what)
		}
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading city's certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading city's certificate authority: %s holds no certificate", c.CAFile)
	}
	cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading box's certificate: %w", err)
	}
	if cn := cert.Leaf.Subject.CommonName; cn != c.Device {
		return nil, fmt.Errorf("reading box's certificate: it is for %q, this box is %q", cn, c.Device)
	}
	b.fingerprint, b.born = print(&cert), cert.Leaf.NotBefore
	return &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: pool, Certificates: []tls.Certificate{cert}, ServerName: host,
	}, nil
}
