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
	// settle is how long the panel's lines must be still before a picture counts as finished.
	settle = 400 * time.Millisecond
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
	again bool        // it was pressed once more
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
			return s.Screen
		}
		if there && b.unheard() {
			b.t.Logf("          the machine has not heard a key on its way to %s: pressed again", s.Screen)
			b.again = true
			b.m.down(b.last)
			b.m.up()
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

// same compares the two glasses, once the machine's is finished. Nothing but the panels' bytes goes into it. The idle screens differ in what waits for city hall.
func (b *both) same() bool {
	if b.m == nil {
		return true
	}
	if b.m.board.Panel.Busy() || b.m.board.Quiet() < settle {
		return false
	}
	return b.m.glass().Equal(b.w.panel.Glass()) || b.w.state().Screen == "idle" && b.m.idle()
}

// unheard tells whether the machine did nothing at all after the last key.
func (b *both) unheard() bool {
	return b.m != nil && !b.again && b.was != nil && b.m.board.Quiet() > deaf && b.m.glass().Equal(b.was)
}

// press presses keys one after the other on both.
func (b *both) press(keys ...pinpad.Key) {
	b.t.Helper()
	for _, k := range keys {
		b.last, b.news, b.again = k, b.w.changed(), false
		b.w.keys.Press(k)
		if b.m != nil {
			b.was = b.m.glass()
			b.m.down(k)
		} else {
			time.Sleep(finger)
		}
		b.w.keys.Release(k)
		if b.m != nil {
			b.m.up()
		} else {
			time.Sleep(2 * finger)
		}
	}
}

// finger is how long a key stays down, and half the pause after it: the pad drops a key that comes again within 120 ms.
const finger = 80 * time.Millisecond

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
	b.news, b.was = b.w.changed(), nil
	if b.m != nil {
		b.m.insert(b.card)
	}
	b.w.reader.Insert(b.twinCard)
}

// out takes the cards out of both readers.
func (b *both) out() {
	b.news, b.was = b.w.changed(), nil
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

// down closes a key until the guest has scanned it often enough to believe it.
func (m *machine) down(k pinpad.Key) { m.hold(k.Bit()) }

// up opens all keys, and waits for the pause that the pad wants between two presses of one key.
func (m *machine) up() {
	m.hold(0)
	time.Sleep(2 * finger) // by the guest's clock, which is this one
}

// hold sets the keys and waits for 8 scans of four columns: the pad asks for 5 to believe in an opening. A pad that scans no more rests, and has
// believed it: it rests only with all keys open.
func (m *machine) hold(mask uint16) {
	m.t.Helper()
	begun, from := time.Now(), m.board.Scans()
	m.board.Closed(mask)
	for last, moved := from, begun; m.board.Scans()-from < 8*4; time.Sleep(2 * time.Millisecond) {
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
