// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"madoguchi/device/update/signer"
)

// pemType is that of PKCS #8, so that other tools can read a plain key.
const pemType = "PRIVATE KEY"

// maxKeyFile bounds a key file, in bytes.
const maxKeyFile = 16 << 10

// WorkFactor is the cost of a passphrase, as age counts it: 2^18 rounds of scrypt take about a second and 256 MiB.
const WorkFactor = 18

// MinPassphrase is the least length of a passphrase, in bytes.
const MinPassphrase = 12

// Passphrase asks a person for the passphrase of a key file.
type Passphrase func(path string) (string, error)

// WriteKey writes a key to a file that must not exist, readable by its owner alone: encrypted under a passphrase, or plain if that is empty. cost is WorkFactor, but
// for tests.
func WriteKey(path string, key ed25519.PrivateKey, passphrase string, cost int) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("writing key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	defer clear(text)
	defer clear(der)
	if passphrase != "" {
		if text, err = encrypt(text, passphrase, cost); err != nil {
			return fmt.Errorf("writing key: %w", err)
		}
	}
	if err := write(path, text, 0o600); err != nil {
		return fmt.Errorf("writing key: %w", err)
	}
	return nil
}

func encrypt(text []byte, passphrase string, cost int) ([]byte, error) {
	if len(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("the passphrase has %d bytes, want at least %d", len(passphrase), MinPassphrase)
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(cost)
	var out bytes.Buffer
	lines := armor.NewWriter(&out)
	w, err := age.Encrypt(lines, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), lines.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ReadKey reads a key file. ask is called only for an encrypted one. A plain one that others may read is refused.
func ReadKey(path string, ask Passphrase) (signer.Key, error) {
	key, err := readKey(path, ask)
	if err != nil {
		return nil, fmt.Errorf("reading key %s: %w", path, err)
	}
	return key, nil
}

func readKey(path string, ask Passphrase) (signer.Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, err
	}
	defer clear(text)
	if strings.HasPrefix(string(text), armor.Header) {
		if ask == nil {
			return nil, errors.New("it is encrypted, and nobody is there to ask for its passphrase")
		}
		passphrase, err := ask(path)
		if err != nil {
			return nil, err
		}
		if text, err = decrypt(text, passphrase); err != nil {
			return nil, err
		}
	} else if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("it has mode %04o and is not encrypted: others may read it; want 0600", mode)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, errors.New("it holds no private key in PEM form")
	}
	defer clear(block.Bytes)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it holds a %T, want Ed25519", parsed)
	}
	return key, nil
}

func decrypt(text []byte, passphrase string) ([]byte, error) {
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(WorkFactor + 2)
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(text)), id)
	if err != nil {
		return nil, fmt.Errorf("wrong passphrase, or a damaged file: %w", err)
	}
	return io.ReadAll(io.LimitReader(r, maxKeyFile))
}
