// SPDX-License-Identifier: Apache-2.0

package session

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/table.txt")

// scenes bring a session to each step, the way people do.
var scenes [numSteps]func(*world)

func init() {
	scenes = [numSteps]func(*world){
		stepBoot: nil, // see TestTable
		stepStarting: func(w *world) {
			*w = world{t: w.t, s: New(Config{Office: "市民課"}), now: noon, store: true, slow: true, opened: 1}
			w.single(Event{Kind: Start, Open: true, Journal: Entry{Procedure: services[1], Applicant: Self, Week: mustWeek(), Op: OpChange, Kind: card.KindLogin}})
		},
		stepIdle:         func(*world) {},
		stepIdleReading:  func(w *world) { w.put(card.Present) },
		stepIdleBoard:    func(w *world) { w.put(card.Present); w.board(adult(3, 5)) },
		stepIdleWrong:    func(w *world) { w.put(card.Mute) },
		stepCode:         func(w *world) { w.press(KeyEnter); w.typed(4) },
		stepCodeChecking: func(w *world) { w.press(KeyEnter); w.typed(4); w.enter(FaultNone) },
		stepCodeWrong:    func(w *world) { w.code(false) },
		stepCodeWait: func(w *world) {
			for range freeMisses {
				w.code(false)
				if w.s.step == stepCodeWrong {
					w.press(KeyCancel)
				}
			}
		},
		stepConfirmDate: func(w *world) { w.under("nabari", ""); w.s.cfg.Floor = noon.AddDate(0, 1, 0); w.code(true) },
		stepDate:        func(w *world) { scenes[stepConfirmDate](w); w.press(KeyClear, Key2) },
		stepNotice:      func(w *world) { w.under("matsue", "kashima_branch"); w.code(true); w.choose(record.CertRenewal) },
		stepQuestion:    func(w *world) { w.under("nabari", ""); w.code(true); w.choose(record.CertRenewal); w.press(Key1) },
		stepDocuments:   func(w *world) { scenes[stepQuestion](w); w.usual(stepDocuments) },
		stepDecision:    func(w *world) { scenes[stepQuestion](w); w.usual(stepDecision) },
		stepClaim:       func(w *world) { w.under("nabari", ""); w.code(true); w.choose(goOn); w.press(Key2) },
		stepClaimAsking: func(w *world) { w.asks(aNumber) },
		stepClaimNone:   func(w *world) { w.asks(aNumber); w.finds(FindUnknown, claim.State{}) },
		stepClaimFound:  func(w *world) { w.asks(aNumber); w.finds(FindOK, mailed()) },
		stepTerminal: func(w *world) {
			w.asks(aNumber)
			s := mailed()
			s.Step = claim.AtTerminal
			w.finds(FindOK, s)
			w.press(KeyEnter)
		},
		stepGiven:    func(w *world) { scenes[stepTell](w); w.press(KeyEnter) },
		stepWrite:    func(w *world) { scenes[stepGiven](w); w.press(KeyEnter) },
		stepTell:     func(w *world) { scenes[stepDecision](w); w.press(KeyEnter) },
		stepOffice:   func(w *world) { w.under("matsue", ""); w.code(true); w.press(Key2, Key1, Key1); w.usual(stepOffice) },
		stepGuide:    func(w *world) { w.under("nabari", ""); w.code(true); w.choose(record.Suspension) },
		stepSaving:   func(w *world) { scenes[stepTell](w); w.slow = true; w.press(KeyEnter) },
		stepClerkWhy: func(w *world) { scenes[stepDecision](w); w.press(KeyMenu) },

		stepProcedure: func(w *world) { w.code(true) },
		stepApplicant: func(w *world) { w.code(true); w.press(Key2) },
		stepRefused:   func(w *world) { w.code(true); w.press(Key2, Key3) },
		stepKind:      func(w *world) { w.code(true); w.press(Key2, Key1) },
		stepKinds:     func(w *world) { w.linked("nabari"); w.code(true); w.choose(record.PinReset); w.press(Key1) },
		stepTurn:      func(w *world) { w.clerk(Key2, Key1) },
		stepOpening:   func(w *world) { w.clerk(Key2, Key1); w.slow = true; w.press(KeyEnter) },

		stepRelocked: func(w *world) { w.renewing("sakuragawa", 0) },

		stepLanguage:   func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter) },
		stepInsert:     func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter, Key1) },
		stepReading:    func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter, Key1); w.put(card.Present) },
		stepCardWrong:  func(w *world) { w.toBoard(Key2, Key1, card.Board{Species: card.SpeciesDrivingLicence}) },
		stepUnreadable: func(w *world) { w.clerk(Key2, Key1); w.press(KeyEnter, Key1); w.put(card.Mute) },
		stepRemoved:    func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)); w.put(card.Empty) },
		stepReaderLost: func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)); w.put(card.NoReader) },
		stepFailed: func(w *world) {
			w.clerk(Key2, Key1)
			w.press(KeyEnter, Key1)
			w.put(card.Present)
			w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Result: ResultFailed})
		},
		stepBoard:    func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)) },
		stepAbout:    func(w *world) { w.toBoard(Key2, Key1, adult(3, 5)); w.press(KeyEnter) },
		stepLetters:  func(w *world) { w.toBoard(Key2, Key2, adult(3, 5)); w.press(KeyEnter, KeyEnter) },
		stepGuard1:   func(w *world) { w.toPIN(Key2, Key1, adult(1, 5)) },
		stepGuard2:   func(w *world) { w.toPIN(Key2, Key1, adult(1, 5)); w.press(KeyEnter) },
		stepGuard3:   func(w *world) { w.toPIN(Key2, Key1, adult(1, 5)); w.press(KeyEnter, KeyDown) },
		stepPIN:      func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.typed(2) },
		stepChecking: func(w *world) { w.toPIN(Key1, Key1, adult(3, 5)); w.typed(4); w.enter(FaultNone) },
		stepWrong: func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultWrong, 2)
		},
		stepSplit: func(w *world) {
			w.toPIN(Key2, Key4, adult(3, 5))
			w.entries()
			w.changed(ResultSplit, 2)
		},
		stepRules:      func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.typed(4); w.enter(FaultNone) },
		stepNew:        func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.typed(4); w.enter(FaultNone); w.press(KeyEnter) },
		stepPractice:   func(w *world) { scenes[stepLanguage](w); w.press(Key8) },
		stepTry:        func(w *world) { scenes[stepPractice](w); w.press(KeyEnter); w.typed(2) },
		stepTryHow:     func(w *world) { scenes[stepTry](w); w.typed(4); w.enter(FaultNone) },
		stepTryLetters: func(w *world) { scenes[stepTryHow](w); w.press(KeyEnter); w.typed(3) },
		stepPractised:  func(w *world) { scenes[stepTryLetters](w); w.typed(6); w.enter(FaultNone) },
		stepLookAlike: func(w *world) {
			w.toPIN(Key2, Key2, adult(3, 5))
			w.typed(8)
			w.enter(FaultNone)
			w.press(KeyEnter)
			w.typed(8)
			w.enter(FaultNone)
		},
		stepReview: func(w *world) {
			w.s.cfg.Reveal = true
			w.toPIN(Key2, Key2, adult(3, 5))
			w.typed(8)
			w.enter(FaultNone)
		},
		stepReviewNew: func(w *world) {
			scenes[stepLookAlike](w)
			w.s.cfg.Reveal = true
			w.press(KeyEnter)
		},
		stepHome: func(w *world) { scenes[stepDone](w); w.press(KeyEnter) },
		stepAgain: func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.press(KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
		},
		stepMismatch: func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.press(KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.typed(4)
			w.enter(FaultMismatch)
		},
		stepChanging: func(w *world) { w.toPIN(Key2, Key1, adult(3, 5)); w.entries() },
		stepUnsure: func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.changed(ResultGoneChange, 0)
			w.put(card.Empty)
			w.put(card.Present)
			w.board(adult(3, 5))
			w.press(KeyEnter)
		},
		stepChanged:  func(w *world) { w.change(adult(3, 5)) },
		stepLeaveAsk: func(w *world) { w.change(adult(3, 5)); w.press(KeyEnter) },
		stepLeave:    func(w *world) { w.change(adult(3, 5)); w.press(KeyEnter, KeyEnter) },
		stepLeaveChecking: func(w *world) {
			w.change(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
		},
		stepLeaveOK: func(w *world) {
			w.change(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		},
		stepLeaveWrong: func(w *world) {
			w.change(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultWrong, 2)
		},

		stepIssueAbout: func(w *world) { w.toIssue(adult(0, 5)) },
		stepIssuing: func(w *world) {
			w.toIssue(adult(0, 5))
			w.press(KeyEnter)
			w.issueNews(IssueNews{Phase: IssueWaiting, Check: 417})
		},
		stepIssueAgain: func(w *world) { scenes[stepIssuing](w); w.issueNews(IssueNews{Phase: IssueAgain, Final: true}) },
		stepIssued:     func(w *world) { w.resets(adult(0, 5)) },

		stepFinishing: func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.secret(Cancelled)
			w.slow = true
			w.press(KeyCancel)
		},
		stepDone: func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		},
		stepLocked:   func(w *world) { w.toBoard(Key1, Key1, adult(0, 5)) },
		stepNoPIN:    func(w *world) { w.toBoard(Key1, Key1, card.Board{Species: card.SpeciesFaceAuth, HasAuth: true}) },
		stepAbsent:   func(w *world) { b := adult(3, 5); b.HasAuth = false; w.toBoard(Key1, Key1, b) },
		stepStopped:  func(w *world) { w.toPIN(Key1, Key1, adult(3, 5)); w.secret(Cancelled); w.press(KeyCancel) },
		stepTake:     func(w *world) { scenes[stepStopped](w); w.press(KeyEnter) },
		stepTurnBack: func(w *world) { scenes[stepTake](w); w.put(card.Empty) },
		stepWiping:   func(w *world) { scenes[stepTurnBack](w); w.hold = true; w.press(KeyEnter) },
		stepClosed:   func(w *world) { scenes[stepTurnBack](w); w.press(KeyEnter) },

		stepCancel:       func(w *world) { scenes[stepPIN](w); w.secret(Cancelled) },
		stepTimeout:      func(w *world) { scenes[stepPIN](w); w.wait(nextWait - noticeWait) },
		stepMenu:         func(w *world) { scenes[stepPIN](w); w.secret(Menued) },
		stepHelp:         func(w *world) { scenes[stepMenu](w); w.press(Key4) },
		stepCall:         func(w *world) { scenes[stepMenu](w); w.press(Key5) },
		stepTongue:       func(w *world) { scenes[stepMenu](w); w.press(Key1) },
		stepClerkCancel:  func(w *world) { scenes[stepTurn](w); w.press(KeyCancel) },
		stepClerkTimeout: func(w *world) { scenes[stepKind](w); w.wait(firstWait - noticeWait) },
		stepClerkMenu:    func(w *world) { scenes[stepKind](w); w.press(KeyMenu) },
		stepClerkAbout:   func(w *world) { scenes[stepClerkMenu](w); w.press(Key2) },

		stepService:        func(w *world) { w.service() },
		stepServicePad:     func(w *world) { w.service(); w.press(Key1) },
		stepServicePanel:   func(w *world) { w.service(); w.press(Key2); w.inspected() },
		stepServicePicture: func(w *world) { scenes[stepServicePanel](w); w.press(KeyEnter) },
		stepServiceReader:  func(w *world) { w.service(); w.press(Key3) },
		stepServiceQueue:   func(w *world) { w.service(); w.press(Key4); w.inspected() },
		stepServiceAbout:   func(w *world) { w.service(); w.press(Key5); w.inspected() },
		stepServiceClock:   func(w *world) { w.service(); w.press(Key6) },
		stepServiceConfirm: func(w *world) { w.s.cfg.Floor = noon.AddDate(0, 1, 0); w.service(); w.press(Key6) },
		stepServiceDate:    func(w *world) { scenes[stepServiceConfirm](w); w.press(KeyClear, Key2) },
		stepServiceCheck:   func(w *world) { w.service(); w.press(Key9) },
		stepServiceIll:     func(w *world) { w.check(Findings{PartReader: 9, PartStorage: 3}); w.press(KeyEnter) },
		stepServiceLamp:    func(w *world) { w.service(); w.press(Key7); w.inspected() },
		stepServiceNew:     func(w *world) { w.service(); w.oldCode(true); w.typed(4) },
		stepServiceAgain:   func(w *world) { scenes[stepServiceNew](w); w.enter(FaultNone); w.typed(4) },
		stepServiceSaving:  func(w *world) { scenes[stepServiceAgain](w); w.enter(FaultNone) },
		stepServiceSaved:   func(w *world) { w.newCode(RefusedNone) },
		stepServiceRefused: func(w *world) { w.newCode(RefusedUnfit) },
	}
}

