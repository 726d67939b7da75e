// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// City is a city's certificate authority and the folder with what it issued.
type City struct {
	Code string // in topics
	Dir  string

	// Addresses are what a server's certificate names beside 127.0.0.1.
	Addresses []net.IP
	// Ends is when the next certificate runs out, from its making; default an hour.
	Ends time.Duration

	mu     sync.Mutex
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	serial int64
}

// validity is that of every certificate, before and after now: a test is shorter.
const validity = time.Hour

// NewCity makes an authority whose files lie in dir.
func NewCity(code, dir string) (*City, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making authority: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of " + code}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-validity), NotAfter: now.Add(validity), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making authority: %w", err)
	}
	c := &City{Code: code, Dir: dir, key: key, cert: cert, serial: 1}
	return c, writePEM(c.CAFile(), "CERTIFICATE", der)
}

// CAFile is the authority's certificate.
func (c *City) CAFile() string { return filepath.Join(c.Dir, "ca.pem") }

// Issue makes a certificate for a name and gives its files. A server's also names 127.0.0.1 and Addresses.
func (c *City) Issue(name string, server bool) (certFile, keyFile string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("issuing certificate of %s: %w", name, err)
	}
	c.mu.Lock()
	c.serial++
	serial := c.serial
	c.mu.Unlock()
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-validity), NotAfter: now.Add(cmp.Or(c.Ends, validity)),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if server {
		template.IPAddresses = append([]net.IP{net.IPv4(127, 0, 0, 1)}, c.Addresses...)
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert, &key.PublicKey, c.key)
	if err != nil {
		return "", "", fmt.Errorf("issuing certificate of %s: %w", name, err)
	}
	kder, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return "", "", fmt.Errorf("issuing certificate of %s: %w", name, err)
	}
	certFile, keyFile = filepath.Join(c.Dir, name+".pem"), filepath.Join(c.Dir, name+".key")
	return certFile, keyFile, errors.Join(writePEM(certFile, "CERTIFICATE", der), writePEM(keyFile, "EC PRIVATE KEY", kder))
}

// ClientTLS is the configuration of a client with a certificate of its own.
func (c *City) ClientTLS(name string) (*tls.Config, error) {
	certFile, keyFile, err := c.Issue(name, false)
	if err != nil {
		return nil, err
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading certificate of %s: %w", name, err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool, Certificates: []tls.Certificate{cert}, ServerName: "127.0.0.1"}, nil
}

func writePEM(path, kind string, der []byte) error {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
