// SPDX-License-Identifier: Apache-2.0

package update

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/restic/chunker"
)

// The cut: a Rabin fingerprint over 64 bytes decides where a chunk ends, on average after 32 KiB, never before 8 KiB or after MaxPart. Boxes in the field and the
// depot must agree on these numbers for ever: another cut still installs, but reuses nothing.
const (
	minChunk   = 8 << 10
	chunkBits  = 15
	polynomial = chunker.Pol(0x3DA3358B4DC173) // irreducible, held by a test
)

const (
	maxPayload = 2 << 30               // bytes
	maxChunks  = maxPayload / minChunk // of one object
	chunkEntry = sha256.Size + 4
)

// A Chunk is one piece of a payload.
type Chunk struct {
	SHA256 Digest
	Len    uint32 // bytes
}

// Cut reads a payload to its end, hands over each chunk in order and returns its size and digest. data is valid during the call only.
func Cut(r io.Reader, each func(c Chunk, data []byte) error) (size int64, sum Digest, err error) {
	whole := sha256.New()
	c := chunker.NewWithBoundaries(io.TeeReader(r, whole), polynomial, minChunk, MaxPart)
	c.SetAverageBits(chunkBits)
	buf := make([]byte, MaxPart)
	for {
		piece, err := c.Next(buf)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, Digest{}, fmt.Errorf("cutting payload at %d: %w", size, err)
		}
		if err := each(Chunk{Sum(piece.Data), uint32(piece.Length)}, piece.Data); err != nil {
			return 0, Digest{}, err
		}
		size += int64(piece.Length)
	}
	whole.Sum(sum[:0])
	return size, sum, nil
}

// EncodeChunks returns a list of chunks as an object: digest and length u32 of each, in order.
func EncodeChunks(list []Chunk) []byte {
	b := make([]byte, 0, len(list)*chunkEntry)
	for _, c := range list {
		b = append(b, c.SHA256[:]...)
		b = binary.BigEndian.AppendUint32(b, c.Len)
	}
	return b
}

// ParseChunks reads the list that a manifest names and holds it against the manifest: digest, count, and a sum of lengths that is the payload's size.
func ParseChunks(m Manifest, b []byte) ([]Chunk, error) {
	if got := Sum(b); got != m.Chunks.SHA256 {
		return nil, fmt.Errorf("parsing chunk list: digest %.8s, the manifest says %.8s", got, m.Chunks.SHA256)
	}
	if len(b) != m.Chunks.Count*chunkEntry {
		return nil, fmt.Errorf("parsing chunk list: %d bytes for %d chunks", len(b), m.Chunks.Count)
	}
	list := make([]Chunk, m.Chunks.Count)
	var sum int64
	for i := range list {
		e := b[i*chunkEntry:]
		copy(list[i].SHA256[:], e)
		n := binary.BigEndian.Uint32(e[sha256.Size:])
		if n == 0 || n > MaxPart {
			return nil, fmt.Errorf("parsing chunk list: chunk %d of %d bytes", i, n)
		}
		list[i].Len = n
		sum += int64(n)
	}
	if sum != m.Size {
		return nil, fmt.Errorf("parsing chunk list: %d bytes in all, the manifest says %d", sum, m.Size)
	}
	return list, nil
}
