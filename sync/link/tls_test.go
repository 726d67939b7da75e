// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/sync/wall"
)

// authority is a city's certificate authority for one test.
type authority struct {
	t    testing.TB
	dir  string
	key  crypto.Signer
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return authorityOf(t, key)
}

// authorityOf is an authority by its key.
func authorityOf(t testing.TB, key crypto.Signer) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), key: key}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "city"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	must(t, err)
	a.cert, err = x509.ParseCertificate(der)
	must(t, err)
	a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) write(name, kind string, der []byte) string {
	path := filepath.Join(a.dir, name)
	must(a.t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

// issue makes a certificate and key for a name, and gives their files.
func (a *authority) issue(name string) (cert, key string) {
	return a.until(name, time.Now().Add(time.Hour))
}

// until is issue for a certificate that ends, or has ended.
func (a *authority) until(name string, end time.Time) (cert, key string) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: end, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	must(a.t, err)
	kder, err := x509.MarshalECPrivateKey(k)
	must(a.t, err)
	return a.write(name+".pem", "CERTIFICATE", der), a.write(name+".key", "EC PRIVATE KEY", kder)
}

// front is a TLS server before a broker. It gives what each handshake came to.
func (a *authority) front(to string, maxVersion uint16) (addr string, shaken <-chan error) {
	return a.changing(to, maxVersion, func() (cert, key string) { return a.issue("broker") })
}

// changing is front with a certificate that may be another one for each connection.
func (a *authority) changing(to string, maxVersion uint16, issue func() (cert, key string)) (addr string, shaken <-chan error) {
	present := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := tls.LoadX509KeyPair(issue())
		return &cert, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: present, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, MaxVersion: maxVersion})
	must(a.t, err)
	a.t.Cleanup(func() { l.Close() })
	ch := make(chan error, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				err := c.(*tls.Conn).Handshake()
				ch <- err
				if err != nil {
					return
				}
				b, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer b.Close()
				go func() { pour(c, b); c.Close() }()
				pour(b, c)
			}()
		}
	}()
	return l.Addr().String(), ch
}

func pour(to, from net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func TestTLS(t *testing.T) {
	h := newHall(t)
	_, addr := startBroker(t, h)
	city := newAuthority(t)
	front, shaken := city.front(addr, 0)
	c := newCounter(t, h.public(), 50, 64)
	cfg := config(t, "tls://"+front, c)
	cfg.CAFile = filepath.Join(city.dir, "ca.pem")
	cfg.CertFile, cfg.KeyFile = city.issue("box-1")
	start(t, cfg, quick(nil))
	if err := next(t, shaken); err != nil {
		t.Error(err)
	}
	if s := c.await(wall.Up); len(s.Fingerprint) != 16 {
		t.Errorf("fingerprint is %q", s.Fingerprint)
	}
	c.drained(h)
}

// TestExpiredBroker: a broker whose certificate has ended gets nothing, however often it is tried; the box says that it is not believed, and gives its records when the broker has
// a new one, without anybody at the box.
func TestExpiredBroker(t *testing.T) {
	h := newHall(t)
	_, addr := startBroker(t, h)
	city := newAuthority(t)
	var renewed atomic.Bool
	front, shaken := city.changing(addr, 0, func() (cert, key string) {
		if renewed.Load() {
			return city.issue("broker")
		}
		return city.until("broker", time.Now().Add(-time.Minute))
	})
	c := newCounter(t, h.public(), 50, 64)
	cfg := config(t, "tls://"+front, c)
	cfg.CAFile = filepath.Join(city.dir, "ca.pem")
	cfg.CertFile, cfg.KeyFile = city.issue("box-1")
	b, err := cfg.check()
	must(t, err)
	if _, err := dial(context.Background(), b.addrs[0], b.tls[0], 5*time.Second, 1000); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("broker with an expired certificate: %v", err)
	}
	start(t, cfg, quick(nil))
	c.await(wall.Untrusted)
	for range 3 {
		if err := next(t, shaken); err == nil {
			t.Error("the box took the certificate")
		}
	}
	renewed.Store(true)
	c.await(wall.Up)
	c.drained(h)
}

func TestTLSRefuses(t *testing.T) {
	city, other := newAuthority(t), newAuthority(t)
	good := Config{City: "nabari", Device: "box-1", Wall: "/none", DataDir: t.TempDir(), CAFile: filepath.Join(city.dir, "ca.pem")}
	good.CertFile, good.KeyFile = city.issue("box-1")
	dialIt := func(cfg Config) error {
		b, err := cfg.check()
		if err != nil {
			return err
		}
		c, err := dial(context.Background(), b.addrs[0], b.tls[0], 5*time.Second, 1000)
		if err == nil {
			c.Close()
		}
		return err
	}

	front, _ := city.front("127.0.0.1:1", 0)
	cfg := good
	cfg.Broker = "mqtts://" + front
	must(t, dialIt(cfg))
	cfg.CAFile = filepath.Join(other.dir, "ca.pem")
	if err := dialIt(cfg); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("broker of another authority: %v", err)
	}
	old, _ := city.front("127.0.0.1:1", tls.VersionTLS12)
	cfg = good
	cfg.Broker = "tls://" + old
	if err := dialIt(cfg); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("broker with TLS 1.2: %v", err)
	}
	cfg = good
	cfg.Broker = "tls://localhost:" + front[strings.LastIndexByte(front, ':')+1:]
	if err := dialIt(cfg); err == nil || !strings.Contains(err.Error(), "not localhost") {
		t.Errorf("broker with another name: %v", err)
	}
	cfg = good
	cfg.Broker = "tls://" + front
	cfg.Device = "box-2"
	if err := dialIt(cfg); err == nil || !strings.Contains(err.Error(), `for "box-1"`) {
		t.Errorf("another box's certificate: %v", err)
	}
	cfg = good
	cfg.Broker = "tls://" + front
	_, cfg.KeyFile = city.issue("box-3")
	if err := dialIt(cfg); err == nil || !strings.Contains(err.Error(), "box's certificate") {
		t.Errorf("key of another certificate: %v", err)
	}
	cfg = good
	cfg.Broker = "tls://" + front
	cfg.CAFile = cfg.KeyFile
	if err := dialIt(cfg); err == nil || !strings.Contains(err.Error(), "holds no certificate") {
		t.Errorf("authority file without a certificate: %v", err)
	}

	// A peer that takes the connection and is then silent costs the time-out, not for ever.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	cfg = good
	cfg.Broker = "tls://" + l.Addr().String()
	b, err := cfg.check()
	must(t, err)
	if _, err := dial(context.Background(), b.addrs[0], b.tls[0], 200*time.Millisecond, 1000); err == nil {
		t.Error("a silent peer is a broker")
	}
}
