// SPDX-License-Identifier: Apache-2.0

package signer

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/sigstore/sigstore/pkg/signature"
)

// Verify tells whether a message is signed by a key that a role names, whether that key is at hand or not.
func (r *Repository) Verify(role, keyID string, message, sig []byte) error {
	if !slices.Contains(r.keyIDs(role), keyID) {
		return fmt.Errorf("key %.8s is none of role %s", keyID, role)
	}
	key := r.root.Signed.Keys[keyID]
	if d := r.targets["targets"].Signed.Delegations; key == nil && d != nil {
		key = d.Keys[keyID]
	}
	if key == nil {
		return fmt.Errorf("key %.8s is not in the repository", keyID)
	}
	public, err := key.ToPublicKey()
	if err != nil {
		return fmt.Errorf("reading key %.8s: %w", keyID, err)
	}
	v, err := signature.LoadVerifier(public, crypto.Hash(0))
	if err != nil {
		return fmt.Errorf("reading key %.8s: %w", keyID, err)
	}
	if err := v.VerifySignature(bytes.NewReader(sig), bytes.NewReader(message)); err != nil {
		return errors.New("the signature does not fit")
	}
	return nil
}

// SignBare signs a message by a key: what Verify checks.
func SignBare(k Key, message []byte) ([]byte, error) {
	sig, err := k.Sign(rand.Reader, message, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return sig, nil
}
