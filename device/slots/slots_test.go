// SPDX-License-Identifier: Apache-2.0

package slots

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// errCut is a cut of power.
var errCut = errors.New("the power is gone")

// partition is a fake of both files of one card, whose power goes at a write: before it reaches the card or after.
type partition struct {
	sector, notes []byte
	writes        int
	cutAt         int // number of the write from 1; 0: never
	after         bool
}

func (p *partition) write(to *[]byte, b []byte) error {
	p.writes++
	if p.writes == p.cutAt && !p.after {
		return errCut
	}
	*to = bytes.Clone(b)
	if p.writes == p.cutAt {
		return errCut
	}
	return nil
}

type autoboot struct{ *partition }
type note struct{ *partition }

func (a autoboot) Read() ([]byte, error) { return a.sector, nil }
func (a autoboot) Write(b []byte) error {
	if len(b) != Sector {
		return fmt.Errorf("%d bytes", len(b))
	}
	return a.write(&a.sector, b)
}
func (n note) Read() ([]byte, error) { return n.notes, nil }
func (n note) Write(b []byte) error  { return n.write(&n.notes, b) }

var (
	_ Card  = autoboot{}
	_ Notes = note{}
)

// start is what the firmware does: the flag takes the other slot, once.
func (p *partition) start(t *testing.T, flag bool) *Slots {
	t.Helper()
	force, err := parse(p.sector)
	if err != nil {
		t.Fatal(err)
	}
	if flag {
		force = force.Other()
	}
	s, err := New(autoboot{p}, note{p}, Boot{force.partition(), flag})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// update is a whole update from slot A to slot B: install, switch, restart, proof. It stops at the first error.
func (p *partition) update(t *testing.T) error {
	s := p.start(t, false)
	if err := s.SetState(B, false); err != nil { // RAUC before it writes
		return err
	}
	if err := s.SetPrimary(B); err != nil {
		return err
	}
	if err := s.Arm(); err != nil {
		return err
	}
	s = p.start(t, true)
	if _, err := s.Settle(); err != nil {
		return err
	}
	return s.SetState(B, true)
}

// TestUpdate: the slot in force changes with the one write of the sector, and the notes are empty afterwards.
func TestUpdate(t *testing.T) {
	p := &partition{sector: encode(A)}
	if err := p.update(t); err != nil {
		t.Fatal(err)
	}
	s := p.start(t, false)
	force, err := s.InForce()
	if err != nil || force != B || s.Current() != B {
		t.Errorf("slot %s is in force, %s runs (%v)", force, s.Current(), err)
	}
	if why, err := s.Settle(); why != "" || err != nil {
		t.Errorf("after a good update: %q, %v", why, err)
	}
	if p.writes != 5 || string(p.notes) != "{}" {
		t.Errorf("%d writes, notes %s", p.writes, p.notes)
	}
}

// TestCuts cuts the power at every write of an update, before it and after it. What starts next is in force and was proved; a trial that was cut off is told
// of once it was armed; and a second try brings the update through.
func TestCuts(t *testing.T) {
	for at := 1; at <= 5; at++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, after %t", at, after), func(t *testing.T) {
				p := &partition{sector: encode(A), cutAt: at, after: after}
				if err := p.update(t); !errors.Is(err, errCut) {
					t.Fatalf("the power stayed: %v", err)
				}
				p.cutAt = 0
				s := p.start(t, false)
				why, err := s.Settle()
				if err != nil {
					t.Fatal(err)
				}
				proved := at == 5 || at == 4 && after
				want := A
				if proved {
					want = B
				}
				if s.Current() != want {
					t.Errorf("slot %s starts, want %s", s.Current(), want)
				}
				armed := at == 3 && after || at == 4 && !after
				if (why != "") != armed {
					t.Errorf("the start says %q, armed %t", why, armed)
				}
				// A slot that failed is tried again only when somebody orders it; a note that nobody armed may stay.
				if trial, err := s.OnTrial(); trial || err != nil {
					t.Errorf("on trial: %t, %v", trial, err)
				}
				if proved {
					return
				}
				if err := p.update(t); err != nil {
					t.Errorf("the second try: %v", err)
				}
				if s := p.start(t, false); s.Current() != B {
					t.Errorf("after the second try slot %s starts", s.Current())
				}
			})
		}
	}
}

