// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"

	"github.com/google/go-cmp/cmp"
)

// surveyed is a sound box.
var surveyed = Survey{Panel: "epd.SSD1683{SPI0.0}", Class: "fast", Full: 3940 * time.Millisecond, Partial: 360 * time.Millisecond, Reader: "SCM SCR 3310 00 00",
	OwnPad: OwnPadNo, Cases: 3, Oldest: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), Receipt: noon, Fingerprint: "9f3a01c75b2e44d0", Lamp: true, Buzzer: true}

// service holds メニュー and 取消 and types a right code.
func (w *world) service() {
	w.t.Helper()
	w.apply(Event{Kind: Service, Gen: w.keys.Gen})
	w.at(stepCode)
	w.typed(4)
	w.enter(FaultNone)
	w.apply(Event{Kind: CodeChecked, No: take[CheckCode](w).No, OK: true})
	w.at(stepService)
}

func (w *world) inspected() {
	w.t.Helper()
	w.apply(Event{Kind: Inspected, No: take[Inspect](w).No, Survey: surveyed})
}

// oldCode chooses the change of the code and types the present one.
func (w *world) oldCode(right bool) {
	w.t.Helper()
	w.press(Key8)
	w.at(stepCode)
	w.typed(4)
	w.enter(FaultNone)
	w.apply(Event{Kind: CodeChecked, No: take[CheckCode](w).No, OK: right})
}

// newCode changes the code, with the box's answer.
func (w *world) newCode(r Refusal) {
	w.t.Helper()
	scenes[stepServiceSaving](w)
	w.apply(Event{Kind: CodeStored, No: take[StoreCode](w).No, Refusal: r})
}

func (w *world) contacts(masks ...uint16) {
	w.t.Helper()
	for _, m := range masks {
		w.apply(Event{Kind: Contacts, Gen: w.keys.Gen, Closed: m})
	}
}

// shows wants a screen with facts.
func (w *world) shows(id display.ID, reason string) display.Facts {
	w.t.Helper()
	if w.screen.Screen.ID != id || w.screen.Screen.Facts.Reason != reason {
		w.fatalf("screen %s %q, want %s %q", w.screen.Screen.ID, w.screen.Screen.Facts.Reason, id, reason)
	}
	return w.screen.Screen.Facts
}

// TestServiceOpens: from rest, whatever stands there and whatever the first of the two keys did; and never inside a case, nor where a code must not be
// typed.
func TestServiceOpens(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*world)
		want stepID
	}{
		{"idle", func(*world) {}, stepCode},
		{"メニュー came first and changed the language", func(w *world) { w.press(KeyMenu) }, stepCode},
		{"取消 came first", func(w *world) { w.press(KeyCancel) }, stepCode},
		{"a card is being read", func(w *world) { w.put(card.Present) }, stepCode},
		{"a tries board", func(w *world) { scenes[stepIdleBoard](w); w.press(KeyMenu) }, stepCode},
		{"a card that does not answer", scenes[stepIdleWrong], stepCode},
		{"no reader", func(w *world) { w.put(card.NoReader) }, stepCode},
		{"storage is broken", func(w *world) { w.press(KeyEnter); w.store = false; w.typed(4); w.enter(FaultNone); w.at(stepIdle) }, stepCode},
		{"after five misses", func(w *world) { scenes[stepCodeWait](w); w.press(KeyEnter); w.at(stepIdle) }, stepCodeWait},
		{"a key is stuck", func(w *world) { w.apply(Event{Kind: Keypad, Bad: true}) }, stepIdle},
		{"the lid is open", func(w *world) { w.apply(Event{Kind: Lid, Bad: true}) }, stepIdle},
		{"the panel is dead", func(w *world) { w.apply(Event{Kind: Shown, Gen: w.s.gen, Bad: true}) }, stepIdle},
		{"a code is asked for", func(w *world) { w.code(false) }, stepCodeWrong},
		{"a clerk is asked", scenes[stepKind], stepKind},
		{"a resident chooses", scenes[stepLanguage], stepLanguage},
		{"a resident reads", scenes[stepBoard], stepBoard},
		{"a result", scenes[stepDone], stepDone},
		{"the end", scenes[stepClosed], stepClosed},
		{"in the menu", scenes[stepService], stepService},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.do(w)
			w.apply(Event{Kind: Service, Gen: w.keys.Gen})
			w.at(tt.want)
			if w.s.step == stepCode && (w.screen.Screen.ID != display.ServiceCode || w.screen.Screen.Lang != display.Langs[0]) {
				t.Errorf("shows %s in %s", w.screen.Screen.ID, w.screen.Screen.Lang)
			}
			if w.s.step == stepIdle && w.s.View().Case != nil {
				t.Error("a case is open")
			}
		})
	}
}

