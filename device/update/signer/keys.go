// SPDX-License-Identifier: Apache-2.0

package signer

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"madoguchi/device/update"
)

// Director is the role whose key signs assignments.
const Director = "director"

// Roles are all roles of a city's repository: the four of TUF, the director, and one for each kind of object.
var Roles = []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP, Director,
	string(update.Firmware), string(update.Policy), string(update.Config)}

// A Key signs. Ed25519 keys in memory and PKCS#11 tokens are both crypto.Signers.
type Key = crypto.Signer

// Role is who may sign for a role, and how many of them must.
type Role struct {
	Keys      []Key
	Threshold int
}

// check refuses a role that nobody could fill.
func (r Role) check(name string) error {
	if r.Threshold < 1 || r.Threshold > len(r.Keys) {
		return fmt.Errorf("role %s: threshold %d of %d keys", name, r.Threshold, len(r.Keys))
	}
	return nil
}

// tufSigner lets go-tuf sign by a Key.
type tufSigner struct{ key Key }

var _ signature.Signer = tufSigner{}

func (s tufSigner) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return s.key.Public(), nil
}

func (s tufSigner) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	b, err := io.ReadAll(message)
	if err != nil {
		return nil, fmt.Errorf("reading message to sign: %w", err)
	}
	return s.key.Sign(rand.Reader, b, crypto.Hash(0)) // Ed25519 hashes by itself
}

// sign signs a document by every key of a role.
func sign[T metadata.Roles](doc *metadata.Metadata[T], keys []Key) error {
	doc.ClearSignatures()
	if len(keys) == 0 {
		return errors.New("no key to sign with")
	}
	for _, k := range keys {
		if _, err := doc.Sign(tufSigner{k}); err != nil {
			return fmt.Errorf("signing: %w", err)
		}
	}
	return nil
}
