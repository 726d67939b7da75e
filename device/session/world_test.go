// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// noon is an ordinary moment at a counter.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, japan)

// world stands around a session: it carries out effects in thought, answers them as it is told to, and holds what must never happen against every step.
type world struct {
	t      testing.TB
	s      State
	now    time.Time
	asked  []Effect // with a number, not yet answered
	screen Show
	keys   Keys
	trail  []string

	hold    bool // panel: do not report screens by itself
	slow    bool // storage: do not answer by itself
	store   bool // storage works
	full    bool // no more claims can be kept
	reached map[stepID]int
	screens map[string]display.Screen // one of each kind that was asked for

	watch func(Effect) // sees every effect

	// What invariants are held against.
	resident bool // the resident's face was on the panel since the last white
	slots    [numSlots]bool
	entered  bool // 確認 was pressed on a full entry since the last command
	stopped  bool // 取消 was confirmed
	left     int
	guard    int
	journal  Entry
	lent     bool // a character is on the panel, or asked for
	lending  bool // and the PIN's page in use
	lentOn   uint32
	opened   int // cases
	records  int
	inflight int
	verifies int
	changes  int
	finishes []Finish
	afters   []Afterwards
	looks    int
	op       Issue // of the issuer link, as far as the session waits for it
	final    bool  // its last command is out
	typedPIN bool  // its new PIN was handed over
	news     IssueNews
	written  int    // operations of the case that the card has carried out
	due      int    // that were begun
	doubt    bool   // nobody can say of one
	kept     bool   // a right code may be kept by the device
	lefts    [8]int // tries of each PIN, as the card told them last
}

func newWorld(t testing.TB, langs ...display.Lang) *world {
	t.Helper()
	w := &world{t: t, now: noon, store: true, left: -1}
	w.s = New(Config{Office: "市民課", Langs: langs, Release: "at_once"})
	w.apply(Event{Kind: Start})
	w.apply(Event{Kind: Reader, Presence: card.Empty})
	return w
}

// apply gives one event to the session and carries out what follows, until the session waits for somebody.
func (w *world) apply(ev Event) {
	w.t.Helper()
	w.single(ev)
	for w.answer() {
	}
}

// single gives one event, without answers.
func (w *world) single(ev Event) {
	w.t.Helper()
	if ev.At.IsZero() {
		w.now = w.now.Add(time.Millisecond)
		ev.At = w.now
	}
	before := w.s
	w.watchEvent(ev, before)
	var out []Effect
	w.s, out = Step(w.s, ev)
	w.trail = append(w.trail, fmt.Sprintf("%v %v → %v", before.step, describe(ev), w.s.step))
	if w.reached != nil {
		w.reached[w.s.step]++
	}
	for _, e := range out {
		w.effect(e)
	}
	w.watchState(before)
}

// answer answers one effect as a sound box would, except those of the card and the clerk code, which are the test's to answer.
func (w *world) answer() bool {
	w.t.Helper()
	for i, e := range w.asked {
		if e, ok := e.(Reveal); ok && !w.hold {
			w.asked = append(w.asked[:i:i], w.asked[i+1:]...)
			w.single(Event{Kind: Revealed, No: e.No})
			return true
		}
	}
	if !w.hold && w.screen.Gen != 0 && w.screen.Gen == w.s.gen && !w.s.painted && !w.s.panelBad {
		w.single(Event{Kind: Shown, Gen: w.screen.Gen})
		return true
	}
	for i, e := range w.asked {
		if w.slow {
			return false
		}
		no, number := uint32(0), claim.Number{}
		switch e := e.(type) {
		case Journal:
			no = e.No
			if w.store {
				w.journal = e.Entry
			}
		case Misses:
			no = e.No
		case Afterwards:
			no = e.No
		case Finish:
			no = e.No
			number = w.stored(e)
		default:
			continue
		}
		w.asked = append(w.asked[:i:i], w.asked[i+1:]...)
		w.single(Event{Kind: Stored, No: no, OK: w.store, Number: number})
		return true
	}
	return false
}

// stored stores a case with the claim number that it gives or moves on, which is returned.
func (w *world) stored(e Finish) claim.Number {
	w.inflight--
	if !w.store {
		return claim.Number{}
	}
	w.records++
	w.finishes = append(w.finishes, e)
	w.journal = Entry{}
	if e.Claim == (Claim{}) || w.full {
		return claim.Number{}
	}
	if e.Claim.Number == (claim.Number{}) {
		return aNumber
	}
	return e.Claim.Number
}

// aNumber is the number that the world gives.
var aNumber = func() claim.Number {
	for _, check := range claim.Alphabet {
		if n, err := claim.Parse("K7-3F9A-" + string(check)); err == nil {
			return n
		}
	}
	panic("no check character fits")
}()

// take removes the pending effect of a type and returns it.
func take[E Effect](w *world) E {
	w.t.Helper()
	for i, e := range w.asked {
		if got, ok := e.(E); ok {
			w.asked = append(w.asked[:i:i], w.asked[i+1:]...)
			return got
		}
	}
	var none E
	w.fatalf("no %T is asked for; asked: %v", none, w.asked)
	return none
}

