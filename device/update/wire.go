// SPDX-License-Identifier: Apache-2.0

package update

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// MaxPart is the most data in one Part, in bytes. With its head it fits a wall.Bytes frame.
const MaxPart = 64 << 10

// maxName is the longest name of an object: "chunk/" and 64 hexadecimal digits, with room for longer roles.
const maxName = 96

// absent is the size that says "no such object".
const absent = math.MaxUint64

// ErrAbsent says that the depot has no object of that name: asking again does not help.
var ErrAbsent = errors.New("no such object")

// A Want asks for a part of a named object, or for several whole chunks; the body of a wall.Want frame.
type Want struct {
	Name   string   // "root/3", "timestamp", "firmware/7", "object/<sha256>", "chunk/<sha256>"
	Offset uint64   // bytes
	Len    uint32   // bytes, at most MaxPart
	Chunks []Digest // nil, or two to maxWanted: these whole, each answered by a Part of its own; the other fields are empty
}

// maxWanted is how many chunks one request asks for: what fits a wall.Want frame of 256 bytes. A request for each would cost a fifth of what its answer costs.
const maxWanted = 7

// Each returns the wants that one Part answers, in order.
func (w Want) Each() []Want {
	if w.Chunks == nil {
		return []Want{w}
	}
	all := make([]Want, len(w.Chunks))
	for i, d := range w.Chunks {
		all[i] = Want{Name: ChunkName(d), Len: MaxPart}
	}
	return all
}

// A Part answers a Want; the body of a wall.Bytes frame.
type Part struct {
	Name   string
	Offset uint64
	Size   uint64 // of the whole object, bytes
	Absent bool   // there is no such object; Size and Data are empty
	Data   []byte // may be shorter than asked for, at the object's end
}

// Encode returns the want as bytes: name length u8, name, offset u64, length u32, big endian; or a zero byte and the chunks' digests.
func (w Want) Encode() ([]byte, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	if w.Chunks != nil {
		b := make([]byte, 1, 1+len(w.Chunks)*len(Digest{}))
		for _, d := range w.Chunks {
			b = append(b, d[:]...)
		}
		return b, nil
	}
	b := append([]byte{byte(len(w.Name))}, w.Name...)
	b = binary.BigEndian.AppendUint64(b, w.Offset)
	return binary.BigEndian.AppendUint32(b, w.Len), nil
}

// ParseWant reads what Encode wrote and refuses anything else.
func ParseWant(b []byte) (Want, error) {
	if len(b) > 0 && b[0] == 0 {
		return parseChunks(b[1:])
	}
	name, rest, err := cutName(b)
	if err != nil {
		return Want{}, fmt.Errorf("parsing want: %w", err)
	}
	if len(rest) != 12 {
		return Want{}, fmt.Errorf("parsing want: %d bytes after the name, want 12", len(rest))
	}
	w := Want{Name: name, Offset: binary.BigEndian.Uint64(rest), Len: binary.BigEndian.Uint32(rest[8:])}
	return w, w.check()
}

func parseChunks(b []byte) (Want, error) {
	if len(b)%len(Digest{}) != 0 || len(b) < 2*len(Digest{}) { // one alone is asked for by name: there is one way to say a thing
		return Want{}, fmt.Errorf("parsing want: %d bytes of digests", len(b))
	}
	var w Want
	for ; len(b) > 0; b = b[len(Digest{}):] {
		w.Chunks = append(w.Chunks, Digest(b))
	}
	return w, w.check()
}

func (w Want) check() error {
	if w.Chunks != nil {
		if n := len(w.Chunks); n < 2 || n > maxWanted || w.Name != "" || w.Offset != 0 || w.Len != 0 {
			return fmt.Errorf("want of %d chunks: between 2 and %d are asked for at a time, and nothing else", n, maxWanted)
		}
		return nil
	}
	if err := checkName(w.Name); err != nil {
		return err
	}
	if w.Len == 0 || w.Len > MaxPart {
		return fmt.Errorf("want of %d bytes: between 1 and %d are asked for at a time", w.Len, MaxPart)
	}
	if w.Offset > math.MaxInt64-MaxPart {
		return fmt.Errorf("want at offset %d: too far", w.Offset)
	}
	return nil
}