// events are what is given to every step. Generations and numbers are those the step waits for; a stale one is in the table too.
func events(s State) []Event {
	var all []Event
	add := func(ev Event) { all = append(all, ev) }
	for k := range numKeys {
		add(Event{Kind: Press, Gen: s.keys.Gen, Key: k})
	}
	add(Event{Kind: Typed, Gen: s.keys.Gen, Filled: 3})
	for f := range numFaults {
		add(Event{Kind: Entered, Gen: s.keys.Gen, Fault: f})
	}
	for _, k := range []EventKind{Cancelled, Cleared, Menued} {
		add(Event{Kind: k, Gen: s.keys.Gen})
	}
	for _, k := range []EventKind{LongPress, LetGo} {
		add(Event{Kind: k, Gen: s.keys.Gen, Key: KeyMenu})
		add(Event{Kind: k, Gen: s.keys.Gen, Key: KeyClear})
	}
	add(Event{Kind: Revealed, No: s.review.no})
	add(Event{Kind: Keypad, Bad: true})
	add(Event{Kind: Lid, Bad: true})
	add(Event{Kind: Shown, Gen: s.gen})
	add(Event{Kind: Shown, Gen: s.gen, Bad: true})
	for p := range card.Mute + 1 {
		add(Event{Kind: Reader, Presence: p})
	}
	for _, ok := range []bool{true, false} {
		add(Event{Kind: CodeChecked, No: s.wait, OK: ok})
		no := s.wait
		if s.unsaved.No != 0 {
			no = s.unsaved.No
		}
		add(Event{Kind: Stored, No: no, OK: ok})
	}
	for f := range numFinds {
		add(Event{Kind: ClaimFound, No: s.wait, Found: f, Number: aNumber, State: mailed()})
	}
	add(Event{Kind: Service, Gen: s.keys.Gen})
	for _, c := range []uint16{0, cancelContact, 1 << 5, 1<<0 | 1<<1, 1<<0 | 1<<1 | 1<<4 | 1<<5} {
		add(Event{Kind: Contacts, Gen: s.keys.Gen, Closed: c})
	}
	add(Event{Kind: Inspected, No: s.wait, Survey: surveyed})
	for _, f := range []Findings{{}, {PartStorage: 3}} {
		add(Event{Kind: Examined, No: s.check.no, Findings: f})
	}
	for r := range numRefusals {
		add(Event{Kind: CodeStored, No: s.wait, Refusal: r})
	}
	for r := range numResults {
		b := adult(3, 5)
		add(Event{Kind: BoardRead, No: s.wait, Result: r, Board: b})
		for _, k := range []EventKind{Verified, Changed} {
			add(Event{Kind: k, No: s.wait, Result: r, Left: 2})
		}
	}
	add(Event{Kind: LinkState, Link: LinkUp, Queue: 1})
	if s.Quiet() || s.step == stepBoot { // an update waits for it
		for _, lasts := range []bool{false, true} {
			add(Event{Kind: Held, OK: true, Bad: lasts})
		}
		add(Event{Kind: NewSettings, Settings: &Settings{Office: "戸籍課", Langs: []display.Lang{"en"}}})
	}
	add(Event{Kind: Held})
	add(Event{Kind: Tick, At: s.deadline})
	for _, n := range []IssueNews{{}, {Phase: IssueWaiting, Check: 12}, {Phase: IssueTyping}, {Phase: IssueAgain, Other: true}, {Phase: IssueEnded, Outcome: IssueDone}, {Phase: IssueEnded}, {Phase: IssueEnded, Outcome: IssueDoubt}} {
		add(Event{Kind: Issuing, No: s.issuing.no, Issue: n})
	}
	add(Event{Kind: Start})
	return all
}

