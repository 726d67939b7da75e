// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"

	"madoguchi/display/fonts"
)

// encode draws the runes and packs them as package fonts describes.
func encode(src *source, size int, common, rest []rune) ([]byte, error) {
	all := append(append([]rune(nil), common...), rest...)
	var list, glyphs bytes.Buffer
	for _, r := range all {
		c, err := src.draw(r, size)
		if err != nil {
			return nil, err
		}
		list.Write(binary.LittleEndian.AppendUint32(nil, uint32(r)|uint32(c.width)<<fonts.RuneBits))
		glyphs.Write(c.bits)
	}
	per := fonts.PerBlock * size * ((size + 7) / 8)
	blocks := [][]byte{list.Bytes()}
	for b := glyphs.Bytes(); len(b) > 0; b = b[min(per, len(b)):] {
		blocks = append(blocks, b[:min(per, len(b))])
	}
	var body bytes.Buffer
	var ends []uint32
	for _, b := range blocks {
		w, err := flate.NewWriter(&body, flate.BestCompression)
		if err != nil {
			return nil, fmt.Errorf("deflating: %w", err)
		}
		if _, err := w.Write(b); err != nil {
			return nil, fmt.Errorf("deflating: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("deflating: %w", err)
		}
		ends = append(ends, uint32(body.Len()))
	}
	out := bytes.NewBufferString(fonts.Magic)
	h := fonts.Header{Size: uint32(size), Common: uint32(len(common)), Total: uint32(len(all)), Blocks: uint32(len(blocks) - 1)}
	for _, v := range []any{h, ends} {
		if err := binary.Write(out, binary.LittleEndian, v); err != nil {
			return nil, fmt.Errorf("packing: %w", err)
		}
	}
	out.Write(body.Bytes())
	return out.Bytes(), nil
}
