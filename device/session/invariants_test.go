// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// watchEvent follows what people and card did, apart from what the session makes of it.
func (w *world) watchEvent(ev Event, s State) {
	in, _ := s.screen.ID.Info()
	accepted := ev.Kind == Press && ev.Gen == w.keys.Gen && w.keys.Mode == ModeMenu && !s.panelBad && (!in.Seen || s.painted && !ev.At.Before(s.shownAt))
	switch ev.Kind {
	case Press:
		if f := s.screen.Facts; !accepted || f.Page < f.Pages {
			return // another page of the same question follows
		}
		switch {
		case s.screen.ID == display.ResidentGuard1 && ev.Key == KeyEnter:
			w.guard = 1
		case s.screen.ID == display.ResidentGuard2 && ev.Key == KeyDown && w.guard == 1:
			w.guard = 2
		case s.screen.ID == display.ResidentGuard3 && ev.Key == KeyEnter && w.guard == 2:
			w.guard = 3
		case s.screen.ID == display.ResidentCancel && ev.Key == KeyCancel && !s.recorded && !w.final: // else it is too late
			w.stopped = true
		}
	case Entered:
		if ev.Gen == w.keys.Gen && w.keys.Mode == ModeSecret && ev.Fault == FaultNone {
			w.entered = true
		}
	case BoardRead:
		if ev.No == s.wait && ev.No != 0 && ev.Kind == s.answer && ev.Result == ResultOK {
			for _, k := range card.Kinds() {
				w.lefts[k] = ev.Board.Of(k).Left
			}
		}
	case Verified, Changed:
		if ev.No == s.wait && ev.No != 0 && ev.Kind == s.answer {
			w.guard = 0
			if ev.Result == ResultOK || ev.Result == ResultWrong || ev.Result == ResultSplit || ev.Result == ResultTries {
				w.lefts[s.kind] = ev.Left
			}
		}
	case Revealed:
		w.lending = false
	case Shown: // the painter does one thing after the other
		w.lending = w.lending && ev.Gen <= w.lentOn
		if s.screen.ID == display.Wipe && ev.Gen == s.gen && !ev.Bad {
			w.resident = false
		}
	}
}

// effect notes an effect and holds it against the promises.
func (w *world) effect(e Effect) {
	w.t.Helper()
	if w.watch != nil {
		w.watch(e)
	}
	switch e := e.(type) {
	case Show:
		w.show(e)
	case Keys:
		w.keys = e
		if e.Mode == ModeTest && (w.slots != [numSlots]bool{} || w.kept) {
			w.fatalf("the key test begins with something in slots %v", w.slots)
		}
		if e.Mode == ModeSecret {
			w.slots[e.Input.Slot] = true
			w.entered = false
		}
	case WipePINs:
		w.slots, w.kept = [numSlots]bool{}, false
	case CheckCode:
		w.slots[SlotCode] = false
		w.kept = w.kept || e.Keep
		w.asked = append(w.asked, e)
	case StoreCode:
		if !w.kept || !w.slots[SlotNewCode] {
			w.fatalf("a new code is stored without an old one, or without itself")
		}
		w.slots[SlotNewCode] = false
		w.asked = append(w.asked, e)
	case Inspect:
		w.asked = append(w.asked, e)
	case Examine:
		if w.s.part() == residents {
			w.fatalf("the box looks at its parts at %v", w.s.step)
		}
		w.asked = append(w.asked, e)
	case Reveal:
		if w.s.kind.Form().Letters() == false || !w.s.cfg.Reveal || w.lent || !w.slots[e.Slot] {
			w.fatalf("a character of %v is revealed", w.s.kind)
		}
		w.lent, w.lending, w.lentOn = true, true, w.screen.Gen
		w.asked = append(w.asked, e)
	case Cover:
		w.lent = false
	case Verify:
		w.verifies++
		w.sent(e.Kind, e.Left, OpVerify)
		w.slots[SlotCurrent] = false
		w.asked = append(w.asked, e)
	case Change:
		w.changes++
		w.sent(e.Kind, e.Left, OpChange)
		w.slots[SlotCurrent], w.slots[SlotNew] = false, false
		w.asked = append(w.asked, e)
	case Finish:
		w.inflight++
		if w.inflight > 1 {
			w.fatalf("two records of one case are on their way")
		}
		w.asked = append(w.asked, e)
		w.tells(e.Case(), record.PO)
	case Afterwards:
		if w.afters = append(w.afters, e); w.store {
			w.journal = Entry{}
		}
		w.asked = append(w.asked, e)
		if len(w.afters) > w.records {
			w.fatalf("the rest of a case comes before its record")
		}
		w.tells(e.Case(), 0)
	case Look:
		w.looks++
	case Issue:
		w.begun(e)
	case IssueTyped:
		w.handed(e)
	case IssueCancel:
		w.cancelled(e)
	case ReadBoard, Journal, Misses, FindClaim:
		w.asked = append(w.asked, e)
	}
}

