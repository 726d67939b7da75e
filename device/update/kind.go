// SPDX-License-Identifier: Apache-2.0

package update

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Kind is what an object is. Each kind has its own signing role, its own order of versions and its own rollout.
type Kind string

// The kinds. The names are those of the delegated TUF roles and the first element of a target's path.
const (
	Firmware Kind = "firmware" // a bundle for the slot that does not run
	Policy   Kind = "policy"   // the rules of the municipality
	Config   Kind = "config"   // settings of a box or a group of boxes
)

// Kinds are all kinds, in the order in which they are installed: what a new firmware needs comes first.
var Kinds = []Kind{Config, Policy, Firmware}

// Valid tells whether the kind is one of Kinds.
func (k Kind) Valid() bool { return slices.Contains(Kinds, k) }

// Digest is a SHA-256.
type Digest [sha256.Size]byte

// Sum is the digest of bytes.
func Sum(b []byte) Digest { return sha256.Sum256(b) }

// String is the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText is String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 64 small hexadecimal digits.
func (d *Digest) UnmarshalText(b []byte) error {
	var out Digest
	if len(b) != 2*len(out) {
		return fmt.Errorf("digest of %d characters, want %d", len(b), 2*len(out))
	}
	if _, err := hex.Decode(out[:], b); err != nil {
		return fmt.Errorf("reading digest: %w", err)
	}
	if out.String() != string(b) {
		return fmt.Errorf("digest %q is not in small letters", b)
	}
	*d = out
	return nil
}

// ObjectName is the name under which the depot gives an object of this digest.
func ObjectName(d Digest) string { return "object/" + d.String() }

// ChunkName is the name under which the depot gives a chunk of this digest.
func ChunkName(d Digest) string { return "chunk/" + d.String() }
