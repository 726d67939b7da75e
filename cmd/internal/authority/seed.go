// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// seedFile is the name of the seed in a data folder: 64 hex digits, mode 0600.
const seedFile = "issuer.seed"

// OpenSeed reads the seed from dir, or draws one there on the first start. A file that others may read is refused.
func OpenSeed(dir string) (seed [32]byte, err error) {
	path := filepath.Join(dir, seedFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		rand.Read(seed[:])
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return seed, fmt.Errorf("writing the authority's seed: %w", err)
		}
		_, err = fmt.Fprintf(f, "%x\n", seed)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return seed, fmt.Errorf("writing the authority's seed: %w", err)
		}
		return seed, nil
	}
	if err != nil {
		return seed, fmt.Errorf("reading the authority's seed: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return seed, fmt.Errorf("reading the authority's seed: %s has mode %04o, others may read it; want 0600", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return seed, fmt.Errorf("reading the authority's seed: %w", err)
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(seed) {
		return seed, fmt.Errorf("reading the authority's seed: %s is not of 64 hex digits", path)
	}
	return [32]byte(b), nil
}
