// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"madoguchi/device/policy/civil"
)

// Policy is the rules of one municipality, the national base beneath them, ready to decide. It is never changed after loading and may be
// used by many at once.
type Policy struct {
	City       string
	Name       Text
	Version    int
	SourceDate civil.Date
	Hash       string // SHA-256 of the canonical form, hex

	AgeByAct    bool
	Window      *Window // nil: the page has no rule
	Certificate *Validity
	Card        *Validity
	LastYear    int // months; 0: a card's last year means nothing here
	Hours       *Hours
	Pins        [4]*PinForm
	Places      []Place
	Hardship    *Met // a proxy must prove that the holder cannot come; nil: no list asks for it
	SameWindow  bool // some rule asks whether a second visit is made at the window of the first
	Lists       map[string]*NeedList
	Needs       map[string]*Met
	Messages    map[string]Text

	representative []Rule
	gates          [][]*Rule // by procedure
	paths          [][]*Rule // by procedure
	answers        [][]*Rule // by procedure
	all            []*Rule
	canonical      []byte
}

// Ref names a rule and where it is written; it is an entry of "because".
type Ref struct {
	Rule   string `json:"rule"`
	Source string `json:"source"`
}

// Window is a renewal window.
type Window struct {
	Ref      *Ref
	Months   int
	DayAfter bool
}

// Validity is how long a certificate or card lasts.
type Validity struct {
	Ref          *Ref
	FromCard     bool
	Birthdays    int
	Under18      int
	LimitedStay  bool
	CardEndFirst bool
}

// Hours are opening hours: Days bit 0 is Monday; Open and Close are minutes of the day, -1 if the page gives none.
type Hours struct {
	Ref         *Ref
	Days        uint8
	Open, Close int
}

// PinForm is what one PIN looks like.
type PinForm struct {
	Ref             *Ref
	Min, Max, Tries int
	Mixed           bool // capitals and digits, at least one of each; else digits only
}

// Place is where a resident may go.
type Place struct {
	Ref         *Ref
	Code        string
	Name        Text
	Also        []string
	Phone       string
	Reservation Cell // 0 not stated, 1 needed, 2 not needed
	Hours       *Hours
}

// Cond is one named circumstance: the bit of every word that is allowed.
type Cond struct {
	Dim  Dim
	Mask uint32
}

// Assign is a key that a rule decides. A nil value is "not stated".
type Assign struct {
	Key   Key
	Value any
}

// Rule is a compiled row.
type Rule struct {
	Ref         *Ref
	Defaults    []*Ref
	Table       string
	National    bool
	From, Until int // day numbers; 0: none
	Conds       []Cond
	Allowed     Cell // representative: 0 no, 1 yes, 2 silent
	Outcome     Cell
	Decides     bool // Outcome is given
	Reason      string
	Sequence    []Cell
	List        *NeedList
	Fallback    *Rule
	Visits      int
	Pins        string
	Set         []Assign
	Tell        []string
	Note        string
	Yields      []string
}

// Holds says whether the rule holds for a situation on a day.
func (r *Rule) Holds(s *Situation, day int) bool {
	for i := range r.Conds {
		if r.Conds[i].Mask>>s[r.Conds[i].Dim]&1 == 0 {
			return false
		}
	}
	return (r.From == 0 || day >= r.From) && (r.Until == 0 || day <= r.Until)
}

// NeedList is a compiled list.
type NeedList struct {
	Name  string
	Needs []NeedItem
}

// NeedItem is one need.
type NeedItem struct {
	Met      *Met
	Conds    []Cond
	Months   int
	Optional bool
	Assumed  bool
}

// Met is what meets a requirement.
type Met struct {
	Code  string
	Name  Text
	Owner string
	Docs  map[string]civil.Date // document -> first day of issue that counts, or zero
	Conds []Cond                // a circumstance instead of a document; nil: a document
}

// Representatives, Gates, Paths and Answers are the rules that can concern a procedure, in the order in which they are asked.
func (p *Policy) Representatives() []Rule   { return p.representative }
func (p *Policy) Gates(proc Cell) []*Rule   { return p.gates[proc] }
func (p *Policy) Paths(proc Cell) []*Rule   { return p.paths[proc] }
func (p *Policy) Answers(proc Cell) []*Rule { return p.answers[proc] }

// Rules are all rules in the order of the files, the municipality's before the national.
func (p *Policy) Rules() []*Rule { return p.all }

// Label names the policy on screens and in logs: its number and the beginning of its hash, "3 5d41402a".
func (p *Policy) Label() string { return fmt.Sprintf("%d %.8s", p.Version, p.Hash) }

// Canonical is the form that is hashed and signed: see canonical.go.
func (p *Policy) Canonical() []byte { return p.canonical }

// PlaceOf finds a place by its code or another code of the same place.
func (p *Policy) PlaceOf(code string) *Place {
	for i := range p.Places {
		if p.Places[i].Code == code {
			return &p.Places[i]
		}
		for _, a := range p.Places[i].Also {
			if a == code {
				return &p.Places[i]
			}
		}
	}
	return nil
}