// TestServiceCode: wrong codes are throttled as anywhere, and the right one opens no case.
func TestServiceCode(t *testing.T) {
	w := newWorld(t)
	for i := range freeMisses {
		w.apply(Event{Kind: Service, Gen: w.keys.Gen})
		w.typed(4)
		w.enter(FaultNone)
		w.apply(Event{Kind: CodeChecked, No: take[CheckCode](w).No})
		if i < freeMisses-1 {
			w.shows(display.ClerkCodeWrong, "")
			w.press(KeyEnter) // again
			w.at(stepCode)
			w.shows(display.ServiceCode, "")
			w.secret(Cancelled)
			w.at(stepIdle)
		}
	}
	w.at(stepCodeWait)
	w.press(KeyCancel)
	w.apply(Event{Kind: Service, Gen: w.keys.Gen})
	w.at(stepCodeWait)
	w.wait(2 * time.Minute)
	w.service()
	if v := w.s.View(); v.Case != nil || v.Face != display.FaceClerk || !w.s.CaseOpen() {
		t.Errorf("the menu is %+v, open %v; want no case, the clerk's face, and the box not at rest", v, w.s.CaseOpen())
	}
	w.press(KeyCancel)
	w.at(stepIdle)
	if w.records+w.opened != 0 {
		t.Errorf("%d records of %d cases", w.records, w.opened)
	}
	w.press(KeyEnter) // the next code opens a case again
	w.shows(display.ClerkCode, "")
}

// TestServiceLeaves: nobody there, and every page goes back.
func TestServiceLeaves(t *testing.T) {
	for step := stepService; step < numSteps; step++ {
		w := newWorld(t)
		scenes[step](w)
		w.at(step)
		w.wait(10 * time.Minute)
		w.at(stepIdle)
		if step == stepServiceSaving || steps[step].mode != ModeMenu {
			continue
		}
		w = newWorld(t)
		scenes[step](w)
		for range 4 {
			if w.s.step != stepIdle {
				w.press(KeyCancel)
			}
		}
		w.at(stepIdle)
		for _, fault := range []Event{{Kind: Shown, Bad: true}, {Kind: Keypad, Bad: true}} {
			w = newWorld(t)
			scenes[step](w)
			fault.Gen = w.s.gen
			w.apply(fault)
			w.at(stepIdle)
		}
	}
}

// TestKeyTest: what reads closed is what is shown.
func TestKeyTest(t *testing.T) {
	const one, two, four, five = 1 << 0, 1 << 1, 1 << 4, 1 << 5
	all := func(w *world) {
		w.contacts(0)
		for i := range 16 {
			w.contacts(1<<i, 0)
		}
	}
	for _, tt := range []struct {
		name       string
		do         func(*world)
		reason     string
		down, seen int
	}{
		{"the key that chose it does not count", func(w *world) { w.contacts(one, 0) }, "", 0, 0},
		{"a key down", func(w *world) { w.contacts(0, five) }, "", five, five},
		{"a key that was down", func(w *world) { w.contacts(0, five, 0) }, "", 0, five},
		{"all keys", all, "all", 0, 0xffff},
		{"two at once count for nothing", func(w *world) { w.contacts(0, one|two) }, "several", one | two, 0},
		{"a ghost", func(w *world) { w.contacts(0, one|two|four|five) }, "ghost", one | two | four | five, 0},
		{"three in a row make none", func(w *world) { w.contacts(0, one|two|1<<2) }, "several", one | two | 1<<2, 0},
		{"a key that stays down", func(w *world) { w.contacts(0, five); w.apply(Event{Kind: Keypad, Bad: true}) }, "stuck", five, five},
		{"and is freed", func(w *world) {
			w.contacts(0, five)
			w.apply(Event{Kind: Keypad, Bad: true})
			w.contacts(0)
			w.apply(Event{Kind: Keypad})
		}, "", 0, five},
		{"the cable", func(w *world) { w.contacts(0, 0xffff); w.apply(Event{Kind: Keypad, Bad: true, Lines: true}) }, "unplugged", 0xffff, 0},
		{"取消 is a key too", func(w *world) { w.contacts(0, cancelContact); w.wait(time.Second); w.contacts(0) }, "", 0, cancelContact},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			scenes[stepServicePad](w)
			tt.do(w)
			w.at(stepServicePad)
			f := w.shows(display.ServicePad, tt.reason)
			if f.Down != tt.down || f.Seen != tt.seen {
				t.Errorf("down %04x, seen %04x; want %04x, %04x", f.Down, f.Seen, tt.down, tt.seen)
			}
			if w.keys.Mode != ModeTest {
				t.Errorf("key mode %d", w.keys.Mode)
			}
		})
	}
	for _, tt := range []struct {
		name string
		do   func(*world)
		want stepID
	}{
		{"取消 held", func(w *world) { w.contacts(0, cancelContact); w.wait(padHold) }, stepService},
		{"取消 held since before", func(w *world) { w.contacts(cancelContact); w.wait(padHold) }, stepServicePad},
		{"another key held", func(w *world) { w.contacts(0, five); w.wait(padHold) }, stepServicePad},
		{"取消 and another held", func(w *world) { w.contacts(0, cancelContact, cancelContact|five); w.wait(padHold) }, stepServicePad},
		{"no key for long", func(w *world) { w.wait(padWait) }, stepService},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			scenes[stepServicePad](w)
			tt.do(w)
			w.at(tt.want)
		})
	}
}

