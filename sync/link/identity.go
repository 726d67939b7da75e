// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"madoguchi/sync/enrol"
)

// Names in an identity's folder. One file holds certificate and key, so that a power cut never parts them.
const (
	IdentityFile = "identity.pem"
	oldIdentity  = "identity.old.pem" // of before a renewal, until a connection has stood with the new one
	nextKey      = "identity.next"    // PKCS #8: a key without a certificate yet
)

// identity is the box's certificate and key, and those before a renewal.
type identity struct {
	disk enrol.Disk
	ca   *x509.Certificate

	mu       sync.Mutex
	now, old *tls.Certificate // old: nil if there is none, or now is proved
	tries    int              // connections since now came
}

// openIdentity reads what a box has; fs.ErrNotExist: nothing.
func openIdentity(disk enrol.Disk, ca *x509.Certificate) (*identity, error) {
	now, err := readPair(disk, IdentityFile)
	if err != nil {
		return nil, fmt.Errorf("opening identity: %w", err)
	}
	i := &identity{disk: disk, ca: ca, now: now}
	if old, err := readPair(disk, oldIdentity); err == nil && !bytes.Equal(old.Leaf.Raw, now.Leaf.Raw) {
		i.old = old
	}
	return i, nil
}

func readPair(disk enrol.Disk, name string) (*tls.Certificate, error) {
	text, err := disk.Read(name)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return &pair, nil
}

// pairText is the form of an identity's file.
func pairText(certificate []byte, key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("writing key: %w", err)
	}
	return append(enrol.PEM(certificate), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...), nil
}

// drawn is the key for the next certificate: the one of a request that was cut off, or a new one. It is kept before anybody hears of it. used is the key of the certificate that the
// box has; nil: none.
func drawn(disk enrol.Disk, used crypto.PublicKey) (crypto.Signer, error) {
	raw, err := disk.Read(nextKey)
	if err == nil {
		if key, err := x509.ParsePKCS8PrivateKey(raw); err == nil {
			if s, ok := key.(ed25519.PrivateKey); ok && !s.Public().(ed25519.PublicKey).Equal(used) {
				return s, nil
			}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("drawing key: %w", err)
	}
	if raw, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, fmt.Errorf("drawing key: %w", err)
	}
	return key, disk.Keep(nextKey, raw)
}

// renewed keeps a certificate and its key as the box's, and the ones before beside them.
func (i *identity) renewed(cert *x509.Certificate, key crypto.Signer) error {
	text, err := pairText(cert.Raw, key)
	if err != nil {
		return err
	}
	before, err := i.disk.Read(IdentityFile)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return fmt.Errorf("keeping identity: %w", err)
	}
	if err := i.disk.Keep(oldIdentity, before); err != nil {
		return err
	}
	if err := i.disk.Keep(IdentityFile, text); err != nil {
		return err
	}
	i.mu.Lock()
	i.old, i.now, i.tries = i.now, &pair, 0
	i.mu.Unlock()
	return i.disk.Erase(nextKey)
}

// pick is the certificate for a connection: the newest first, and every second time the one before while the newest is not proved.
func (i *identity) pick() *tls.Certificate {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tries++
	if i.old != nil && i.tries%2 == 0 {
		return i.old
	}
	return i.now
}

// current is the newest.
func (i *identity) current() *tls.Certificate {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

// proved says that the broker took a certificate: if it is the newest, the one before is not needed any more.
func (i *identity) proved(c *x509.Certificate) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.old == nil || c != i.now.Leaf {
		return nil
	}
	i.old = nil
	return i.disk.Erase(oldIdentity)
}

// print is a certificate's fingerprint as the link state has it.
func print(c *tls.Certificate) string {
	sum := sha256.Sum256(c.Leaf.Raw)
	return hex.EncodeToString(sum[:8])
}

// readAuthority reads the city's certificate authority.
func readAuthority(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading city's certificate authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("reading city's certificate authority: %s holds no certificate", path)
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading city's certificate authority: %w", err)
	}
	return ca, nil
}
