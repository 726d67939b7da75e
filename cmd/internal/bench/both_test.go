// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"slices"
	"testing"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/display/mono"
	"madoguchi/pinpad"
)

const (
	// settle is how long the panel's lines must be still before a picture counts as finished, on a machine that is quick enough. With each key that was not
	// heard it doubles.
	settle = 600 * time.Millisecond
	// slow is worth a line in the log.
	slow = 5 * time.Second
	// deaf is after how long without any answer a key is pressed once more on the machine alone. The glass shows a picture before the box knows that it does; a
	// key pressed in between is dropped where a screen must have been seen, and a loaded guest hears of BUSY's fall late.
	deaf = 15 * time.Second
)

// both is the machine and its twin, under the same hands. Without a machine it is a rehearsal.
type both struct {
	t testing.TB
	m *machine
	w *twin

	card, twinCard *simcard.Card // that were inserted last

	last  pinpad.Key  // the key pressed last
	was   *mono.Image // the machine's glass before it
	news  int         // what the twin had observed before it
	again bool        // it was pressed once more, or was no key
	freed time.Time   // when it was let go
	slack int         // how often settle has doubled
}

// until waits until the twin stands at one of these screens and the machine shows the same picture; it returns which screen that is.
func (b *both) until(screens ...string) string {
	b.t.Helper()
	return b.wait(patience, func(s string) bool { return slices.Contains(screens, s) })
}

// settled waits until what the last key began is over: the twin has nothing in flight and the machine shows the same picture. It tells the screen.
func (b *both) settled() string {
	b.t.Helper()
	return b.wait(patience, func(s string) bool { return b.w.changed() != b.news })
}

func (b *both) wait(limit time.Duration, ok func(screen string) bool) string {
	b.t.Helper()
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		s := b.w.state()
		there := !s.Busy && ok(s.Screen)
		if there && b.same() {
			if time.Since(begun) > slow {
				b.t.Logf("          %.1f s until %s was shown", time.Since(begun).Seconds(), s.Screen)
			}
			return s.Screen
		}
		if there && b.unheard() {
			b.t.Logf("          the machine has not heard a key on its way to %s: pressed again", s.Screen)
			b.again, b.slack = true, min(b.slack+1, 3)
			b.m.press(b.last)
		}
		if b.m != nil {
			b.m.lives()
		}
		if time.Since(begun) < limit {
			continue
		}
		save(b.t, b.w.panel, "twin.png")
		if b.m == nil {
			b.t.Fatalf("the twin stays at %q (busy %t)", s.Screen, s.Busy)
		}
		b.m.savePicture("machine.png")
		b.m.fail("the twin shows %q (busy %t); the machine shows the same: %t (%s)", s.Screen, s.Busy, b.same(), pictures)
	}
}

// same compares the two glasses, once the machine's is finished. Nothing but the panels' bytes goes into it. Two screens tell what waits for city hall, where the twin's
// records go another way: at rest the machine must show one of the idle screens, at a case's close something new.
func (b *both) same() bool {
	if b.m == nil {
		return true
	}
	if b.m.board.Panel.Busy() || b.m.board.Quiet() < settle<<b.slack {
		return false
	}
	switch glass := b.m.glass(); b.w.state().Screen {
	case "idle":
		return b.m.idle()
	case "clerk.closed":
		return glass.Equal(b.w.panel.Glass()) || !glass.Equal(b.was) && !glass.Equal(mono.New(glass.W, glass.H))
	default:
		return glass.Equal(b.w.panel.Glass())
	}
}

// unheard tells whether the machine did nothing at all after the last key.
func (b *both) unheard() bool {
	return b.m != nil && !b.again && b.was != nil && b.m.board.Quiet() > deaf && b.m.glass().Equal(b.was)
}

// begins notes what is there before something that is no key.
func (b *both) begins() {
	b.news, b.again = b.w.changed(), true
	if b.m != nil {
		b.was = b.m.glass()
	}
}

// press presses keys one after the other on both.
func (b *both) press(keys ...pinpad.Key) {
	b.t.Helper()
	for _, k := range keys {
		if k == b.last {
			time.Sleep(time.Until(b.freed.Add(again)))
		}
		b.begins()
		b.last, b.again = k, false
		for _, mask := range []uint16{k.Bit(), 0} {
			b.w.hold(mask)
			if b.m != nil {
				b.m.hold(mask)
			}
		}
		b.freed = time.Now()
	}
}

// again is how long a key must be up before it counts again: the pad wants 120 ms, by the guest's clock, which is this one.
const again = 150 * time.Millisecond

// digits types a number.
func (b *both) digits(s string) {
	b.t.Helper()
	for _, c := range []byte(s) {
		b.press(pinpad.Key0 + pinpad.Key(c-'0'))
	}
}

// insert puts the cards into both readers.
func (b *both) insert() {
	b.t.Helper()
	b.begins()
	if b.m != nil {
		b.m.insert(b.card)
	}
	b.w.reader.Insert(b.twinCard)
}

// out takes the cards out of both readers.
func (b *both) out() {
	b.begins()
	if b.m != nil {
		b.m.out()
	}
	b.w.reader.Remove()
}

// save keeps the picture, of the machine if there is one.
func (b *both) save(name string) {
	b.t.Helper()
	if b.m != nil {
		b.m.savePicture(name)
	}
}

// press presses a key on the machine alone.
func (m *machine) press(k pinpad.Key) {
	m.t.Helper()
	m.hold(k.Bit())
	m.hold(0)
}

// sure is how many scans make a pad believe in a key: it asks for 3 at the closing and 5 at the opening.
const sure = 8

// hold does the same to the twin's.
func (w *twin) hold(mask uint16) {
	w.t.Helper()
	from := w.keys.Scans()
	w.keys.SetClosed(mask)
	for end := time.Now().Add(patience); w.keys.Scans()-from < sure && (mask != 0 || !w.keys.Asleep()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("nobody scans the twin's keys")
		}
	}
}

// hold sets the keys and waits for some scans of four columns. A pad that scans no more rests, and has
// believed it: it rests only with all keys open.
func (m *machine) hold(mask uint16) {
	m.t.Helper()
	begun, from := time.Now(), m.board.Scans()
	m.board.Closed(mask)
	for last, moved := from, begun; m.board.Scans()-from < sure*4; time.Sleep(2 * time.Millisecond) {
		if n := m.board.Scans(); n != last {
			last, moved = n, time.Now()
		}
		if mask == 0 && time.Since(moved) > time.Second {
			return
		}
		m.lives()
		if time.Since(begun) > patience {
			m.fail("nobody scans the keys")
		}
	}
}