// Encode returns the part as bytes: name length u8, name, offset u64, size u64 (all ones: absent), data.
func (p Part) Encode() ([]byte, error) {
	size := p.Size
	if p.Absent {
		size = absent
	}
	if err := p.check(size); err != nil {
		return nil, err
	}
	return append(p.head(size, len(p.Data)), p.Data...), nil
}

// ReadPart returns the bytes of the part of n bytes that answers a want, out of an object of size bytes.
func ReadPart(w Want, size uint64, n int, object io.ReaderAt) ([]byte, error) {
	p := Part{Name: w.Name, Offset: w.Offset, Size: size}
	head := p.head(size, n)
	b := head[:len(head)+n]
	p.Data = b[len(head):]
	if err := p.check(size); err != nil {
		return nil, err
	}
	if _, err := object.ReadAt(p.Data, int64(w.Offset)); err != nil {
		return nil, fmt.Errorf("reading %s at %d: %w", w.Name, w.Offset, err)
	}
	return b, nil
}

// head is what stands in front of n bytes of data, with room for them.
func (p Part) head(size uint64, n int) []byte {
	b := make([]byte, 0, 1+len(p.Name)+16+n)
	b = append(append(b, byte(len(p.Name))), p.Name...)
	b = binary.BigEndian.AppendUint64(b, p.Offset)
	return binary.BigEndian.AppendUint64(b, size)
}

// ParsePart reads what Encode wrote and refuses anything else. Data is part of b.
func ParsePart(b []byte) (Part, error) {
	name, rest, err := cutName(b)
	if err != nil {
		return Part{}, fmt.Errorf("parsing part: %w", err)
	}
	if len(rest) < 16 {
		return Part{}, fmt.Errorf("parsing part: %d bytes after the name, want at least 16", len(rest))
	}
	p := Part{Name: name, Offset: binary.BigEndian.Uint64(rest), Data: rest[16:]}
	size := binary.BigEndian.Uint64(rest[8:])
	if err := p.check(size); err != nil {
		return Part{}, fmt.Errorf("parsing part: %w", err)
	}
	if size == absent {
		p.Absent = true
	} else {
		p.Size = size
	}
	return p, nil
}

func (p Part) check(size uint64) error {
	if err := checkName(p.Name); err != nil {
		return err
	}
	switch n := uint64(len(p.Data)); {
	case n > MaxPart:
		return fmt.Errorf("part of %d bytes: at most %d", n, MaxPart)
	case size == absent && n > 0:
		return errors.New("part of an absent object with data")
	case size != absent && (size > math.MaxInt64 || p.Offset > size || n > size-p.Offset):
		return fmt.Errorf("part [%d, +%d) of an object of %d bytes", p.Offset, n, size)
	}
	return nil
}

func cutName(b []byte) (string, []byte, error) {
	if len(b) == 0 || len(b) < 1+int(b[0]) {
		return "", nil, errors.New("cut in its name")
	}
	n := 1 + int(b[0])
	return string(b[1:n]), b[n:], nil
}

// CheckName says why a name is none that an object of a depot can have; nil: it is one.
func CheckName(s string) error { return checkName(s) }

// checkName admits small letters, digits, "-", "_", "." and "/" between them: a name can be part of a path or a topic without being one.
func checkName(s string) error {
	if s == "" || len(s) > maxName {
		return fmt.Errorf("name of %d characters: between 1 and %d", len(s), maxName)
	}
	last := byte('/')
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '.' && last != '.' && last != '/', c == '/' && last != '/' && last != '.':
		default:
			return fmt.Errorf("name %q: character %d", s, i+1)
		}
		last = c
	}
	if last == '/' || last == '.' {
		return fmt.Errorf("name %q: ends in %q", s, last)
	}
	return nil
}
