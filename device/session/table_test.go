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

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/display"
)

var update = flag.Bool("update", false, "rewrite testdata/table.txt")

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
	add(Event{Kind: WipeOrdered, OK: true})
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
