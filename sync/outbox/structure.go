// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The file format of bbolt v1.5.0 (internal/common), version 2, as far as a check needs it. All numbers are little endian on every board that the box is built for.
const (
	pageSize  = 4096 // fixed by boltOptions
	pageHead  = 16   // id u64, flags u16, count u16, overflow u32
	elemSize  = 16   // both kinds of element
	metaMagic = 0xED0CDAED
	metaSize  = 64

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10
	flagBucket   = 0x01 // of a leaf element: the value is a bucket

	maxDepth = 32 // of pages and buckets; a 16 MiB file needs 4
)

// checkStructure says whether a file is a whole bbolt database: a valid meta page; every page that is reached from it there, inside the file, of a known kind, itself, and
// reached once; keys in order; every other page free, and free once. It is bbolt's own Check as a reader that trusts nothing, takes no lock, and cannot be made to
// loop, to fault, or to use more memory than the largest value: bbolt itself panics, faults (SIGBUS behind the end of a cut file) or loops on such files.
func checkStructure(r io.ReaderAt, size int64) error {
	if size < 4*pageSize {
		return fmt.Errorf("%d bytes are less than a database has", size)
	}
	m, err := newestMeta(r)
	if err != nil {
		return err
	}
	if m.pages > uint64(1<<40/pageSize) {
		return fmt.Errorf("%d pages are no outbox", m.pages)
	}
	c := &checker{r: r, size: size, pages: m.pages, seen: make(map[uint64]bool)}
	if err := c.freelist(m.freelist); err != nil {
		return fmt.Errorf("freelist: %w", err)
	}
	if err := c.tree(m.root, 0, &order{}); err != nil {
		return err
	}
	for id := uint64(2); id < m.pages; id++ {
		if !c.seen[id] {
			return fmt.Errorf("page %d is neither used nor free", id)
		}
	}
	return nil
}

// meta is the part of a meta page that leads to the rest.
type meta struct{ root, freelist, pages, tx uint64 }

var le = binary.LittleEndian

// newestMeta is the valid meta page with the higher transaction, as bbolt chooses it.
func newestMeta(r io.ReaderAt) (meta, error) {
	var best meta
	found := false
	for id := range int64(2) {
		var b [pageHead + metaSize]byte
		if _, err := r.ReadAt(b[:], id*pageSize); err != nil {
			return meta{}, fmt.Errorf("reading meta page %d: %w", id, err)
		}
		// The head is not under the checksum, and the same in every version of the page: no torn write changes it.
		if le.Uint64(b[:]) != uint64(id) || le.Uint16(b[8:]) != flagMeta {
			return meta{}, fmt.Errorf("page %d is not the meta page that it was", id)
		}
		p := b[pageHead:]
		h := fnv.New64a()
		h.Write(p[:metaSize-8])
		if le.Uint32(p) != metaMagic || le.Uint32(p[4:]) != 2 || le.Uint32(p[8:]) != pageSize || le.Uint64(p[56:]) != h.Sum64() {
			continue
		}
		m := meta{root: le.Uint64(p[16:]), freelist: le.Uint64(p[32:]), pages: le.Uint64(p[40:]), tx: le.Uint64(p[48:])}
		if !found || m.tx > best.tx {
			best, found = m, true
		}
	}
	if !found {
		return meta{}, errors.New("neither meta page is valid")
	}
	return best, nil
}

// checker walks the pages.
type checker struct {
	r     io.ReaderAt
	size  int64
	pages uint64          // the high water mark: pages 0 to pages-1 exist
	seen  map[uint64]bool // used or free
}

// page reads a page with its overflow and marks it as seen.
func (c *checker) page(id uint64) (b []byte, flags uint16, count int, err error) {
	if id < 2 || id >= c.pages {
		return nil, 0, 0, fmt.Errorf("page %d is not in 2 to %d", id, c.pages-1)
	}
	var head [pageHead]byte
	if _, err := c.r.ReadAt(head[:], int64(id)*pageSize); err != nil {
		return nil, 0, 0, fmt.Errorf("reading page %d: %w", id, err)
	}
	if self := le.Uint64(head[:]); self != id {
		return nil, 0, 0, fmt.Errorf("page %d says that it is %d", id, self)
	}
	n := 1 + uint64(le.Uint32(head[12:]))
	if n > c.pages-id || int64(id+n)*pageSize > c.size {
		return nil, 0, 0, fmt.Errorf("page %d with %d pages is longer than the file", id, n)
	}
	for i := id; i < id+n; i++ {
		if c.seen[i] {
			return nil, 0, 0, fmt.Errorf("page %d is used twice", i)
		}
		c.seen[i] = true
	}
	b = make([]byte, n*pageSize)
	if _, err := c.r.ReadAt(b, int64(id)*pageSize); err != nil {
		return nil, 0, 0, fmt.Errorf("reading page %d: %w", id, err)
	}
	return b, le.Uint16(head[8:]), int(le.Uint16(head[10:])), nil
}

