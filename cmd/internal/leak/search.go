// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A Hit is one place where a secret was found. It names the secret by its number, never by its characters.
type Hit struct {
	Where  string // "box memory [heap]", "outbox.db", …
	Offset int64  // bytes from the start of Where; an address for a memory region
	Secret int    // index into the secrets the Searcher was made with
	Form   string // which form of it
	Len    int    // bytes of that form
}

// Weak reports whether the form is so short that it stands by chance in what is random by nature: four digits in a record's random
// number in hex, for one. A weak hit is a leak if it comes again with another secret.
func (h Hit) Weak() bool { return h.Len < 6 }

func (h Hit) String() string {
	return fmt.Sprintf("secret %d (%s) at %#x in %s", h.Secret, h.Form, h.Offset, h.Where)
}

// A Searcher looks for every form of many secrets in one pass.
type Searcher struct {
	forms   []located
	longest int
	byKey   map[uint32][]int // four bytes of a form → forms
	filter  [1 << filterBits / 64]uint64
}

// filterBits sets the size of the filter, 64 KiB: it stays in the processor's second cache, and a few thousand forms fill little of it.
const filterBits = 19

// slot spreads four bytes over the filter.
func slot(key uint32) uint32 { return key * 0x9E3779B1 >> (32 - filterBits) }

type located struct {
	Form
	secret int
	at     int // of the four bytes that are looked for
}

// NewSearcher prepares a search for all forms of the secrets.
func NewSearcher(secrets ...string) *Searcher {
	s := &Searcher{byKey: map[uint32][]int{}}
	for i, secret := range secrets {
		for _, f := range Forms(secret) {
			at := rarest(f.Bytes)
			key := binary.LittleEndian.Uint32(f.Bytes[at:])
			s.byKey[key] = append(s.byKey[key], len(s.forms))
			s.filter[slot(key)/64] |= 1 << (slot(key) % 64)
			s.forms = append(s.forms, located{f, i, at})
			s.longest = max(s.longest, len(f.Bytes))
		}
	}
	return s
}

// Longest is the length in bytes of the longest form.
func (s *Searcher) Longest() int { return s.longest }

// rarest is where in a form the four bytes begin that memory has the fewest of: those with the fewest zeros. Most of memory is zero.
func rarest(b []byte) (at int) {
	best := -1
	for i := 0; i+MinForm <= len(b); i++ {
		if n := MinForm - bytes.Count(b[i:i+MinForm], []byte{0}); n > best {
			at, best = i, n
		}
	}
	return at
}

// most is how many occurrences of one form are reported of one piece of memory: "0000" stands in every empty page.
const most = 4

// Bytes reports where forms occur in b, whose first byte lies at offset base of where; of each form the first few places.
func (s *Searcher) Bytes(where string, base int64, b []byte) []Hit {
	var hits []Hit
	seen := map[int]int{}
	for i := 0; i+MinForm <= len(b); i++ {
		key := binary.LittleEndian.Uint32(b[i:])
		if s.filter[slot(key)/64]&(1<<(slot(key)%64)) == 0 {
			continue
		}
		for _, f := range s.byKey[key] {
			form := &s.forms[f]
			if from := i - form.at; from >= 0 && seen[f] < most && bytes.HasPrefix(b[from:], form.Bytes) {
				seen[f]++
				hits = append(hits, Hit{where, base + int64(from), form.secret, form.Name, len(form.Bytes)})
			}
		}
	}
	return hits
}

// Reader reports what r gives until EOF as [Searcher.Bytes] does, also across its reads.
func (s *Searcher) Reader(where string, base int64, r io.Reader) ([]Hit, error) {
	const chunk = 1 << 20
	var hits []Hit
	keep := max(s.longest-1, 0)
	buf := make([]byte, 0, chunk+keep)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		end := err != nil
		for _, h := range s.Bytes(where, base, buf) {
			// what begins in the kept tail is found again, whole, in the next round
			if end || h.Offset < base+int64(len(buf)-keep) {
				hits = append(hits, h)
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return hits, nil
		}
		if err != nil {
			return hits, fmt.Errorf("reading %s: %w", where, err)
		}
		tail := copy(buf, buf[len(buf)-keep:])
		base += int64(cap(buf) - keep)
		buf = buf[:tail]
	}
}
