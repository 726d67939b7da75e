// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Hash is the Argon2id hash of a clerk's code in PHC string form:
//
//	$argon2id$v=19$m=7168,t=5,p=1$<salt>$<key>
//
// with salt and key in unpadded base64. The numbers are the second smallest set
// of OWASP's list for Argon2id: 7 MiB fit beside the rest on a board of 512 MiB,
// where 19 MiB alone peaks at 22 MiB. It prints as it is (configuration is made
// of it) but is redacted under slog.
type Hash string

const (
	memoryKiB = 7 * 1024
	passes    = 5
	lanes     = 1
	keyLen    = 32
	// saltLen is larger than RFC 9106 asks for (16), on purpose: x/crypto's
	// BLAKE2b keeps its last 128 bytes of input in the heap, and a short salt
	// would leave the code among them when argon2 returns. 128 bytes of salt
	// behind the code push it out; TestNoCopies searches for it.
	saltLen    = 128
	saltAtLast = 16
)

// ErrHash is wrapped by every error of ParseHash.
var ErrHash = errors.New("not a hash of a clerk code")

// ParseHash checks s and returns it as a Hash. Accepted: argon2id, version 19,
// m 7168 to 65536 KiB, t 5 to 16, p 1 to 4, salt 16 to 128 bytes, key 32 to 64
// bytes, written exactly as Hash writes it. Weaker numbers are refused, stronger
// ones cost the box time and memory it does not have. Hashes made elsewhere with
// a salt below 116 bytes are accepted, but comparing with them leaves a code in
// the heap until its place is used again: let [Code.Hash] make them. Errors name
// the part and the bound, never salt or key.
func ParseHash(s string) (Hash, error) {
	p, err := parse(s)
	if err != nil {
		return "", fmt.Errorf("reading a clerk's hash: %w", err)
	}
	return p.hash(), nil
}

// phc is a hash taken apart.
type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func (p phc) hash() Hash {
	b64 := base64.RawStdEncoding
	return Hash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.memory, p.time, p.threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.key)))
}

func parse(s string) (phc, error) {
	var p phc
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" {
		return p, fmt.Errorf("%w: want five parts, each after a $, got %d", ErrHash, len(part)-1)
	}
	if part[1] != "argon2id" {
		return p, fmt.Errorf("%w: the method is not argon2id", ErrHash)
	}
	if want := "v=" + strconv.Itoa(argon2.Version); part[2] != want {
		return p, fmt.Errorf("%w: the version is not %s", ErrHash, want)
	}
	number := strings.Split(part[3], ",")
	if len(number) != 3 {
		return p, fmt.Errorf("%w: want m=…,t=…,p=…", ErrHash)
	}
	var n [3]uint64
	for i, b := range []struct {
		name     string
		min, max uint64
	}{{"m=", memoryKiB, 64 * 1024}, {"t=", passes, 16}, {"p=", lanes, 4}} {
		digits, found := strings.CutPrefix(number[i], b.name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil || strconv.FormatUint(v, 10) != digits || v < b.min || v > b.max {
			return p, fmt.Errorf("%w: want %s%d to %d", ErrHash, b.name, b.min, b.max)
		}
		n[i] = v
	}
	p.memory, p.time, p.threads = uint32(n[0]), uint32(n[1]), uint8(n[2])
	var err error
	if p.salt, err = decode(part[4], "salt", saltAtLast, saltLen); err != nil {
		return p, err
	}
	if p.key, err = decode(part[5], "key", keyLen, 64); err != nil {
		return p, err
	}
	return p, nil
}

// decode reads unpadded base64 of a bounded length, without stray bits.
func decode(s, name string, min, max int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: the %s is not unpadded base64", ErrHash, name)
	}
	if len(b) < min || len(b) > max {
		return nil, fmt.Errorf("%w: want a %s of %d to %d bytes, got %d", ErrHash, name, min, max, len(b))
	}
	return b, nil
}