// TestServicePages: what the pages say, before the box has answered and after; a card that comes and a line that goes are seen, and the card is not read.
func TestServicePages(t *testing.T) {
	w := newWorld(t)
	w.service()
	w.press(Key3)
	if d := cmp.Diff([]display.Row{{Code: "reader"}, {Code: "own_pad"}, {Code: "slot", Word: "empty"}}, w.shows(display.ServiceReader, "empty").Rows); d != "" {
		t.Errorf("reader, asked (-want +got):\n%s", d)
	}
	w.inspected()
	w.put(card.Present)
	w.inspected() // asked again: it may be another reader
	want := []display.Row{{Code: "reader", Text: "SCM SCR 3310 00 00"}, {Code: "own_pad", Word: "no"}, {Code: "slot", Word: "in"}}
	if d := cmp.Diff(want, w.shows(display.ServiceReader, "in").Rows); d != "" {
		t.Errorf("reader (-want +got):\n%s", d)
	}
	w.put(card.NoReader)
	w.shows(display.ServiceReader, "none")
	w.apply(Event{Kind: Reader, Presence: card.NoReader, Bad: true})
	w.shows(display.ServiceReader, "service")
	w.inspected()

	w.press(KeyCancel, Key4)
	w.inspected()
	w.shows(display.ServiceQueue, "none")
	w.apply(Event{Kind: LinkState, Link: LinkDown, Queue: 7})
	w.inspected()
	want = []display.Row{{Code: "cases", Word: "n", N: 3}, {Code: "oldest", Date: "2026-11-16"}, {Code: "line", Word: "down"}, {Code: "receipt", Text: "11-24 12:00"}}
	if d := cmp.Diff(want, w.shows(display.ServiceQueue, "down").Rows); d != "" {
		t.Errorf("queue (-want +got):\n%s", d)
	}

	w.press(KeyClear, Key2)
	w.inspected()
	want = []display.Row{{Code: "panel", Text: "epd.SSD1683{SPI0.0}"}, {Code: "full", Text: "3.94 s"}, {Code: "partial", Text: "0.36 s"}}
	if d := cmp.Diff(want, w.shows(display.ServicePanel, "fast").Rows); d != "" {
		t.Errorf("panel (-want +got):\n%s", d)
	}
	for _, id := range pictures {
		w.press(KeyEnter)
		w.shows(id, "")
	}
	w.press(KeyEnter)
	w.inspected()
	w.shows(display.ServicePanel, "fast")

	w.press(KeyCancel, Key7)
	w.inspected()
	for _, want := range []string{"off", "waiting", "typing", "checking", "done", "help", "stopped", "off"} {
		rows := w.shows(display.ServiceLamp, "").Rows
		if rows[0].Word != want || w.s.lamp.String() != want {
			t.Errorf("the page says %s, the lamp is %s, want %s", rows[0].Word, w.s.lamp, want)
		}
		w.press(KeyDown)
	}
	beeps := 0
	w.watch = func(e Effect) {
		if _, ok := e.(Beep); ok {
			beeps++
		}
	}
	w.press(KeyUp, KeyEnter)
	if w.press(KeyCancel); w.s.lamp != LampOff || beeps != 1 {
		t.Errorf("after the page the lamp is %s; %d beeps", w.s.lamp, beeps)
	}
}