// TestCalls: what each call does in each situation, as RAUC makes them.
func TestCalls(t *testing.T) {
	none := func(*Slots) error { return nil }
	for _, tc := range []struct {
		name    string
		flag    bool
		notes   string
		call    func(*Slots) error
		want    error
		primary Name
		force   Name
		bad     bool // slot B
	}{
		{"at rest", false, "", none, nil, A, A, false},
		{"switch", false, "", func(s *Slots) error { return s.SetPrimary(B) }, nil, B, A, false},
		{"switch back", false, `{"next":"B"}`, func(s *Slots) error { return s.SetPrimary(A) }, nil, A, A, false},
		{"mark the other bad", false, `{"next":"B"}`, func(s *Slots) error { return s.SetState(B, false) }, nil, A, A, true},
		{"mark the other good, without a trial", false, `{"bad":{"B":true}}`, func(s *Slots) error { return s.SetState(B, true) }, nil, A, A, false},
		{"mark the one in force bad", false, "", func(s *Slots) error { return s.SetState(A, false) }, ErrInForce, A, A, false},
		{"arm nothing", false, "", (*Slots).Arm, ErrNoTrial, A, A, false},
		{"arm what runs", true, `{"next":"B"}`, (*Slots).Arm, ErrNoTrial, B, A, false},
		{"commit", true, `{"next":"B","armed":true}`, func(s *Slots) error { return s.SetState(B, true) }, nil, B, B, false},
		{"a trial marks the old one good", true, `{"next":"B","armed":true}`, func(s *Slots) error { return s.SetState(A, true) }, nil, B, A, false},
		{"a trial marks itself bad", true, `{"next":"B","armed":true}`, func(s *Slots) error { return s.SetState(B, false) }, nil, A, A, true},
		{"a flag that was lost", false, `{"next":"B","armed":true}`, func(s *Slots) error { _, err := s.Settle(); return err }, nil, A, A, true},
		{"a restart that was not the trial's", false, `{"next":"B"}`, func(s *Slots) error { _, err := s.Settle(); return err }, nil, B, A, false},
		{"notes cut in half", false, `{"next":"B`, none, nil, A, A, false},
		{"notes of another world", false, `{"next":"C","armed":true}`, none, nil, A, A, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := &partition{sector: encode(A), notes: []byte(tc.notes)}
			s := p.start(t, tc.flag)
			if err := tc.call(s); !errors.Is(err, tc.want) {
				t.Fatalf("error %v, want %v", err, tc.want)
			}
			primary, err := s.Primary()
			if err != nil {
				t.Fatal(err)
			}
			force, _ := s.InForce()
			good, _ := s.Good(B)
			if diff := cmp.Diff([]any{tc.primary, tc.force, tc.bad}, []any{primary, force, !good}); diff != "" {
				t.Errorf("primary, in force, B bad (-want +got):\n%s", diff)
			}
		})
	}
}

// TestForeign: an autoboot.txt that somebody else wrote is never overwritten.
func TestForeign(t *testing.T) {
	for _, text := range []string{"", "[all]\nboot_partition=2\n", string(encode(A)) + "x", "[all]\ntryboot_a_b=1\nboot_partition=4\n[tryboot]\nboot_partition=3\n"} {
		p := &partition{sector: []byte(text)}
		s, err := New(autoboot{p}, note{p}, Boot{3, true})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{s.SetPrimary(B), s.SetState(B, true), s.Arm()} {
			if err == nil {
				t.Errorf("%q is taken", text)
			}
		}
		if p.writes != 0 {
			t.Errorf("%q was written over", text)
		}
	}
	if _, err := New(autoboot{}, note{}, Boot{Partition: 1}); err == nil {
		t.Error("partition 1 is a slot")
	}
}

// TestReason: what the trial found out is what the next start tells, not that it did not come up.
func TestReason(t *testing.T) {
	p := &partition{sector: encode(A), notes: []byte(`{"next":"B","armed":true}`)}
	if err := p.start(t, true).Refuse("link does not run"); err != nil {
		t.Fatal(err)
	}
	why, err := p.start(t, false).Settle()
	if why != "link does not run" || err != nil {
		t.Errorf("%q, %v", why, err)
	}
}

// RAUC marks the slot bad, writes it, and names it; the restart's unit arms the trial.
func Example() {
	p := &partition{sector: encode(A)}
	s, _ := New(autoboot{p}, note{p}, Boot{Partition: 2})
	_ = s.SetState(B, false)
	_ = s.SetPrimary(B)
	_ = s.Arm()
	primary, _ := s.Primary()
	force, _ := s.InForce()
	fmt.Println("to be tried:", primary, "in force:", force)
	// Output:
	// to be tried: B in force: A
}
