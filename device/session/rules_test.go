// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// TestPause: five misses, then 1, 5, 15 minutes, and a right code forgives.
func TestPause(t *testing.T) {
	w := newWorld(t)
	want := []time.Duration{0, 0, 0, 0, time.Minute, 5 * time.Minute, 15 * time.Minute, 15 * time.Minute}
	for n, p := range want {
		w.code(false)
		if got := max(0, w.s.blocked.Sub(w.now).Round(time.Second)); got != p {
			t.Errorf("after miss %d the pause is %v, want %v", n+1, got, p)
		}
		w.press(KeyCancel)
		w.press(KeyEnter)
		if p > 0 {
			w.at(stepCodeWait)
			w.wait(p + time.Minute)
		} else {
			w.at(stepCode)
			w.secret(Cancelled)
		}
		w.at(stepIdle)
	}
	w.code(true)
	if w.s.misses != 0 {
		t.Errorf("%d misses are left after a right code", w.s.misses)
	}
}

// TestPauseOutlivesThePlug: a pause that was stored is waited for again, whole; one that has passed is not.
func TestPauseOutlivesThePlug(t *testing.T) {
	for _, tc := range []struct {
		until time.Time
		want  time.Duration
	}{{noon.Add(time.Second), 5 * time.Minute}, {noon.Add(48 * time.Hour), 5 * time.Minute}, {noon.Add(-time.Second), 0}, {time.Time{}, 0}} {
		s, _ := Step(New(Config{}), Event{At: noon, Kind: Start, Misses: freeMisses + 1, Until: tc.until})
		if got := max(0, s.blocked.Sub(noon)); got != tc.want {
			t.Errorf("stored until %v: pause %v, want %v", tc.until, got, tc.want)
		}
	}
}

// TestMissIsStoredFirst: the plug pulled while a code is judged has cost a miss.
func TestMissIsStoredFirst(t *testing.T) {
	w := newWorld(t)
	w.press(KeyEnter)
	w.slow = true
	w.typed(4)
	w.enter(FaultNone)
	if _, ok := w.asked[len(w.asked)-1].(Misses); !ok || len(w.asked) != 1 {
		t.Errorf("asked %v, want the miss alone", w.asked)
	}
}

// TestStorageFails: nothing is sent without a journal, nothing is shown as done without a record, and the record is kept until it can be stored.
func TestStorageFails(t *testing.T) {
	t.Run("at the opening", func(t *testing.T) {
		w := newWorld(t)
		w.clerk(Key1, Key1)
		w.store = false
		w.press(KeyEnter)
		w.at(stepIdle)
		if w.s.screen.ID != display.FaultStorage {
			t.Errorf("screen %s", w.s.screen.ID)
		}
		w.press(KeyEnter)
		w.at(stepIdle)
		w.store = true
		w.wait(probeWait)
		w.clerk(Key1, Key1)
	})
	t.Run("after the record", func(t *testing.T) {
		w := newWorld(t)
		scenes[stepLeaveOK](w)
		for range 10 {
			if w.s.step == stepTurnBack {
				break
			}
			w.press(KeyEnter)
			if w.s.step == stepTake {
				w.put(card.Empty)
			}
		}
		w.store = false
		w.press(KeyEnter)
		w.press(KeyEnter)
		w.at(stepIdle)
		if w.s.screen.ID != display.FaultStorage || w.journal == (Entry{}) || w.records != 1 {
			t.Errorf("screen %s, journal %+v, %d records", w.s.screen.ID, w.journal, w.records)
		}
		w.store = true
		w.wait(probeWait)
		if w.s.screen.ID != display.Idle || w.journal != (Entry{}) || w.records != 1 {
			t.Errorf("screen %s, journal %+v, %d records", w.s.screen.ID, w.journal, w.records)
		}
	})
	t.Run("before a command", func(t *testing.T) {
		w := newWorld(t)
		w.toPIN(Key1, Key1, adult(3, 5))
		w.typed(4)
		w.store = false
		w.enter(FaultNone)
		if w.verifies != 0 {
			t.Error("a VERIFY was sent without a journal")
		}
		w.wait(time.Minute)
		w.store = true
		w.rests()
		if len(w.finishes) != 1 {
			t.Errorf("%d records, want 1", len(w.finishes))
		}
	})
	t.Run("at the record", func(t *testing.T) {
		w := newWorld(t)
		w.toPIN(Key2, Key1, adult(3, 5))
		w.entries()
		w.store = false
		w.changed(ResultOK, 3)
		w.at(stepFinishing)
		w.wait(maxStores * retryWait)
		w.at(stepStopped) // the resident is told that the PIN is the new one, but not "done"
		if f := w.s.screen.Facts; f.Reason != "changed" || w.s.lamp != LampStopped {
			t.Errorf("facts %+v, lamp %v", f, w.s.lamp)
		}
		w.press(KeyEnter)
		w.put(card.Empty)
		w.press(KeyEnter, KeyEnter)
		w.at(stepIdle)
		if w.s.screen.ID != display.FaultStorage {
			t.Errorf("screen %s", w.s.screen.ID)
		}
		w.store = true
		w.press(KeyEnter)
		if w.s.screen.ID != display.Idle || len(w.finishes) != 1 || w.finishes[0].Outcome != record.Done {
			t.Errorf("screen %s, records %v", w.s.screen.ID, w.finishes)
		}
	})
}

// rests waits, in the session's time, until the box is at rest.
func (w *world) rests() {
	w.t.Helper()
	for range 200 {
		if w.s.step == stepIdle && w.s.unsaved == (Finish{}) && !w.s.storageBad {
			return
		}
		w.wait(10 * time.Second)
	}
	w.fatalf("the box stays at %v", w.s.step)
}

