// SPDX-License-Identifier: Apache-2.0

package record

import (
	"crypto/rand"
	"fmt"
	"math/big"
)

// Case is what a finished case is told by: closed sets only. It exists in memory from the case's end to Rules.Facets, which takes it apart; it has no JSON and is
// stored nowhere, for a joint row points at a person (65 of 100 are unique at 40 cases a day).
type Case struct {
	Procedure Procedure
	Outcome   Outcome
	Week      Week
	Duration  Duration   // 0: not known, as after a power cut
	Friction  Friction   // the zero value: none
	Language  Language   // 0: the resident never had the box
	Applicant Applicant  // 0: not asked
	Means     Means      // 0: no PIN was typed
	Entries   []PINEntry // every PIN entry of the case, at most MaxEntries
	Steps     []StepSpan // every step of the case; one of them is drawn
}

// MaxEntries is how many PIN entries of one case are told: a case with more is rare, and would be known again by their number.
const MaxEntries = 12

// PINEntry is one entry of one PIN.
type PINEntry struct {
	PIN   PIN
	Entry Entry
}

// StepSpan is how long one step took.
type StepSpan struct {
	Step Step
	Span Span
}

// Cell is what a weekly counter counts: looks at the tries board, or cases of a class.
type Cell uint8

// BoardCell counts looks at the tries board; ClassCell gives the others.
const BoardCell Cell = 1

// ClassCell is the cell of a class; 0 for none.
func ClassCell(c Class) Cell {
	if !c.Valid() {
		return 0
	}
	return BoardCell + Cell(c)
}

// Valid says whether c is one of the cells.
func (c Cell) Valid() bool { return c >= BoardCell && c <= BoardCell+Cell(len(classes.codes)-1) }

// Cells lists every cell.
func Cells() []Cell {
	var all []Cell
	for c := BoardCell; c.Valid(); c++ {
		all = append(all, c)
	}
	return all
}

// Facets is what one case, or one look at the tries board, leaves in the outbox: records that share nothing, and counters to be raised by one each.
type Facets struct {
	Records []Record
	Cells   []Cell
	once    ID // drawn with the facets and never sent
}

// Once is a random number by which the outbox knows facets that it was given before: their cells are counted once.
func (f Facets) Once() ID { return f.once }

// Facets takes a case apart as the rules allow. The order of the records says nothing.
func (r Rules) Facets(c Case) (Facets, error) {
	if !c.Outcome.Valid() {
		return Facets{}, fmt.Errorf("recording case: %v is unknown", c.Outcome)
	}
	f, err := r.gather(c, func(g *gathering, w Week) {
		class := c.Procedure.Class()
		switch r.Detail {
		case CountOnly:
			g.f.Cells = append(g.f.Cells, ClassCell(class))
		case ByClass:
			g.add(NewClassPO(class, c.Outcome, w, r.Group))
		default:
			g.add(NewPO(c.Procedure, c.Outcome, w, r.Group))
		}
		if r.Kinds.Has(PD) && c.Duration != 0 {
			g.add(NewPD(class, c.Duration, w, r.Group))
		}
		if r.Kinds.Has(FR) && c.Outcome != Interrupted { // what was before the cut is not known
			g.add(NewFR(c.Friction, w, r.Group))
		}
		if r.Kinds.Has(LA) && c.Language != 0 {
			g.add(NewLA(c.Language, w, r.Group))
		}
		if r.Kinds.Has(PT) && c.Applicant != 0 && c.Means != 0 {
			g.add(NewPT(c.Applicant, c.Means, w, r.Group))
		}
	})
	if err != nil {
		return Facets{}, fmt.Errorf("recording case: %w", err)
	}
	return f, nil
}

// After is what a case leaves after its own record: PIN entries of the leave-check, and the drawn step of a case whose Facets were given none. The rest of c is
// told already and is not told again.
func (r Rules) After(c Case) (Facets, error) {
	f, err := r.gather(c, func(*gathering, Week) {})
	if err != nil {
		return Facets{}, fmt.Errorf("recording the rest of a case: %w", err)
	}
	return f, nil
}

// gathering collects records and keeps what went wrong.
type gathering struct {
	f   Facets
	err error
}

func (g *gathering) add(rec Record, err error) {
	if err != nil {
		g.err = err
		return
	}
	g.f.Records = append(g.f.Records, rec)
}

// gather makes the facets of a case that it has any number of, after those that it has one of.
func (r Rules) gather(c Case, single func(*gathering, Week)) (Facets, error) {
	if err := r.Check(); err != nil {
		return Facets{}, err
	}
	if !c.Procedure.Valid() || !c.Week.Valid() {
		return Facets{}, fmt.Errorf("%v or week %d is unknown", c.Procedure, uint16(c.Week))
	}
	g := &gathering{f: newFacets()}
	w := r.Period.Of(c.Week)
	single(g, w)
	if r.Kinds.Has(PE) {
		for _, e := range c.Entries[:min(len(c.Entries), MaxEntries)] {
			g.add(NewPE(e.PIN, e.Entry, w, r.Group))
		}
	}
	if n := len(c.Steps); r.Kinds.Has(ST) && n > 0 {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
		if err != nil {
			return Facets{}, err
		}
		s := c.Steps[i.Int64()]
		g.add(NewST(s.Step, s.Span, w, r.Group))
	}
	if g.err != nil {
		return Facets{}, g.err
	}
	return g.f, nil
}

// Look is one look at the tries board at rest: a count, if the rules want it.
func (r Rules) Look() Facets {
	f := newFacets()
	if r.Kinds.Has(TB) {
		f.Cells = append(f.Cells, BoardCell)
	}
	return f
}

func newFacets() Facets {
	var f Facets
	rand.Read(f.once[:])
	return f
}

// Weekly is the record of a counter whose week has ended. Its caller takes t from TallyOf and leaves in the counter what the tally rounds off, which is all of it below MinTally. The
// week in the record is the one in which the count became large enough.
func (r Rules) Weekly(c Cell, t Tally, w Week) (Record, error) {
	if err := r.Check(); err != nil {
		return Record{}, fmt.Errorf("recording week: %w", err)
	}
	w = r.Period.Of(w)
	if c == BoardCell {
		return NewTB(t, w, r.Group)
	}
	return NewWC(Class(c-BoardCell), t, w, r.Group)
}