// tells takes a case apart as city hall's fullest rules do: exactly one record, if any is due, and each other facet at most once, but for the entries.
func (w *world) tells(c record.Case, due record.Kind) {
	w.t.Helper()
	rules := record.DefaultRules(1)
	take := rules.Facets
	if due == 0 {
		take = rules.After
	}
	f, err := take(c)
	if err != nil {
		w.fatalf("facets of %+v: %v", c, err)
	}
	n := map[record.Kind]int{}
	for _, r := range f.Records {
		n[r.Kind()]++
	}
	for k, n := range n {
		if n > 1 && k != record.PE || n > record.MaxEntries || due == 0 && k != record.PE && k != record.ST {
			w.fatalf("%d facets %v of %+v", n, k, c)
		}
	}
	if due != 0 && n[due] != 1 {
		w.fatalf("%d facets %v of %+v, want 1", n[due], due, c)
	}
}

// sent holds a command that carries a PIN against the promises.
func (w *world) sent(k card.Kind, left int, op Op) {
	w.t.Helper()
	if w.journal.Op != op && !(op == OpVerify && w.journal.Op == OpLeave) || w.journal.Kind != k {
		w.fatalf("%v of %v is sent, the journal holds %+v", op, k, w.journal)
	}
	w.left = w.lefts[k]
	if left != w.left {
		w.fatalf("%v is sent for %d tries left, the card told %d", op, left, w.left)
	}
	if w.left < 1 || w.left < 2 && w.guard != 3 {
		w.fatalf("%v is sent with %d tries left, guard at stage %d", op, w.left, w.guard)
	}
	if !w.entered {
		w.fatalf("%v is sent without 確認 on an entry", op)
	}
	if w.lending {
		w.fatalf("%v is sent while the PIN's page is in use", op)
	}
	if w.stopped {
		w.fatalf("%v is sent after the case was cancelled", op)
	}
	if w.s.lidOpen {
		w.fatalf("%v is sent with the lid open", op)
	}
	w.entered = false
}

// show holds a new screen against the promises of faces.
func (w *world) show(e Show) {
	w.t.Helper()
	in, ok := e.Screen.ID.Info()
	if !ok {
		w.fatalf("screen %q is not listed", e.Screen.ID)
	}
	if in.Face == display.FaceResident && !w.s.letter {
		w.resident = true
	}
	if w.resident && in.Face != display.FaceResident && e.Screen.ID != display.Wipe {
		w.fatalf("screen %q follows the resident's before the panel was white", e.Screen.ID)
	}
	if w.lent && e.Screen.ID != display.ResidentReview {
		w.fatalf("screen %q follows before the character was covered", e.Screen.ID)
	}
	if e.Gen <= w.screen.Gen {
		w.fatalf("generation %d follows %d", e.Gen, w.screen.Gen)
	}
	switch e.Screen.ID {
	case display.ResidentStopped, display.ResidentIssued:
		w.words(e.Screen)
	}
	switch e.Screen.ID {
	case display.ResidentDone, display.ResidentChanged, display.ResidentLeaveOK, display.ResidentIssued:
		if w.records != w.opened {
			w.fatalf("%q is shown with %d records stored for %d cases", e.Screen.ID, w.records, w.opened)
		}
	}
	w.screen = e
	if w.screens != nil {
		f := e.Screen.Facts
		w.screens[fmt.Sprint(e.Screen.ID, f.Procedure, f.Kind, f.Reason, f.Fault, f.Species, f.EndState, f.Link, f.Left, f.Half, len(f.Board), f.Large, f.Page, f.Ends != "")] = e.Screen
	}
}

