// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"slices"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// press presses and releases keys, one after the other, as a quick person does.
func (r *rig) press(keys ...pinpad.Key) {
	for _, k := range keys {
		r.keys.Press(k)
		time.Sleep(60 * time.Millisecond)
		r.keys.Release(k)
		time.Sleep(140 * time.Millisecond)
	}
}

// digits types a number and 確認.
func (r *rig) digits(s string) {
	r.t.Helper()
	for _, c := range []byte(s) {
		r.press(pinpad.Key0 + pinpad.Key(c-'0'))
	}
	r.press(pinpad.KeyEnter)
}

// letters types a password, two presses for each character, and 確認.
func (r *rig) letters(s string) {
	r.t.Helper()
	for _, c := range s {
		for g, row := range pin.Legend() {
			if i := slices.Index([]rune(row), c); i >= 0 {
				r.press(pinpad.Key0+pinpad.Key(g), pinpad.Key1+pinpad.Key(i))
			}
		}
	}
	r.press(pinpad.KeyEnter)
}

// opens goes from rest to the resident's first screen: procedure and kind by their digits.
func (r *rig) opens(procedure, kind pinpad.Key) {
	r.t.Helper()
	r.until("idle")
	r.press(pinpad.KeyEnter)
	r.until("clerk.code")
	r.digits(clerkCode)
	r.until("clerk.procedure")
	r.press(procedure)
	r.until("clerk.applicant")
	r.press(pinpad.Key1)
	if procedure != pinpad.Key3 {
		r.until("clerk.kind")
		r.press(kind)
	}
	r.obeys("clerk.turn")
	r.press(pinpad.KeyEnter)
	r.until("resident.language")
}

// obeys gives the rules their usual answers until a screen stands.
func (r *rig) obeys(screen string) {
	r.t.Helper()
	for range 600 {
		switch s := r.state(); {
		case s.Busy:
			time.Sleep(50 * time.Millisecond)
		case s.Screen == screen:
			return
		case s.Screen == "clerk.question", s.Screen == "clerk.documents":
			r.press(pinpad.Key1)
		default:
			r.press(pinpad.KeyEnter)
		}
	}
	r.until(screen)
}

// toPIN goes on to the entry, with the card in.
func (r *rig) toPIN(procedure, kind pinpad.Key, c *simcard.Card, id string) {
	r.t.Helper()
	r.opens(procedure, kind)
	r.press(pinpad.Key1)
	r.until("resident.card.insert")
	r.reader.Insert(c)
	r.until("resident.board")
	r.press(pinpad.KeyEnter)
	r.until("resident.about." + id)
	r.press(pinpad.KeyEnter)
}

// cancels is a whole case: its resident comes as far as the entry and stops there.
func (r *rig) cancels() {
	r.t.Helper()
	r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
	r.until("resident.pin.login")
	r.press(pinpad.KeyCancel, pinpad.KeyCancel)
	r.rests()
}

// leaves goes from a result to rest.
func (r *rig) leaves() {
	r.t.Helper()
	for range 400 {
		switch s := r.state(); {
		case s.Busy:
			time.Sleep(50 * time.Millisecond)
		case s.Screen == "idle":
			return
		case s.Screen == "resident.card.take":
			r.reader.Remove()
			time.Sleep(time.Second)
		default:
			r.press(pinpad.KeyEnter)
			time.Sleep(6 * time.Second)
		}
	}
	r.until("idle")
}

// goesOn does what each screen of a change asks for, until the given one comes.
func (r *rig) goesOn(at string) {
	r.t.Helper()
	for range 4000 {
		s := r.state()
		r.mu.Lock()
		been := slices.Contains(r.screens, at)
		r.mu.Unlock()
		switch {
		case been:
			return
		case s.Screen == "idle":
			r.t.Fatalf("the screen %s never came", at)
		case s.Busy:
			time.Sleep(20 * time.Millisecond)
		case s.Screen == "resident.pin.login":
			r.digits("1234")
		case s.Screen == "resident.newpin.login", s.Screen == "resident.again.login", s.Screen == "resident.leavecheck.login":
			r.digits("2580")
		case s.Screen == "resident.card.take":
			r.reader.Remove()
			time.Sleep(time.Second)
		default:
			r.press(pinpad.KeyEnter)
		}
	}
	r.t.Fatalf("the change does not go on at %q", r.state().Screen)
}

// rests waits until the box is at rest by itself.
func (r *rig) rests() {
	r.t.Helper()
	for range 1000 {
		if s := r.state(); s.Screen == "idle" && !s.Busy {
			return
		}
		time.Sleep(time.Second)
	}
	r.t.Fatalf("left alone, the box stays at %+v", r.state())
}

// persists does what the screen asks for, like somebody who really wants the change.
func (r *rig) persists(c *simcard.Card, id string) {
	switch s := r.state(); {
	case s.Busy:
		time.Sleep(20 * time.Millisecond)
	case s.Screen == "resident.card.removed", s.Screen == "resident.card.insert", s.Screen == "resident.card.unreadable":
		time.Sleep(time.Second)
		if s := r.state().Screen; s == "resident.card.removed" || s == "resident.card.insert" || s == "resident.card.unreadable" {
			r.reader.Insert(c)
			time.Sleep(time.Second)
		}
	case s.Screen == "resident.pin."+id:
		r.digits("1234")
	case s.Screen == "resident.newpin."+id, s.Screen == "resident.again."+id, s.Screen == "resident.leavecheck."+id:
		r.digits("2580")
	case s.Screen == "resident.leavecheck.wrong":
		r.press(pinpad.KeyEnter)
	case s.Screen == "resident.card.take":
		r.reader.Remove()
		time.Sleep(time.Second)
	default:
		r.press(pinpad.KeyEnter)
	}
}