// TestTable gives every event to every step. testdata/table.txt holds what follows, also that nothing does.
func TestTable(t *testing.T) {
	var out strings.Builder
	for step := range numSteps {
		w := newWorld(t)
		if step == stepBoot {
			w.s = New(Config{Office: "市民課"})
		} else {
			scenes[step](w)
		}
		if w.s.step != step {
			w.fatalf("the scene of %v ends at %v", step, w.s.step)
		}
		fmt.Fprintf(&out, "%v [%s]\n", step, w.s.screen.ID)
		ignored, kinds := map[EventKind][]string{}, map[EventKind]int{}
		for _, ev := range events(w.s) {
			kinds[ev.Kind]++
			if ev.At.IsZero() {
				ev.At = w.now.Add(time.Second)
			}
			next, effects := Step(w.s, ev)
			if row, told := outcome(w.s, next, effects); told {
				fmt.Fprintf(&out, "  %-28s → %s\n", describe(ev), row)
			} else {
				ignored[ev.Kind] = append(ignored[ev.Kind], strings.TrimPrefix(describe(ev), ev.Kind.String()+" "))
			}
		}
		var never []string
		for k := range numEvents {
			switch n := len(ignored[k]); {
			case n > 0 && n == kinds[k]:
				never = append(never, k.String())
			case n > 0:
				fmt.Fprintf(&out, "  %-28s   ignored\n", k.String()+" "+strings.Join(ignored[k], "|"))
			}
		}
		fmt.Fprintf(&out, "  ignored always: %s\n", strings.Join(never, " "))
		stale(t, w)
	}
	path := filepath.Join("testdata", "table.txt")
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); d != "" {
		t.Errorf("-want +got (go test -update rewrites it; read the difference):\n%s", d)
	}
}