// TestExtensions: any key asks for another minute, ten times; then the time is up.
func TestExtensions(t *testing.T) {
	w := newWorld(t)
	w.toPIN(Key1, Key1, adult(3, 5))
	n := 0
	for ; w.s.part() == residents; n++ {
		w.wait(w.s.Deadline().Sub(w.now))
		if w.s.step != stepTimeout {
			break
		}
		w.press(Key5)
		w.at(stepPIN)
		if w.s.filled != 0 {
			t.Fatal("the key that asked for time was stored")
		}
	}
	if n != int(maxExtra/nextWait) {
		t.Errorf("%d extensions, want %d", n, maxExtra/nextWait)
	}
}

// TestSeen: keys struck before a `seen` screen stood on the panel are no answer to it; on other screens they are kept.
func TestSeen(t *testing.T) {
	w := newWorld(t)
	w.toBoard(Key1, Key1, adult(1, 5))
	w.press(KeyEnter)
	w.at(stepAbout)
	w.hold = true
	w.press(KeyEnter)
	w.at(stepGuard1)
	w.press(KeyEnter)
	w.at(stepGuard1)
	early := w.now
	w.hold = false
	w.apply(Event{Kind: Shown, Gen: w.s.gen})
	w.apply(Event{At: early, Kind: Press, Gen: w.keys.Gen, Key: KeyEnter}) // struck before, delivered after
	w.at(stepGuard1)
	w.press(KeyEnter)
	w.at(stepGuard2)

	w = newWorld(t)
	w.code(true)
	w.hold = true
	w.press(Key2, Key1, Key2) // a clerk who knows the way types ahead
	w.at(stepTurn)
}

// TestInterrupted: a case that was open at the power cut.
func TestInterrupted(t *testing.T) {
	for _, tc := range []struct {
		name    string
		e       Entry
		records int
		reason  string
	}{
		{"while the PIN was replaced", Entry{Procedure: record.PinChange, Applicant: Self, Week: mustWeek(), Op: OpChange, Kind: card.KindLogin}, 1, "change"},
		{"while nothing ran", Entry{Procedure: record.PinCheck, Applicant: Self, Week: mustWeek()}, 1, "none"},
		{"in the leave-check, record stored", Entry{Procedure: record.PinChange, Applicant: Self, Week: mustWeek(), Op: OpLeave, Kind: card.KindLogin, Recorded: true}, 0, "verify"},
		{"a journal nobody can read", Entry{}, 0, "none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := &world{t: t, now: noon, store: true, s: New(Config{}), opened: tc.records}
			w.apply(Event{Kind: Start, Open: true, Journal: tc.e})
			w.at(stepIdle)
			if s := w.s.screen; s.ID != display.ClerkInterrupted || s.Facts.Reason != tc.reason {
				t.Errorf("screen %s, reason %q", s.ID, s.Facts.Reason)
			}
			if w.records != tc.records || w.journal != (Entry{}) {
				t.Errorf("%d records, journal %+v", w.records, w.journal)
			}
			w.press(KeyEnter)
			if w.s.screen.ID != display.Idle {
				t.Errorf("screen %s after 確認", w.s.screen.ID)
			}
		})
	}
}

// TestPanelDies: the clerk's face waits for white, however long that takes, and PINs do not.
func TestPanelDies(t *testing.T) {
	w := newWorld(t)
	w.toPIN(Key1, Key1, adult(3, 5))
	w.typed(3)
	w.hold = true
	w.apply(Event{Kind: Shown, Gen: w.s.gen, Bad: true})
	w.at(stepWiping)
	if w.slots != [numSlots]bool{} {
		t.Error("a slot is not wiped")
	}
	for range 10 {
		w.wait(wipeWait)
		w.at(stepWiping)
		w.single(Event{Kind: Shown, Gen: w.s.gen, Bad: true})
	}
	w.single(Event{Kind: Shown, Gen: w.s.gen})
	w.at(stepClosed)
	w.hold = false
	w.apply(Event{Kind: Shown, Gen: w.s.gen})
	w.press(KeyEnter)
	if w.s.screen.ID != display.FaultPanel {
		t.Errorf("screen %s", w.s.screen.ID)
	}
	w.wait(panelWait)
	if w.s.screen.ID != display.Idle {
		t.Errorf("screen %s", w.s.screen.ID)
	}
}

// TestKeysOfScreens: the keys that a screen's foot names do something in its step.
func TestKeysOfScreens(t *testing.T) {
	key := func(name string) []Key {
		switch name {
		case "digits":
			return []Key{Key1, Key2}
		case "any":
			return []Key{Key0, KeyUp, KeyCancel}
		}
		return []Key{Key(slices.Index(keyNames[:], name))}
	}
	for step, scene := range scenes {
		if scene == nil || steps[step].mode != ModeMenu {
			continue
		}
		w := newWorld(t)
		scene(w)
		in, _ := w.s.screen.ID.Info()
		for _, name := range in.Keys {
			for _, k := range key(name) {
				next, effects := Step(w.s, Event{At: w.now.Add(time.Second), Kind: Press, Gen: w.keys.Gen, Key: k})
				moved := len(effects) > 0 || next.step != w.s.step || !next.deadline.Equal(w.s.deadline)
				if !moved && w.s.step != stepReaderLost && name != "up" && name != "down" { // no reader: 確認 waits for it; the mark stands at an end
					t.Errorf("%v: %s shows %q and it does nothing", w.s.step, w.s.screen.ID, name)
				}
			}
		}
	}
}
