// SPDX-License-Identifier: Apache-2.0

package fonts

import (
	"compress/flate"
	"embed"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.bin
var files embed.FS

// DottedZero is the digit zero with a dot, for tables where it stands beside the letter O. It lies in Unicode's private area.
const DottedZero = '\uE000'

// The file format, all numbers little-endian: the magic, a header, the ends of the deflated blocks counted from the first, the blocks.
// Block 0 is the list of runes, four bytes each, in two sorted runs: first Common runes, then the rest; the bits from RuneBits on are the
// width of the glyph in pixels. Each further block holds PerBlock glyphs of Size rows of (Size+7)/8 bytes in the order of the list, 1 = ink,
// leftmost pixel highest.
const (
	Magic    = "MGF2"
	PerBlock = 64
	RuneBits = 21
)

// A Header follows the magic of a file.
type Header struct {
	Size   uint32 // height of a cell in pixels; width of the widest
	Common uint32 // runes in the first run
	Total  uint32 // runes in both
	Blocks uint32 // blocks of glyphs, without the list
}

// cached is the number of inflated blocks a face keeps: 16 blocks of 32 px glyphs are 128 KiB.
const cached = 16

// A Glyph is one cell.
type Glyph struct {
	W, H   int    // pixels; W is at most H
	Stride int    // bytes in a row
	Bits   []byte // H rows, 1 = ink; valid until the next call of Glyph
}

// A Face is the glyphs of one size. It is not safe for use by several goroutines at once.
type Face struct {
	size   int
	common []uint32 // sorted by rune, width included
	rest   []uint32
	ends   []uint32
	file   io.ReaderAt // of an embedded file: part of the program's read-only image, never copied
	data   int64       // where its deflated blocks begin

	blocks map[int][]byte
	order  []int // blocks in the order they came, oldest first
	inf    io.ReadCloser
}

// Sizes returns the sizes there are, ascending.
func Sizes() []int {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil // an embedded folder can always be listed
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".bin")); err == nil {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// Open returns the face of a size. Only the list of runes is inflated.
func Open(size int) (*Face, error) {
	f, err := openFile(strconv.Itoa(size) + ".bin")
	if err != nil {
		return nil, fmt.Errorf("opening glyphs of %d px: %w", size, err)
	}
	return f, nil
}

func openFile(name string) (*Face, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	at, ok := file.(io.ReaderAt) // as package embed promises; ReadFile would put a copy of 2 MiB on the heap
	if !ok {
		return nil, fmt.Errorf("%s cannot be read at a place", name)
	}
	return Decode(at, info.Size())
}

// Decode reads the header and the list of runes of a glyph file of size bytes. Its glyphs are read as they are asked for, so file must outlive the face.
func Decode(file io.ReaderAt, size int64) (*Face, error) {
	rd := io.NewSectionReader(file, 0, size)
	var magic [len(Magic)]byte
	var h Header
	if _, err := io.ReadFull(rd, magic[:]); err != nil || string(magic[:]) != Magic {
		return nil, fmt.Errorf("no glyph file: magic %q", magic)
	}
	if err := binary.Read(rd, binary.LittleEndian, &h); err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	// 16 MiB of glyphs and 256 px are far beyond any panel: more is damage, not a font.
	if h.Size == 0 || h.Size > 256 || h.Common > h.Total || h.Total > 1<<17 || h.Blocks != (h.Total+PerBlock-1)/PerBlock {
		return nil, fmt.Errorf("damaged header: %+v", h)
	}
	f := &Face{size: int(h.Size), file: file, ends: make([]uint32, h.Blocks+1), blocks: make(map[int][]byte)}
	if err := binary.Read(rd, binary.LittleEndian, f.ends); err != nil {
		return nil, fmt.Errorf("reading the block table: %w", err)
	}
	f.data = int64(len(Magic)) + int64(binary.Size(h)) + int64(binary.Size(f.ends))
	if !slices.IsSorted(f.ends) || int64(f.ends[h.Blocks]) != size-f.data {
		return nil, fmt.Errorf("damaged block table: it ends at %d of %d bytes", f.ends[h.Blocks], size-f.data)
	}
	list, err := f.inflate(0, int(h.Total)*4)
	if err != nil {
		return nil, fmt.Errorf("reading the runes: %w", err)
	}
	runes := make([]uint32, h.Total)
	for i := range runes {
		runes[i] = binary.LittleEndian.Uint32(list[4*i:])
	}
	f.common, f.rest = runes[:h.Common], runes[h.Common:]
	return f, nil
}

// Size returns the height of a cell in pixels.
func (f *Face) Size() int { return f.size }

// Runes returns every rune of the face: those of the catalogue, then the others, each sorted.
func (f *Face) Runes() []rune {
	out := make([]rune, 0, len(f.common)+len(f.rest))
	for _, run := range [][]uint32{f.common, f.rest} {
		for _, r := range run {
			out = append(out, runeOf(r))
		}
	}
	return out
}

// Advance returns the width of a rune in pixels; false if the face lacks it.
func (f *Face) Advance(r rune) (int, bool) {
	_, w, ok := f.find(r)
	return w, ok
}

// Glyph returns the picture of a rune; false if the face lacks it or the file is damaged.
func (f *Face) Glyph(r rune) (Glyph, bool) {
	i, w, ok := f.find(r)
	if !ok {
		return Glyph{}, false
	}
	stride := (f.size + 7) / 8
	n := stride * f.size
	b, err := f.block(i/PerBlock, n)
	if err != nil {
		return Glyph{}, false
	}
	at := i % PerBlock * n
	return Glyph{W: w, H: f.size, Stride: stride, Bits: b[at : at+n]}, true
}

func runeOf(entry uint32) rune { return rune(entry & (1<<RuneBits - 1)) }

// find returns the place of a rune and its width; that of a rune which is not there is the widest.
func (f *Face) find(r rune) (i, width int, ok bool) {
	base := 0
	for _, run := range [][]uint32{f.common, f.rest} {
		j, found := slices.BinarySearchFunc(run, r, func(a uint32, b rune) int { return int(runeOf(a)) - int(b) })
		if found {
			return base + j, min(int(run[j]>>RuneBits), f.size), true
		}
		base += len(run)
	}
	return 0, f.size, false
}

// block returns the inflated glyphs of block i (from 0), each of n bytes.
func (f *Face) block(i, n int) ([]byte, error) {
	if b, ok := f.blocks[i]; ok {
		return b, nil
	}
	glyphs := min(PerBlock, len(f.common)+len(f.rest)-i*PerBlock)
	b, err := f.inflate(i+1, glyphs*n)
	if err != nil {
		return nil, err
	}
	if len(f.order) == cached {
		delete(f.blocks, f.order[0])
		f.order = f.order[:copy(f.order, f.order[1:])]
	}
	f.blocks[i] = b
	f.order = append(f.order, i)
	return b, nil
}

// inflate returns the want bytes of a deflated block.
func (f *Face) inflate(i, want int) ([]byte, error) {
	var from uint32
	if i > 0 {
		from = f.ends[i-1]
	}
	in := io.NewSectionReader(f.file, f.data+int64(from), int64(f.ends[i]-from))
	if f.inf == nil {
		f.inf = flate.NewReader(in)
	} else if err := f.inf.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, fmt.Errorf("inflating block %d: %w", i, err)
	}
	out := make([]byte, want)
	if _, err := io.ReadFull(f.inf, out); err != nil {
		return nil, fmt.Errorf("inflating block %d: %w", i, err)
	}
	return out, nil
}
