// SPDX-License-Identifier: Apache-2.0

package world

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base32"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"madoguchi/cmd/internal/collector"
)

// folder is where a world lives.
//
//	lock            held while a simulator runs
//	box/            the box's own storage: outbox and whatever else it keeps
//	box.toml        the box's configuration
//	letter.json     what the service person has on paper, for a box that was new
//	link/           the network side's own storage
//	cityhall.db     city hall's database
//	ack.key         the key that signs acknowledgements, as of cityhall and fleet
//	digest.key      the key of its digests, in a folder made before there was a fleet
//	fleet/          the city's releases and signing keys
//	root.json       what the box trusts updates by
//	issuer.db       the simulated issuer's book
//	issuer.seed     the seed of its keys
//	device          the device id
//	cards.json      the states of the sample cards
//	glass           the picture on the panel
//	wall            the socket between the two children, while they run
type folder struct {
	path string
	lock *os.File
}

// openFolder makes the folder if it is not there and takes its lock.
func openFolder(path string) (*folder, error) {
	if path == "" {
		return nil, errors.New("no data folder: say where with --data DIR")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening data folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(abs, "box"), 0o700); err != nil {
		return nil, fmt.Errorf("opening data folder: %w; choose another with --data DIR", err)
	}
	lock, err := os.OpenFile(filepath.Join(abs, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening data folder: %w; choose another with --data DIR", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("data folder %s is in use by another simulator: stop it, or choose another with --data DIR", abs)
		}
		return nil, fmt.Errorf("locking data folder %s: %w", abs, err)
	}
	return &folder{abs, lock}, nil
}

func (f *folder) close() { f.lock.Close() }

// file is a path inside the folder.
func (f *folder) file(name ...string) string {
	return filepath.Join(append([]string{f.path}, name...)...)
}

// write replaces a file in one step.
func (f *folder) write(name string, data []byte) error {
	path := f.file(name)
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// kept returns what a file holds, written by first when it is not there.
func (f *folder) kept(name string, first func() []byte) ([]byte, error) {
	data, err := os.ReadFile(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		data = first()
		err = f.write(name, data)
	}
	if err != nil {
		return nil, fmt.Errorf("reading data folder: %w", err)
	}
	return data, nil
}

// key returns a kept random key of n bytes, in hex on disk.
func (f *folder) key(name string, n int) ([]byte, error) {
	text, err := f.kept(name, func() []byte {
		k := make([]byte, n)
		rand.Read(k)
		return []byte(hex.EncodeToString(k) + "\n")
	})
	if err != nil {
		return nil, err
	}
	k, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(k) != n {
		return nil, fmt.Errorf("reading %s: it does not hold %d bytes in hex", f.file(name), n)
	}
	return k, nil
}

// signKey is city hall's key for acknowledgements.
func (f *folder) signKey() (ed25519.PrivateKey, error) {
	if err := f.modernKey(); err != nil {
		return nil, err
	}
	key, _, err := collector.OpenKey(f.path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", f.file("ack.key"), err)
	}
	return key, nil
}

// modernKey writes a key of a folder that was made before there was a fleet as cityhall and fleet read it.
func (f *folder) modernKey() error {
	text, err := os.ReadFile(f.file("ack.key"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return err
	}
	return f.write("ack.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// digestKey is the key of the database's digests, which city hall's tools derive from the signing key.
func (f *folder) digestKey(sign ed25519.PrivateKey) ([]byte, error) {
	if _, err := os.Stat(f.file("digest.key")); errors.Is(err, fs.ErrNotExist) {
		return collector.DigestKey(sign), nil
	}
	return f.key("digest.key", 32)
}

// device is the box's id: 80 random bits in base32, as a fleet would give it.
func (f *folder) device() (string, error) {
	id, err := f.kept("device", func() []byte {
		b := make([]byte, 10)
		rand.Read(b)
		return []byte(strings.ToLower(base32.StdEncoding.EncodeToString(b)) + "\n")
	})
	return strings.TrimSpace(string(id)), err
}