// outcome is what an event did, in one line.
func outcome(before, after State, effects []Effect) (string, bool) {
	var words []string
	for _, e := range effects {
		switch e := e.(type) {
		case Show:
			words = append(words, "show "+string(e.Screen.ID))
		case Keys:
			words = append(words, [...]string{"keys off", "keys menu", "keys secret", "keys test"}[e.Mode])
		case SetLamp:
			words = append(words, "lamp "+e.Lamp.String())
		case SlowKeys:
			words = append(words, fmt.Sprintf("slow keys %v", e.On))
		case Finish:
			words = append(words, "Finish "+e.Outcome.String())
		default:
			words = append(words, reflect.TypeOf(e).Name())
		}
	}
	if after.step == before.step && len(effects) == 0 && after.deadline.Equal(before.deadline) {
		return "", false
	}
	return strings.TrimSpace(after.step.String() + ": " + strings.Join(words, ", ")), true
}

// stale gives old generations and numbers: they change nothing at all.
func stale(t *testing.T, w *world) {
	t.Helper()
	for _, ev := range events(w.s) {
		switch ev.Kind {
		case Press, Typed, Entered, Cancelled, Cleared, Menued, LongPress, LetGo, Shown, Service, Contacts:
			ev.Gen += 7
		case CodeChecked, BoardRead, Verified, Changed, Stored, Inspected, CodeStored, Revealed, Issuing, ClaimFound, Examined:
			ev.No += 7
		default:
			continue
		}
		ev.At = w.now
		next, effects := Step(w.s, ev)
		next.at = w.s.at
		if len(effects) != 0 || !reflect.DeepEqual(next, w.s) {
			t.Errorf("%v: a stale %s is not ignored", w.s.step, describe(ev))
		}
	}
}
