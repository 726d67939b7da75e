// SPDX-License-Identifier: Apache-2.0

package session

import (
	"image"
	"strings"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"

	"github.com/google/go-cmp/cmp"
)

// check runs the check from the service menu.
func (w *world) check(f Findings) {
	w.t.Helper()
	w.service()
	w.press(Key9)
	w.at(stepServiceCheck)
	w.found(f)
}

// found answers a check.
func (w *world) found(f Findings) {
	w.t.Helper()
	w.apply(Event{Kind: Examined, No: take[Examine](w).No, Findings: f})
}

// early is a box with a check at 12:30, half an hour after the tests' noon.
func early(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: noon, store: true, left: -1}
	w.s = New(Config{Office: "市民課", Release: "at_once", CheckAt: 12*time.Hour + 30*time.Minute})
	w.apply(Event{Kind: Start})
	w.apply(Event{Kind: Reader, Presence: card.Empty})
	return w
}

// examining tells whether a check is asked for.
func (w *world) examining() bool {
	for _, e := range w.asked {
		if _, ok := e.(Examine); ok {
			return true
		}
	}
	return false
}

// TestCheckPage: six lines, each with its code; then what is wrong, one by one; then the menu.
func TestCheckPage(t *testing.T) {
	w := newWorld(t)
	w.service()
	w.press(Key9)
	for _, r := range w.shows(display.ServiceCheck, "running").Rows {
		if r.Word != "" {
			t.Errorf("%s says %q before an answer", r.Code, r.Word)
		}
	}
	w.press(KeyEnter)
	w.at(stepServiceCheck)
	if e := take[Examine](w); !e.Ask {
		t.Error("the reader is not asked")
	} else {
		w.apply(Event{Kind: Examined, No: e.No + 1})
		w.shows(display.ServiceCheck, "running")
		w.apply(Event{Kind: Examined, No: e.No})
	}
	var words []string
	for _, r := range w.shows(display.ServiceCheck, "well").Rows {
		words = append(words, r.Code+" "+r.Word)
	}
	want := []string{"check_keys ky0", "check_panel pn0", "check_reader rd0", "check_clock cl0", "check_storage st0", "check_link lk0"}
	if d := cmp.Diff(want, words); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	w.press(KeyEnter)
	w.at(stepService)

	w.press(Key9)
	w.apply(Event{Kind: LinkState, Link: LinkDown, Queue: 2})
	w.found(Findings{PartReader: 9, PartStorage: 3})
	w.shows(display.ServiceCheck, "ill")
	for _, code := range []string{"rd9", "st3", "lk5"} {
		w.press(KeyEnter)
		w.shows(display.ServiceIll, code)
	}
	w.press(KeyEnter)
	w.at(stepService)
	w.press(KeyCancel)
	if f := w.shows(display.Idle, ""); f.Text != "RD9 ST3" {
		t.Errorf("at rest the screen marks %q; want what does not stand on it anyway", f.Text)
	}
}

