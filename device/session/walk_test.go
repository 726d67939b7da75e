// SPDX-License-Identifier: Apache-2.0

package session

import (
	"flag"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/display"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

var (
	seed  = flag.Uint64("seed", 0, "seed of the random walk; 0 draws one")
	walks = flag.Int("walks", 100, "random walks of 2,000 events each")
)

// TestWalks lets people, card, panel and storage do anything at any time. What must never happen is held in invariants_test.go.
func TestWalks(t *testing.T) {
	base := *seed
	if base == 0 {
		base = rand.Uint64()
	}
	t.Logf("seed %d (go test -run TestWalks -seed %d)", base, base)
	reached := map[stepID]int{}
	screens := map[string]display.Screen{}
	cities := append([]string{""}, policy.EmbeddedCities()...)
	for i := range *walks {
		w := newWorld(t)
		if city := cities[i%len(cities)]; city != "" {
			places := rulesOf(t, city).Places
			w.under(city, places[i/len(cities)%len(places)].Code)
			if (i/len(cities)+i)%2 == 0 {
				w.link()
			}
		}
		w.reached, w.screens, w.s.cfg.Reveal = reached, screens, i/2%2 == 1
		if i%3 == 1 { // the morning's check comes in the middle of the walk
			w.s.cfg.CheckAt = 12*time.Hour + 30*time.Minute
			w.s.check.due = noon.Add(30 * time.Minute)
		}
		if i%5 == 3 { // a clock that is behind
			w.s.cfg.Floor = noon.AddDate(0, 0, 10)
			if i%10 == 3 { // and put right in the service menu
				w.service()
				w.press(Key6, KeyClear)
			}
		}
		walk(w, rand.New(rand.NewPCG(base, uint64(i))), 2000)
		if t.Failed() {
			return
		}
	}
	drawable(t, screens)
	for s := range numSteps {
		if *walks >= 500 && s != stepBoot && s != stepStarting && reached[s] == 0 { // these two come before a walk; a few walks miss rare steps, which TestTable visits all
			t.Errorf("no walk reached step %v", s)
		}
	}
}

// drawable holds every kind of screen that was asked for against the catalogue: words in each language, and room for them.
func drawable(t *testing.T, screens map[string]display.Screen) {
	t.Helper()
	r, err := display.NewRenderer(image.Rect(0, 0, 400, 300))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range screens {
		for _, s.Lang = range display.Langs {
			if _, err := r.Render(s); err != nil {
				t.Errorf("drawing %+v: %v", s, err)
			}
		}
	}
	t.Logf("%d kinds of screens drawn", len(screens))
}

// walk gives n random events, then lets everybody leave.
func walk(w *world, r *rand.Rand, n int) {
	w.t.Helper()
	for range n {
		w.hold, w.slow = r.IntN(8) == 0, r.IntN(12) == 0
		randomEvent(w, r)
	}
	// Everything works again and everybody goes away: the box must come to rest.
	w.hold, w.slow, w.store = false, false, true
	w.apply(Event{Kind: Keypad})
	w.apply(Event{Kind: Lid})
	w.put(card.Empty)
	w.apply(Event{Kind: Shown, Gen: w.s.gen})
	for range 400 {
		if w.op.No != 0 && w.final { // what is out on the card comes to an end
			w.issueNews(IssueNews{Phase: IssueEnded, Outcome: IssueDone, Final: true})
		}
		for _, e := range w.asked {
			w.fail(e)
			break
		}
		if w.s.step == stepIdle && !w.s.storageBad && w.s.notices == 0 && w.s.unsaved == (Finish{}) {
			break
		}
		w.wait(w.s.Deadline().Sub(w.now) + time.Millisecond)
		w.apply(Event{Kind: Shown, Gen: w.s.gen})
	}
	if w.s.step != stepIdle || w.s.unsaved != (Finish{}) {
		w.fatalf("left alone, the box stays at %v", w.s.step)
	}
	if w.records != w.opened {
		w.fatalf("%d records for %d cases", w.records, w.opened)
	}
}

// fail answers a pending effect with a failure.
func (w *world) fail(e Effect) {
	w.t.Helper()
	switch e.(type) {
	case ReadBoard:
		w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Result: ResultGone})
	case Verify:
		w.apply(Event{Kind: Verified, No: take[Verify](w).No, Result: ResultGone})
	case Change:
		w.apply(Event{Kind: Changed, No: take[Change](w).No, Result: ResultGone})
	case CheckCode:
		w.apply(Event{Kind: CodeChecked, No: take[CheckCode](w).No})
	case FindClaim:
		w.finds(FindSilent, claim.State{})
	case Inspect:
		w.apply(Event{Kind: Inspected, No: take[Inspect](w).No})
	case Examine:
		w.found(Findings{PartReader: 9, PartStorage: 9})
	case StoreCode:
		w.apply(Event{Kind: CodeStored, No: take[StoreCode](w).No, Refusal: RefusedStorage})
	}
}

