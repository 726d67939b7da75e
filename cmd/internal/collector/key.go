// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names of the key files in a data folder.
const (
	keyFile    = "ack.key" // PKCS #8 in PEM, mode 0600
	publicFile = "ack.pub" // base64 of the 32 bytes, one line: what a box's ack_key setting takes
)

// OpenKey reads the key that signs acknowledgements from dir, or generates one
// there on the first start, and writes its public half beside it. A key file
// that others may read, or that holds something else, is refused.
func OpenKey(dir string) (key ed25519.PrivateKey, created bool, err error) {
	path := filepath.Join(dir, keyFile)
	key, err = readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, key, err = ed25519.GenerateKey(nil); err != nil {
			return nil, false, fmt.Errorf("generating signing key: %w", err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, false, fmt.Errorf("encoding signing key: %w", err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		if err := writeFile(path, text, 0o600); err != nil {
			return nil, false, fmt.Errorf("writing signing key: %w", err)
		}
		created = true
	} else if err != nil {
		return nil, false, fmt.Errorf("reading signing key: %w", err)
	}
	if err := writeFile(filepath.Join(dir, publicFile), []byte(PublicKey(key)+"\n"), 0o644); err != nil {
		return nil, false, fmt.Errorf("writing public key: %w", err)
	}
	return key, created, nil
}

// PublicKey is the public half of key in base64, as a box's ack_key setting
// takes it.
func PublicKey(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
}

// DigestKey derives the store's digest key from the signing key, so that one
// file outside the database is enough.
func DigestKey(key ed25519.PrivateKey) []byte {
	k, err := hkdf.Key(sha256.New, key.Seed(), nil, "madoguchi transport digest", 32)
	if err != nil {
		panic(err) // only for lengths above 8 KiB
	}
	return k
}

func readKey(path string) (ed25519.PrivateKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o, others may read it; want 0600", path, mode)
	}
	text := make([]byte, 4096)
	n, err := f.Read(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	block, _ := pem.Decode(text[:n])
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s holds no PEM private key", path)
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := any.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a %T, want an Ed25519 key", path, any)
	}
	return key, nil
}

// writeFile replaces path whole or not at all, also when the power is cut.
func writeFile(path string, text []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