// TestServiceDate: a doubtful clock can be confirmed or put right in the menu, and the day's first case is not asked again.
func TestServiceDate(t *testing.T) {
	w := newWorld(t)
	scenes[stepServiceConfirm](w)
	w.press(KeyEnter)
	w.at(stepServiceClock)
	w.shows(display.ServiceClock, "confirmed")
	if !w.s.Dated() {
		t.Error("the day is still open")
	}
	w.press(KeyCancel, KeyCancel)
	w.under("nabari", "")
	w.code(true)
	w.at(stepProcedure)

	w = newWorld(t)
	scenes[stepServiceConfirm](w)
	w.press(KeyClear, Key2, Key0, Key2, Key6, Key1, Key3, Key0, Key1, KeyEnter)
	w.at(stepServiceDate)
	if f := w.shows(display.ClerkDate, ""); f.Fault != "no_such_day" {
		t.Errorf("fault %q", f.Fault)
	}
	w.press(KeyClear, KeyClear, KeyClear, KeyClear, Key1, Key2, Key3, Key1, KeyEnter)
	w.at(stepServiceClock)
	if rows := w.shows(display.ServiceClock, "confirmed").Rows; rows[0].Date != "2026-12-31" {
		t.Errorf("the day is %s", rows[0].Date)
	}
}

// TestCodeChange: the old code first, the new one twice, and every way in which it is not changed.
func TestCodeChange(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*world)
		want stepID
	}{
		{"changed", func(w *world) { w.newCode(RefusedNone) }, stepServiceSaved},
		{"wrong old code", func(w *world) { w.service(); w.oldCode(false) }, stepCodeWrong},
		{"wrong old code, given up", func(w *world) { w.service(); w.oldCode(false); w.press(KeyCancel) }, stepService},
		{"wrong old code, again", func(w *world) { w.service(); w.oldCode(false); w.press(KeyEnter) }, stepCode},
		{"old code given up", func(w *world) { w.service(); w.press(Key8); w.secret(Cancelled) }, stepService},
		{"new code given up", func(w *world) { scenes[stepServiceNew](w); w.secret(Cancelled) }, stepService},
		{"second entry given up", func(w *world) { scenes[stepServiceAgain](w); w.secret(Cancelled) }, stepService},
		{"too short", func(w *world) { scenes[stepServiceNew](w); w.enter(FaultTooShort) }, stepServiceNew},
		{"they differ", func(w *world) { scenes[stepServiceAgain](w); w.enter(FaultMismatch) }, stepServiceRefused},
		{"they differ, again", func(w *world) { scenes[stepServiceAgain](w); w.enter(FaultMismatch); w.press(KeyEnter) }, stepServiceNew},
		{"unfit, given up", func(w *world) { w.newCode(RefusedUnfit); w.press(KeyCancel) }, stepService},
		{"no answer", func(w *world) { scenes[stepServiceSaving](w); w.wait(codeWait) }, stepServiceRefused},
		{"lid opened", func(w *world) { scenes[stepServiceNew](w); w.apply(Event{Kind: Lid, Bad: true}) }, stepIdle},
		{"lid open before", func(w *world) { w.service(); w.apply(Event{Kind: Lid, Bad: true}); w.press(Key8) }, stepIdle},
		{"left alone", func(w *world) { scenes[stepServiceAgain](w); w.wait(toolWait) }, stepIdle},
		{"five wrong old codes", func(w *world) {
			w.service()
			for range freeMisses {
				w.oldCode(false)
				if w.s.step == stepCodeWrong {
					w.press(KeyCancel)
				}
			}
		}, stepCodeWait},
		{"three unfit codes end the menu", func(w *world) {
			w.newCode(RefusedUnfit)
			for range maxRefusals - 1 {
				w.press(KeyEnter)
				w.typed(4)
				w.enter(FaultNone)
				w.typed(4)
				w.enter(FaultNone)
				w.apply(Event{Kind: CodeStored, No: take[StoreCode](w).No, Refusal: RefusedUnfit})
			}
			w.at(stepServiceRefused)
			w.press(KeyEnter)
		}, stepIdle},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.do(w)
			w.at(tt.want)
		})
	}
	for r, reason := range map[Refusal]string{RefusedUnfit: "unfit", RefusedFull: "full", RefusedStorage: "storage"} {
		w := newWorld(t)
		w.newCode(r)
		w.shows(display.ServiceRefused, reason)
	}
}