// freelist marks the free pages. They may lie behind the end of a cut file: nothing is lost with them.
func (c *checker) freelist(id uint64) error {
	b, flags, count, err := c.page(id)
	if err != nil {
		return err
	}
	if flags != flagFreelist {
		return fmt.Errorf("page %d has flags %#x", id, flags)
	}
	b = b[pageHead:]
	n := uint64(count)
	if count == 0xFFFF { // the count did not fit: it is the first number
		n, b = le.Uint64(b), b[8:]
	}
	if n > uint64(len(b)/8) {
		return fmt.Errorf("%d free pages are more than the list has room for", n)
	}
	for i := range n {
		free := le.Uint64(b[8*i:])
		if free < 2 || free >= c.pages || c.seen[free] {
			return fmt.Errorf("page %d is free twice, in use, or not there", free)
		}
		c.seen[free] = true
	}
	return nil
}

// order checks that keys ascend through all pages of one bucket.
type order struct {
	last  []byte // the key before, if any
	any   bool
	floor []byte // the branch's key: none below it is less
}

func (o *order) next(key []byte) error {
	if o.any && string(key) <= string(o.last) || string(key) < string(o.floor) {
		return errors.New("keys are out of order")
	}
	o.last, o.any = key, true
	return nil
}

// tree walks the page id and everything below it.
func (c *checker) tree(id uint64, depth int, o *order) error {
	if depth > maxDepth {
		return fmt.Errorf("page %d lies deeper than %d", id, maxDepth)
	}
	b, flags, count, err := c.page(id)
	if err != nil {
		return err
	}
	switch flags {
	case flagLeaf:
		err = c.leaf(b, count, depth, o)
	case flagBranch:
		err = c.branch(b, count, depth, o)
	default:
		err = fmt.Errorf("unknown flags %#x", flags)
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// span gives the n bytes at pos, counted from the element at off, if they lie inside b.
func span(b []byte, off int, pos, n uint64) ([]byte, error) {
	from := uint64(off) + pos
	if from > uint64(len(b)) || n > uint64(len(b))-from {
		return nil, errors.New("an entry reaches over the page's end")
	}
	return b[from : from+n], nil
}

func (c *checker) branch(b []byte, count, depth int, o *order) error {
	if count == 0 || pageHead+count*elemSize > len(b) {
		return fmt.Errorf("%d entries do not fit", count)
	}
	for i := range count {
		off := pageHead + i*elemSize
		key, err := span(b, off, uint64(le.Uint32(b[off:])), uint64(le.Uint32(b[off+4:])))
		if err != nil {
			return err
		}
		// A branch's key is not above the first key below it; whether it equals that key bbolt leaves open after deletions.
		if o.any && string(key) <= string(o.last) {
			return errors.New("keys are out of order")
		}
		child := &order{last: o.last, any: o.any, floor: key}
		if err := c.tree(le.Uint64(b[off+8:]), depth+1, child); err != nil {
			return err
		}
		*o = order{last: child.last, any: child.any}
	}
	return nil
}

func (c *checker) leaf(b []byte, count, depth int, o *order) error {
	if pageHead+count*elemSize > len(b) {
		return fmt.Errorf("%d entries do not fit", count)
	}
	for i := range count {
		off := pageHead + i*elemSize
		pos, ks, vs := uint64(le.Uint32(b[off+4:])), uint64(le.Uint32(b[off+8:])), uint64(le.Uint32(b[off+12:]))
		kv, err := span(b, off, pos, ks+vs)
		if err != nil {
			return err
		}
		if ks == 0 {
			return errors.New("empty key")
		}
		if err := o.next(kv[:ks]); err != nil {
			return err
		}
		if le.Uint32(b[off:])&flagBucket != 0 {
			if err := c.bucket(kv[ks:], depth); err != nil {
				return fmt.Errorf("bucket %q: %w", kv[:ks], err)
			}
		}
	}
	return nil
}

// bucket walks a bucket's own tree, or its one page if it is so small that it lies in the value itself.
func (c *checker) bucket(v []byte, depth int) error {
	if len(v) < 16 {
		return errors.New("bucket head is cut")
	}
	if root := le.Uint64(v); root != 0 {
		return c.tree(root, depth+1, &order{})
	}
	in := v[16:]
	if len(in) < pageHead || le.Uint16(in[8:]) != flagLeaf {
		return errors.New("inline bucket has no leaf page")
	}
	if depth > maxDepth {
		return errors.New("buckets lie too deep")
	}
	return c.leaf(in, int(le.Uint16(in[10:])), depth+1, &order{})
}
