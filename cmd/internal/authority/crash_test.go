// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/device/issue"
	"madoguchi/sync/issuer"
)

func messageName(m issuer.Message) string { return strings.TrimPrefix(fmt.Sprintf("%T", m), "issuer.") }
func typeName(v any) string {
	return strings.TrimPrefix(strings.TrimPrefix(fmt.Sprintf("%T", v), "issue."), "issuer.")
}

// operations are those that differ in what they write.
var operations = []struct {
	name string
	o    issuer.Order
}{
	{"reset, login", issuer.Order{Operation: issuer.PinReset, Kind: issuer.Login, Procedure: issuer.ResetCase}},
	{"reset, register", issuer.Order{Operation: issuer.PinReset, Kind: issuer.Register, Procedure: issuer.ResetCase}},
	{"renewal, login", issuer.Order{Operation: issuer.CertRenewal, Kind: issuer.Login, Procedure: issuer.RenewalCase}},
	{"issue, signing", issuer.Order{Operation: issuer.CertIssue, Kind: issuer.Signing, Procedure: issuer.IssueCase}},
}

func spec(id string) simcard.Spec {
	s, _ := simcard.SampleByID(id, morning)
	s.Spec.Profile = simcard.SimulatedIssuer
	return s.Spec
}

// cutHere is a power cut.
type cutHere struct{}

// powered runs f and says whether the power was cut in it.
func powered(f func()) (cut bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(cutHere); !ok {
				panic(p)
			}
			cut = true
		}
	}()
	f()
	return false
}

// holds says what the card holds: the new PIN and certificate, or the old ones; "half" if they contradict each other.
func (r *rig) holds(o issuer.Order, before simcard.State) string {
	r.t.Helper()
	r.cut()
	parts, _ := o.Operation.Parts(o.Kind)
	st, changed, same := r.sim.State(), 0, 0
	count := func(isNew bool) {
		if isNew {
			changed++
		} else {
			same++
		}
	}
	if parts.PIN {
		for _, ref := range kinds[o.Kind].Info().Refs {
			name := fmt.Sprintf("%x:%04X", string(ref.AP), ref.EF)
			count(st.Keys[name].PIN == r.pins[o.Kind])
		}
	}
	if parts.Key {
		file := map[issuer.Kind]string{issuer.Login: "d392f000260100000001:0017", issuer.Signing: "d392f000260100000001:001A"}[o.Kind]
		count(st.Generations[file] > before.Generations[file])
		count(certificate(r.t, r.sim, o.Kind) != nil)
	}
	count(st.Last != nil)
	switch {
	case same == 0:
		return "new"
	case changed == 0:
		return "old"
	}
	return "half"
}