func (w *world) fatalf(format string, args ...any) {
	w.t.Helper()
	n := max(0, len(w.trail)-40)
	for _, l := range w.trail[n:] {
		w.t.Log(l)
	}
	w.t.Fatalf(format, args...)
}

// The hands of the people.

func (w *world) press(keys ...Key) {
	w.t.Helper()
	for _, k := range keys {
		w.apply(Event{Kind: Press, Gen: w.keys.Gen, Key: k})
	}
}

func (w *world) typed(n int) {
	w.t.Helper()
	for i := 1; i <= n; i++ {
		w.apply(Event{Kind: Typed, Gen: w.keys.Gen, Filled: i})
	}
}

func (w *world) secret(k EventKind) { w.t.Helper(); w.apply(Event{Kind: k, Gen: w.keys.Gen}) }

func (w *world) enter(f Fault) {
	w.t.Helper()
	w.apply(Event{Kind: Entered, Gen: w.keys.Gen, Fault: f})
}

func (w *world) put(p card.Presence) { w.t.Helper(); w.apply(Event{Kind: Reader, Presence: p}) }

func (w *world) wait(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); ; {
		dl := w.s.Deadline()
		if dl.IsZero() || dl.After(end) {
			w.now = end
			return
		}
		w.now = dl
		w.apply(Event{Kind: Tick, At: dl})
	}
}

func (w *world) at(want stepID) {
	w.t.Helper()
	if w.s.step != want {
		w.fatalf("step is %v, want %v", w.s.step, want)
	}
}

// clerk takes the session from rest to the turn of the box.
func (w *world) clerk(procedure Key, kind Key) {
	w.t.Helper()
	w.code(true)
	w.press(procedure, Key1)
	if procedure != Key3 {
		w.press(kind)
	}
	w.at(stepTurn)
}

func (w *world) code(right bool) {
	w.t.Helper()
	w.press(KeyEnter)
	w.at(stepCode)
	w.typed(4)
	w.enter(FaultNone)
	w.apply(Event{Kind: CodeChecked, No: take[CheckCode](w).No, OK: right, Label: "佐藤"})
}

// board answers the reading of a card.
func (w *world) board(b card.Board) {
	w.t.Helper()
	w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Board: b})
}

func (w *world) verified(r Result, left int) {
	w.t.Helper()
	w.apply(Event{Kind: Verified, No: take[Verify](w).No, Result: r, Left: left})
}

func (w *world) changed(r Result, left int) {
	w.t.Helper()
	w.apply(Event{Kind: Changed, No: take[Change](w).No, Result: r, Left: left})
}

// toBoard takes the session from rest to the resident's tries board.
func (w *world) toBoard(procedure, kind Key, b card.Board) {
	w.t.Helper()
	w.clerk(procedure, kind)
	w.press(KeyEnter)
	w.at(stepLanguage)
	w.press(Key1)
	w.at(stepInsert)
	w.put(card.Present)
	w.board(b)
}

// toPIN goes on to the entry.
func (w *world) toPIN(procedure, kind Key, b card.Board) {
	w.t.Helper()
	w.toBoard(procedure, kind, b)
	w.press(KeyEnter, KeyEnter)
	if w.s.step == stepLetters {
		w.press(KeyEnter)
	}
}

// ends takes what is left of a case to the idle screen.
func (w *world) ends() {
	w.t.Helper()
	for range 20 {
		switch w.s.step {
		case stepIdle:
			return
		case stepTake:
			w.put(card.Empty)
		case stepLeaveAsk:
			w.press(KeyCancel)
		default:
			w.press(KeyEnter)
		}
	}
	w.fatalf("the case does not end: %v", w.s.step)
}

// adult is the board of an ordinary card with the given tries left.
func adult(login, signing int) card.Board {
	b := card.Board{Species: card.SpeciesMyNumber, HasSigning: true, HasAuth: true, AuthEnds: time.Date(2029, 1, 15, 0, 0, 0, 0, time.UTC)}
	b.Tries[card.KindLogin] = card.Tries{Known: true, Left: login, Max: 3}
	b.Tries[card.KindSigning] = card.Tries{Known: true, Left: signing, Max: 5}
	b.Tries[card.KindCardInfo] = card.Tries{Known: true, Left: 3, Max: 3}
	b.Tries[card.KindRegister] = card.Tries{Known: true, Left: 3, Max: 3}
	return b
}

func mustWeek() record.Week {
	w, err := record.NewWeek(2026, 47)
	if err != nil {
		panic(err)
	}
	return w
}

// readOn reads a text that is told to its last page and goes on: 確認 turns the pages before.
func (w *world) readOn() {
	w.t.Helper()
	f := w.s.screen.Facts
	for range f.Pages - 1 {
		was := w.s.step
		w.press(KeyEnter)
		w.at(was)
	}
	w.press(KeyEnter)
}