func randomEvent(w *world, r *rand.Rand) {
	w.t.Helper()
	if w.s.step == stepIdle && r.IntN(6) == 0 {
		switch {
		case len(w.s.cfg.Issuer) > 0:
			hurry(w, r, allLinked...)
			return
		case w.s.cfg.Reveal:
			hurry(w, r, record.PinChange)
			return
		}
	}
	// People mostly do what the screen asks.
	switch p := r.IntN(100); {
	case p < 40:
		sensible(w, r)
	case p < 50:
		gen := w.keys.Gen
		if r.IntN(10) == 0 {
			gen--
		}
		w.apply(Event{Kind: Press, Gen: gen, Key: Key(r.IntN(int(numKeys)))})
	case p < 56:
		kind := []EventKind{Typed, Entered, Cancelled, Cleared, Menued}[r.IntN(5)]
		w.apply(Event{Kind: kind, Gen: w.keys.Gen, Filled: r.IntN(1 + room(w.keys.Input)), Fault: Fault(r.IntN(int(numFaults)))})
	case p < 60:
		w.put(card.Presence(r.IntN(4)))
	case p < 90 && w.op.No != 0 && r.IntN(3) > 0:
		linkNews(w, r)
	case p < 90:
		answerCard(w, r)
	case p < 94:
		w.wait(time.Duration(r.IntN(60)) * time.Second)
	case p < 95:
		w.store = r.IntN(3) > 0
	case p < 96:
		w.apply(Event{Kind: Shown, Gen: w.s.gen, Bad: r.IntN(3) == 0})
	case p < 97 && r.IntN(3) == 0:
		w.apply(Event{Kind: Service, Gen: w.keys.Gen})
	case p < 97:
		w.apply(Event{Kind: []EventKind{Keypad, Lid}[r.IntN(2)], Bad: r.IntN(3) == 0})
	case p < 98:
		link := Link(r.IntN(3))
		if len(w.s.cfg.Issuer) > 0 && r.IntN(3) > 0 {
			link = LinkUp
		}
		w.apply(Event{Kind: LinkState, Link: link, Queue: r.IntN(4) - 1})
		if w.s.held || w.s.Quiet() {
			w.apply(Event{Kind: Held, OK: !w.s.held, Bad: r.IntN(2) == 0})
		}
	default: // a stale or foreign answer
		staleNews(w, r)
		k := []EventKind{CodeChecked, BoardRead, Verified, Changed, Stored, Shown, Start}[r.IntN(7)]
		w.apply(Event{Kind: k, No: uint32(r.IntN(3)), Gen: uint32(r.IntN(3)), OK: true})
	}
}

// room is how many characters an entry takes; the pad tells no more.
func room(in Input) int {
	switch {
	case in.Slot == SlotCode:
		return 8
	case in.Slot == SlotNewCode:
		return 8
	case in.Kind.Valid():
		return in.Kind.Form().Max()
	}
	return 0
}

