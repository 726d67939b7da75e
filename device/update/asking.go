// SPDX-License-Identifier: Apache-2.0

package update

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// gather is a chunk on its way: on a slow line it comes in pieces. A chunk has at most 16 blocks, so a word holds which of them.
type gather struct {
	data       []byte // nil: nothing has come
	got, asked uint16 // blocks
	again      uint16 // blocks that were asked for more than once
	rest       time.Time
}

// request is a piece of a chunk that was asked for.
type request struct {
	place  int
	blocks uint16
	len    int // bytes
	at     time.Time
}

// allBlocks are those of a chunk of n bytes.
func allBlocks(n uint32) uint16 {
	return uint16(1)<<((n+block-1)/block) - 1 // of 16 blocks: 0 - 1
}

// Next returns what to ask for now: as many requests as the line and the rate cap allow, those without an answer again. wake is when to call again if nothing comes
// before.
func (t *Transfer) Next(now time.Time) (wants []Want, wake time.Time, err error) {
	if t.err != nil || t.left == 0 {
		return nil, time.Time{}, t.err
	}
	if t.expire(now); t.pace.silent >= t.o.Tries {
		t.err = fmt.Errorf("%d of %d chunks lack, and patience ended %d times: %w", t.left, len(t.list), t.pace.silent, ErrSilent)
		return nil, time.Time{}, t.err
	}
	var whole []Digest
	for enough := t.pace.window-len(t.asked) >= t.pace.batch(); enough && len(t.asked) < t.pace.window && !now.Before(t.ready); {
		w, ok := t.ask(now)
		if !ok {
			break
		}
		if i := t.asked[len(t.asked)-1].place; w.Len == t.list[i].Len {
			whole = append(whole, t.list[i].SHA256)
		} else {
			wants = append(wants, w)
		}
		if t.o.RateBPS > 0 {
			if t.ready.Before(now) {
				t.ready = now
			}
			t.ready = t.ready.Add(time.Duration(int64(w.Len) * int64(time.Second) / t.o.RateBPS))
		}
	}
	for some := range slices.Chunk(whole, maxWanted) {
		if len(some) == 1 {
			wants = append(wants, Want{Name: ChunkName(some[0]), Len: t.list[t.where[some[0]][0]].Len})
			continue
		}
		wants = append(wants, Want{Chunks: slices.Clone(some)})
	}
	earlier := func(at time.Time) {
		if at.After(now) && (wake.IsZero() || at.Before(wake)) {
			wake = at
		}
	}
	for _, r := range t.asked {
		earlier(r.at.Add(t.pace.patience(t.o.Patience)))
	}
	if len(t.asked) < t.pace.window {
		earlier(t.ready)
		for _, g := range t.begun {
			earlier(g.rest)
		}
	}
	return wants, wake, nil
}

// expire takes back requests whose patience has ended. Those that were under way together are lost together: they count once.
func (t *Transfer) expire(now time.Time) {
	patience := t.pace.patience(t.o.Patience)
	t.asked = slices.DeleteFunc(t.asked, func(r request) bool {
		if now.Before(r.at.Add(patience)) {
			return false
		}
		if !r.at.Before(t.since) {
			t.pace.late()
			t.since = now
		}
		g := t.begun[r.place]
		g.asked &^= r.blocks
		g.again |= r.blocks
		return true
	})
}