// watchState holds the state against the promises after every step.
func (w *world) watchState(before State) {
	w.t.Helper()
	s := w.s
	if before.step != stepSaving && s.step == stepSaving {
		w.opened++
		w.stopped, w.guard = false, 0
	}
	if before.step == stepOpening && (s.step == stepLanguage || s.part() == residents) {
		w.opened++
		w.stopped, w.guard = false, 0
		w.written, w.due, w.doubt = 0, 0, false
	}
	w.watchIssue()
	if s.step != stepBoot && s.Deadline().IsZero() {
		w.fatalf("step %v has no deadline", s.step)
	}
	in, _ := s.screen.ID.Info()
	if t := steps[s.base()]; t.pin && in.Face != display.FaceResident && !(s.letter && s.typesPIN()) {
		w.fatalf("step %v shows %q, which is not the resident's", s.step, s.screen.ID)
	}
	if s.keys.Mode == ModeSecret && !in.Entry {
		w.fatalf("a PIN can be typed at %v while %q is shown", s.step, s.screen.ID)
	}
	if s.step == stepIdle {
		if w.slots != [numSlots]bool{} || w.kept {
			w.fatalf("slots %v may still hold something at rest", w.slots)
		}
		if s.unsaved == (Finish{}) && w.records != w.opened {
			w.fatalf("%d records are stored for %d cases", w.records, w.opened)
		}
	}
	if s.recorded && s.step.part() == residents && s.unsaved == (Finish{}) && w.records != w.opened {
		w.fatalf("the case counts as recorded at %v with %d records for %d cases", s.step, w.records, w.opened)
	}
}

// describe is an event in a few words.
func describe(ev Event) string {
	switch ev.Kind {
	case Press:
		return "press " + keyNames[ev.Key]
	case LongPress, LetGo:
		return ev.Kind.String() + " " + keyNames[ev.Key]
	case Typed:
		return fmt.Sprintf("typed %d", ev.Filled)
	case Entered:
		return "entered " + ev.Fault.code()
	case Reader:
		return "reader " + ev.Presence.String() + map[bool]string{true: " (no service)"}[ev.Bad]
	case BoardRead:
		if ev.Result == ResultOK {
			return "board_read ok " + string(ev.Board.Species)
		}
		return "board_read " + ev.Result.String()
	case Verified, Changed:
		return fmt.Sprintf("%v %v left %d", ev.Kind, ev.Result, ev.Left)
	case Stored, CodeChecked:
		return fmt.Sprintf("%v %v", ev.Kind, map[bool]string{true: "ok", false: "no"}[ev.OK])
	case ClaimFound:
		return "claim_found " + ev.Found.String() + " " + map[bool]string{true: ev.State.Step.String()}[ev.Found == FindOK]
	case Contacts:
		return fmt.Sprintf("contacts %04x", ev.Closed)
	case Examined:
		return "examined " + ev.Findings.String()
	case CodeStored:
		return fmt.Sprintf("code_stored %d", ev.Refusal)
	case Shown, Keypad, Lid, Revealed:
		return fmt.Sprintf("%v%s", ev.Kind, map[bool]string{true: " bad"}[ev.Bad])
	}
	if ev.Kind == Issuing {
		return fmt.Sprintf("issuing %v", phaseNames[ev.Issue.Phase])
	}
	return ev.Kind.String()
}

var keyNames = [numKeys]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "cancel", "clear", "enter", "up", "down", "menu"}