// sensible does what leads on.
func sensible(w *world, r *rand.Rand) {
	w.t.Helper()
	if w.keys.Mode == ModeSecret {
		w.typed(1 + r.IntN(4))
		if w.keys.Input.Again && r.IntN(6) == 0 {
			w.enter(FaultMismatch)
			return
		}
		w.enter(FaultNone)
		return
	}
	if w.keys.Mode == ModeTest {
		w.contacts(0, 1<<r.IntN(16), uint16(r.IntN(1<<16)))
		return
	}
	switch w.s.step {
	case stepService:
		w.press([]Key{Key1, Key2, Key3, Key4, Key5, Key6, Key7, Key8, Key8, Key9, Key9, KeyCancel}[r.IntN(12)])
	case stepServiceReader, stepServiceQueue, stepServiceAbout, stepServiceClock:
		w.press(KeyCancel)
	case stepServiceLamp:
		w.press([]Key{KeyDown, KeyEnter, KeyCancel}[r.IntN(3)])
	case stepGuard2:
		w.press(KeyDown)
	case stepClerkMenu:
		w.press(Key1 + Key(r.IntN(3)))
	case stepCancel:
		w.press([]Key{KeyEnter, KeyCancel}[r.IntN(2)])
	case stepMenu:
		w.press(Key1 + Key(r.IntN(5)))
	case stepLanguage:
		w.press([]Key{Key1, Key2, Key5, Key7, Key8, KeyMenu, KeyEnter}[r.IntN(7)])
	case stepReview, stepReviewNew:
		if r.IntN(3) == 0 {
			w.press([]Key{KeyEnter, KeyClear, KeyDown, KeyUp, KeyCancel}[r.IntN(5)])
			return
		}
		w.apply(Event{Kind: []EventKind{LongPress, LetGo}[r.IntN(2)], Gen: w.keys.Gen, Key: KeyMenu})
	case stepLookAlike:
		w.press([]Key{KeyEnter, KeyEnter, KeyClear}[r.IntN(3)])
	case stepProcedure:
		w.press([]Key{KeyDown, KeyDown, Key0, Key1, Key2, Key3, Key4, Key5, Key6}[r.IntN(9)])
	case stepClaim:
		if r.IntN(2) == 0 {
			w.types(aNumber.Plain())
			w.press(KeyEnter)
			return
		}
		w.press([]Key{Key2, Key7, Key1, KeyClear, KeyEnter}[r.IntN(5)])
	case stepTerminal:
		w.press(Key1 + Key(r.IntN(3)))
	case stepGiven:
		w.press([]Key{KeyEnter, KeyEnter, KeyCancel}[r.IntN(3)])
	case stepKind, stepKinds:
		w.press(Key1 + Key(r.IntN(3)))
	case stepApplicant:
		w.press(Key1 + Key(r.IntN(3)))
	case stepQuestion, stepDocuments, stepOffice:
		w.press([]Key{Key1, Key1, Key2, Key3, KeyEnter, KeyCancel}[r.IntN(6)])
	case stepDecision, stepTell, stepGuide, stepNotice:
		w.press([]Key{KeyEnter, KeyEnter, KeyEnter, KeyDown, KeyMenu, KeyClear}[r.IntN(6)])
	case stepConfirmDate, stepServiceConfirm:
		w.press([]Key{KeyEnter, KeyClear}[r.IntN(2)])
	case stepDate, stepServiceDate:
		w.press(Key(r.IntN(10)))
	case stepTake:
		w.put(card.Empty)
	case stepInsert, stepRemoved, stepUnreadable, stepCardWrong, stepReaderLost:
		w.put(card.Empty)
		w.put(card.Present)
	default:
		w.press(KeyEnter)
	}
}

// answerCard answers what is pending at the card, mostly well.
func answerCard(w *world, r *rand.Rand) {
	w.t.Helper()
	if len(w.asked) == 0 {
		return
	}
	res := ResultOK
	if r.IntN(3) == 0 {
		res = Result(r.IntN(int(numResults)))
	}
	left := r.IntN(4)
	switch {
	case w.s.step == stepLeaveChecking && r.IntN(2) == 0:
		res = ResultWrong
	case r.IntN(12) == 0:
		res = ResultSplit
	}
	switch w.asked[r.IntN(len(w.asked))].(type) {
	case ReadBoard:
		b := adult(left, r.IntN(6))
		switch r.IntN(12) {
		case 0:
			b.Species = card.SpeciesDrivingLicence
		case 1:
			b.Species, b.HasSigning = card.SpeciesFaceAuth, false
		case 2:
			b.HasSigning = false
		case 3:
			b.Tries[card.KindLogin].Known = false
		}
		w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Result: res, Board: b, Obeys: len(w.s.cfg.Issuer) > 0 && b.MyNumber() && r.IntN(5) > 0})
	case Verify:
		w.apply(Event{Kind: Verified, No: take[Verify](w).No, Result: res, Left: left})
	case Change:
		w.apply(Event{Kind: Changed, No: take[Change](w).No, Result: res, Left: left})
	case CheckCode:
		w.apply(Event{Kind: CodeChecked, No: take[CheckCode](w).No, OK: r.IntN(4) > 0, Label: "佐藤"})
	case FindClaim:
		s := mailed()
		s.Step = claim.Steps()[r.IntN(4)]
		s.Applicant = record.Applicant(1 + r.IntN(3))
		s.Procedure = checkable[r.IntN(len(checkable))]
		w.finds([]Find{FindOK, FindOK, Find(r.IntN(int(numFinds)))}[r.IntN(3)], s)
	case Inspect:
		w.apply(Event{Kind: Inspected, No: take[Inspect](w).No, Survey: surveyed})
	case Examine:
		w.found([]Findings{{}, {PartReader: 2}, {PartStorage: 3, PartReader: 9}}[r.IntN(3)])
	case StoreCode:
		w.apply(Event{Kind: CodeStored, No: take[StoreCode](w).No, Refusal: Refusal(r.IntN(int(numRefusals)))})
	}
}

// FuzzStep holds the promises against sequences of events as a fuzzer finds them.
func FuzzStep(f *testing.F) {
	f.Add([]byte("a case"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s [32]byte
		copy(s[:], b)
		walk(newWorld(t), rand.New(rand.NewChaCha8(s)), 400)
	})
}