// ask picks the next piece: of a chunk that was begun, else of the first one that was not.
func (t *Transfer) ask(now time.Time) (Want, bool) {
	at := -1
	for i, g := range t.begun {
		if (g.got|g.asked) != allBlocks(t.list[i].Len) && !now.Before(g.rest) && (at < 0 || i < at) {
			at = i
		}
	}
	for ; at < 0 && t.next < len(t.list); t.next++ {
		if !t.have[t.next] && t.where[t.list[t.next].SHA256][0] == t.next {
			at = t.next
			t.begun[at] = &gather{}
		}
	}
	if at < 0 {
		return Want{}, false
	}
	g, c := t.begun[at], t.list[at]
	first := bits.TrailingZeros16(^(g.got | g.asked))
	n := 0
	for ; n < t.pace.piece/block && (g.got|g.asked|^allBlocks(c.Len))>>(first+n)&1 == 0 && first+n < 16; n++ {
	}
	from := uint32(first) * block
	r := request{at, (1<<n - 1) << first, int(min(uint32(n)*block, c.Len-from)), now}
	g.asked |= r.blocks
	t.asked = append(t.asked, r)
	return Want{Name: ChunkName(c.SHA256), Offset: uint64(from), Len: uint32(r.len)}, true
}

// Deliver takes an answer, whose data it may keep, and when it came. A part that was not asked for costs its bytes and is dropped; a bad chunk is asked for again after a rest. An error ends the
// transfer: ErrAbsent (the depot has dropped the object), ErrBudget, or the disk's.
func (t *Transfer) Deliver(p Part, now time.Time) error {
	if t.err != nil {
		return t.err
	}
	t.tally.Received += int64(len(p.Data))
	i := t.pending(p.Name)
	if i >= 0 && p.Absent {
		t.err = fmt.Errorf("%s: %w", p.Name, ErrAbsent)
		return t.err
	}
	if i < 0 || !t.piece(i, p) {
		t.tally.Bad += int64(len(p.Data))
	} else {
		t.settle(i, now)
		if g, c := t.begun[i], t.list[i]; g.got == allBlocks(c.Len) {
			if Sum(g.data) == c.SHA256 {
				return t.put(c.SHA256, g.data)
			}
			t.tally.Bad += int64(c.Len)
			*g = gather{rest: now.Add(t.pace.patience(t.o.Patience)), again: g.got}
		}
	}
	if float64(t.tally.Received) > t.o.Budget*float64(t.m.Size)+MaxPart {
		t.err = ErrBudget
	}
	return t.err
}

// piece lays an answer into its chunk and tells whether anything of it was new. Whole blocks are taken, and the rest of a chunk.
func (t *Transfer) piece(i int, p Part) bool {
	g, size := t.begun[i], uint64(t.list[i].Len)
	n := uint64(len(p.Data))
	if n == 0 || p.Offset%block != 0 || p.Offset > size || n > size-p.Offset || n%block != 0 && p.Offset+n != size {
		return false
	}
	blocks := allBlocks(uint32(n)) << (p.Offset / block)
	if blocks&^g.got == 0 {
		return false
	}
	switch {
	case n == size:
		g.data = p.Data // the part is the chunk's own
	case g.data == nil:
		g.data = make([]byte, size)
		fallthrough
	default:
		copy(g.data[p.Offset:], p.Data)
	}
	g.got |= blocks
	return true
}

// settle ends the requests of a chunk that are answered, and tells the pace how long each took.
func (t *Transfer) settle(i int, now time.Time) {
	t.pace.moved()
	g := t.begun[i]
	t.asked = slices.DeleteFunc(t.asked, func(r request) bool {
		if r.place != i || r.blocks&^g.got != 0 {
			return false
		}
		if r.blocks&g.again == 0 { // else nobody knows which request it answers
			t.pace.answered(r.len, now.Sub(r.at))
		}
		return true
	})
}

// forget drops what is known of a chunk that is there now.
func (t *Transfer) forget(i int) {
	delete(t.begun, i)
	t.asked = slices.DeleteFunc(t.asked, func(r request) bool { return r.place == i })
}

// pending is the place of the chunk on its way that a name answers, -1 if there is none.
func (t *Transfer) pending(name string) int {
	hex, ok := strings.CutPrefix(name, "chunk/")
	var d Digest
	if !ok || d.UnmarshalText([]byte(hex)) != nil || len(t.where[d]) == 0 {
		return -1
	}
	i := t.where[d][0]
	if t.begun[i] == nil {
		return -1
	}
	return i
}