// TestPowerCut cuts the box's power before and after everything that an operation does, starts it again with the same card, and, in a second pass, without any card. Card, box and authority then
// say the same; where nobody can know they all say so, and the card's next operation settles it. Nothing is done twice. With -v it prints the table.
func TestPowerCut(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			table := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
			if testing.Verbose() {
				fmt.Fprintf(table, "\n%s\nthe power goes\tcard\tbox, card still there\tauthority\tbox, card gone\tauthority\tthen the next operation\n", op.name)
			}
			for n := 1; ; n++ {
				row := [2][]string{}
				where := ""
				for pass, present := range []bool{true, false} {
					r := newRig(t, spec("locked"))
					before := r.sim.State()
					points := 0
					r.said = func(step string) {
						if points++; points == n {
							where = step
							panic(cutHere{})
						}
					}
					if !powered(func() { r.begin(op.o); r.run(5 * time.Minute) }) {
						if r.box.ended == nil || r.box.ended.Outcome != issue.Done {
							t.Fatalf("without a cut: %+v at %v", r.box.ended, r.box.state.Step)
						}
						table.Flush()
						if n < 20 {
							t.Errorf("only %d places to cut were found", n)
						}
						return
					}
					r.said = func(string) {}
					r.cut()
					if !present {
						r.seat.Remove()
					}
					r.now = r.now.Add(time.Minute)
					r.start()
					r.run(5 * time.Minute)
					if r.box.state.Open() {
						t.Fatalf("%s: the box never ends: %v", where, r.box.state.Step)
					}
					box := "nothing open"
					if r.box.found {
						box = r.box.state.Outcome.String()
					}
					r.now = r.now.Add(time.Hour)
					if err := r.auth.Sweep(context.Background()); err != nil {
						t.Fatal(err)
					}
					book, err := r.auth.Book(context.Background())
					if err != nil {
						t.Fatal(err)
					}
					state := "nothing open"
					if len(book) == 1 {
						state = book[0].State.String()
					}
					holds := r.holds(op.o, before)
					row[pass] = append(row[pass], holds, box, state)
					agree(t, where, present, holds, box, state)

					// The next operation on this card settles what was in doubt, and works.
					if !present {
						r.seat.Insert(r.sim)
					}
					r.start()
					r.begin(op.o)
					r.run(5 * time.Minute)
					if r.box.ended == nil || r.box.ended.Outcome != issue.Done {
						t.Fatalf("%s: the next operation: %+v at %v", where, r.box.ended, r.box.state.Step)
					}
					book, err = r.auth.Book(context.Background())
					if err != nil {
						t.Fatal(err)
					}
					took := 0
					for _, e := range book {
						if e.State == issuer.Done {
							took++
						}
						if !e.State.Settled() {
							t.Errorf("%s: still %v after the next operation", where, e.State)
						}
					}
					if want := map[string]int{"old": 1, "new": 2}[holds]; took != want {
						t.Errorf("%s: %d operations took effect by the book, %d by the card", where, took, want)
					}
					if alarms, err := r.auth.Alarms(context.Background()); err != nil || len(alarms) > 0 {
						t.Errorf("%s: alarms %q, %v", where, alarms, err)
					}
					r.cut()
				}
				if testing.Verbose() {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\tdone\n", where, row[0][0], row[0][1], row[0][2], row[1][1], row[1][2])
				}
			}
		})
	}
}

// agree holds card, box and authority against each other.
func agree(t *testing.T, where string, present bool, holds, box, state string) {
	t.Helper()
	ok := map[string]map[string]bool{
		"new": {"done/done": true, "nothing open/done": true},
		"old": {"undone/undone": true, "nothing open/undone": true, "nothing open/nothing open": true},
	}[holds][box+"/"+state]
	if !present && box == "doubt" && state == "doubt" {
		ok = true // nobody can know, and both say so
	}
	if !ok {
		t.Errorf("%s, card there %v: the card holds the %s, the box says %s, the authority %s", where, present, holds, box, state)
	}
}

// TestOutcome runs each operation without a cut and looks at what the card holds then.
func TestOutcome(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			r := newRig(t, spec("locked"))
			before := r.sim.State()
			began := r.now
			r.begin(op.o)
			r.run(time.Minute)
			if r.box.ended == nil || *r.box.ended != (issue.End{Outcome: issue.Done}) || r.box.disk.Operation() != nil || r.box.wiped == 0 {
				t.Fatalf("%+v", r.box.ended)
			}
			t.Logf("%d messages, %v of waiting", len(r.seen), r.now.Sub(began))
			parts, _ := op.o.Operation.Parts(op.o.Kind)
			if parts.PIN {
				c, err := r.session()
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Verify(kinds[op.o.Kind], r.typed(op.o.Kind)); err != nil {
					t.Errorf("the new PIN: %v", err)
				}
			}
			if holds := r.holds(op.o, before); holds != "new" {
				t.Errorf("the card holds the %s", holds)
			}
			if parts.Key {
				cert := certificate(t, r.sim, op.o.Kind)
				want := time.Date(2031, 4, 4, 14, 59, 59, 0, time.UTC) // number 3: born on 4 April; the fifth birthday after 20 November 2026
				if !cert.NotAfter.Equal(want) {
					t.Errorf("ends %v, want %v", cert.NotAfter, want)
				}
				if b, err := func() (card.Board, error) { c, _ := r.session(); return c.Board() }(); err != nil || op.o.Kind == issuer.Login && b.AuthEnds.Format(time.DateOnly) != "2031-04-04" {
					t.Errorf("the board reads %v, %v", b.AuthEnds, err)
				}
			}
		})
	}
}