// TestCheckKnows: what the session knows of a part stands over what the box said.
func TestCheckKnows(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*world)
		want string
	}{
		{"all well", func(*world) {}, "ok"},
		{"no reader", func(w *world) { w.put(card.NoReader) }, "RD2"},
		{"no card service", func(w *world) { w.apply(Event{Kind: Reader, Presence: card.NoReader, Bad: true}) }, "RD1"},
		{"a thing in the reader", func(w *world) { w.put(card.Mute) }, "RD3"},
		{"a key stays down", func(w *world) { w.apply(Event{Kind: Keypad, Bad: true}) }, "KY3"},
		{"no lines", func(w *world) { w.apply(Event{Kind: Keypad, Bad: true, Lines: true}) }, "KY2"},
		{"the line", func(w *world) { w.apply(Event{Kind: LinkState, Link: LinkDown}) }, "LK5"},
		{"a stranger at its end", func(w *world) { w.apply(Event{Kind: LinkState, Link: LinkUntrusted}) }, "LK7"},
		{"a box that is not let in", func(w *world) { w.apply(Event{Kind: LinkState, Link: LinkRefused}) }, "LK8"},
		{"the clock", func(w *world) { w.s.cfg.Floor = noon.AddDate(1, 0, 0) }, "CL1"},
		{"storage", func(w *world) { w.s.storageBad = true }, "ST2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := early(t)
			w.apply(Event{Kind: Tick, At: noon.Add(30 * time.Minute)})
			tt.do(w)
			w.found(Findings{})
			if got := w.s.Check(); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// TestLineMarked: why the line is down stands on the screen at rest at once and goes with it, beside how long it has been down; what the box has found of its own stays.
func TestLineMarked(t *testing.T) {
	w := early(t)
	w.wait(30 * time.Minute)
	w.found(Findings{})
	for _, s := range []struct {
		wait       time.Duration
		link       Link
		text, line string
		since      time.Duration
	}{
		{0, LinkDown, "", "down", 0},
		{time.Hour, LinkUntrusted, "LK7", "down", time.Hour},
		{time.Hour, LinkRefused, "LK8", "down", 2 * time.Hour},
		{time.Hour, LinkDown, "", "down", 3 * time.Hour},
		{0, LinkUp, "", "up", 0},
		{0, LinkUntrusted, "LK7", "down", 0},
	} {
		if s.wait > 0 {
			w.wait(s.wait)
		}
		w.apply(Event{Kind: LinkState, Link: s.link})
		if f := w.shows(display.Idle, ""); f.Text != s.text || f.Link != s.line || f.LinkSince != s.since {
			t.Errorf("line %d: the screen marks %q, line %s for %v", s.link, f.Text, f.Link, f.LinkSince)
		}
	}
	w.apply(Event{Kind: LinkState, Link: LinkUp})
	if got := w.s.Check(); got != "ok" {
		t.Errorf("the line is back, and the check says %q", got)
	}
	w.wait(21 * time.Hour)
	w.found(Findings{PartLink: 6})
	w.apply(Event{Kind: LinkState, Link: LinkUntrusted})
	if f := w.shows(display.Idle, ""); f.Text != "LK6" {
		t.Errorf("the screen marks %q", f.Text)
	}
}

// TestCheckByItself: at its time at rest, once a day, each hour while something is wrong, and not while a case is open.
func TestCheckByItself(t *testing.T) {
	w := early(t)
	w.wait(29 * time.Minute)
	if w.examining() || w.s.Check() != "" {
		t.Fatal("too early")
	}
	w.wait(time.Minute)
	w.found(Findings{PartStorage: 3})
	if f := w.shows(display.Idle, ""); f.Text != "ST3" {
		t.Errorf("the screen marks %q", f.Text)
	}
	w.wait(time.Hour)
	w.found(Findings{})
	if f := w.shows(display.Idle, ""); f.Text != "" {
		t.Errorf("mended, and the screen marks %q", f.Text)
	}
	w.wait(22 * time.Hour)
	if w.examining() {
		t.Fatal("twice a day")
	}
	w.press(KeyEnter)
	w.at(stepCode)
	w.now = w.now.Add(61 * time.Minute)
	w.typed(4)
	if w.examining() {
		t.Fatal("while a clerk is at the box")
	}
	w.secret(Cancelled)
	w.wait(time.Second)
	e := take[Examine](w)
	w.press(KeyEnter)
	w.apply(Event{Kind: Examined, No: e.No, Findings: Findings{PartReader: 9}})
	w.at(stepCode)
	if w.s.Check() != "RD9" {
		t.Errorf("an answer that comes late is lost: %q", w.s.Check())
	}
}

// TestCheckAfterStart: a box that is switched on later than the check's time looks soon, one without a time never; a card in the reader is left alone.
func TestCheckAfterStart(t *testing.T) {
	w := &world{t: t, now: noon, store: true, left: -1}
	w.s = New(Config{Office: "市民課", CheckAt: 7 * time.Hour})
	w.apply(Event{Kind: Start})
	w.put(card.Present)
	w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Result: ResultFailed})
	w.wait(boardWait)
	w.at(stepIdle)
	w.wait(checkSoon)
	if e := take[Examine](w); e.Ask {
		t.Error("the reader is asked while a card lies in it")
	}
	w.wait(checkRetry)
	if !w.examining() {
		t.Error("no second attempt after silence")
	}
	w = newWorld(t)
	w.wait(48 * time.Hour)
	if w.examining() {
		t.Error("a check without a time")
	}
}

// TestCheckCodes: each code that the check can give has words, in the clerk's languages.
func TestCheckCodes(t *testing.T) {
	r, err := display.NewRenderer(image.Rect(0, 0, 400, 300))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range display.IllCodes {
		var f Findings
		for p := range NumParts {
			if strings.EqualFold(parts[p].letters, code[:2]) {
				f[p] = code[2] - '0'
			}
		}
		w := newWorld(t)
		w.check(f)
		w.press(KeyEnter)
		w.shows(display.ServiceIll, code)
		for _, l := range []display.Lang{"ja", "en"} {
			s := w.s.screen
			s.Lang = l
			if words := strings.Join(r.Text(s), " "); !strings.Contains(words, strings.ToUpper(code)) {
				t.Errorf("%s in %s does not name its code: %s", code, l, words)
			}
		}
	}
}
