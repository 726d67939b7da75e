// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
	"madoguchi/device/procedure"
	"madoguchi/sync/record"
)

// certKinds are the kinds of the rules for those of the card.
var certKinds = map[card.Kind]int{card.KindSigning: 0, card.KindLogin: 1, card.KindRegister: 2, card.KindCardInfo: 3}

// matter is the case as it stands before the first question: the day, the place, and what the card tells without a PIN. known names the
// questions that need not be asked. No fact of it is stored anywhere.
func (s State) matter() (c procedure.Case, known map[string]bool) {
	known = map[string]bool{}
	c.Municipality = s.inquiry.rules.City
	c.Procedure = cell(s.procedure)
	if s.applicant > 0 {
		c.Applicant = policy.Cell(s.applicant - Self)
	}
	f := &c.Facts
	f.Visit, f.Today, f.Place = 1, s.today(), s.cfg.Place
	if f.Place == "" {
		f.Place = "counter"
	}
	if !s.clockDoubtful() {
		t := s.civil()
		f.Minute, f.Weekday = int16(t.Hour()*60+t.Minute()+1), uint8(f.Today.Weekday()+1)
	}
	if s.inquiry.admitted {
		f.Within, f.Reserved = procedure.Yes, procedure.Yes
	}
	if s.kind.Valid() { // a PIN change: the box itself reads the card, later
		f.CardPresented = procedure.Yes
		f.Change = 1 << certKinds[s.kind]
		known["kinds"] = true
	}
	if k := s.inquiry.kinds; k != 0 {
		f.Certs, f.Reset = k&(procedure.Signing|procedure.UserAuth), k
		known["kinds"] = true
	}
	s.fromClaim(f, known)
	if s.known {
		s.fromCard(f, known)
	}
	return c, known
}

// fromCard puts in what the card that lies in the reader tells.
func (s State) fromCard(f *procedure.Facts, known map[string]bool) {
	switch s.board.Species {
	case card.SpeciesMyNumber, card.SpeciesFaceAuth:
	case card.SpeciesJuki:
		f.CardType, _ = policy.CardType.CellOf("juki_card")
		return
	default:
		return
	}
	f.CardPresented = procedure.Yes
	if s.board.Species == card.SpeciesFaceAuth {
		f.CardType, _ = policy.CardType.CellOf("face_auth_card")
	}
	if s.board.HasAuth && !s.board.AuthEnds.IsZero() {
		y, m, d := s.board.AuthEnds.Date()
		f.CertExpires = civil.Date{Year: y, Month: int(m), Day: d}
	}
	if s.board.HasSigning { // not issued under 15, nor to a ward
		known["adult"] = true
		f.Ward = procedure.No
	}
	for i, there := range [2]bool{s.board.HasSigning, s.board.HasAuth} {
		if !there {
			f.CertState[i] = procedure.CertNone
		}
	}
	for k, i := range certKinds {
		if t := s.board.Of(k); t.Known && t.Left == 0 && s.has(k) {
			f.Pins[i] = procedure.PinLocked
		}
	}
}

// clockDoubtful tells whether the clock shows a time that has passed already.
func (s State) clockDoubtful() bool { return s.at.Before(s.cfg.Floor) }

// dateOpen tells whether somebody must say what day it is: dates cannot be judged before.
func (s State) dateOpen() bool { return s.clockDoubtful() && s.confirmed != s.rawDay() }

// rawDay numbers the days of the clock, right or wrong, from 1.
func (s State) rawDay() int {
	y, m, d := s.at.In(s.cfg.Zone).Date()
	return civil.Date{Year: y, Month: int(m), Day: d}.Number() + 1
}

// clockDay is the day by the clock, and not before the floor.
func (s State) clockDay() civil.Date {
	y, m, d := s.civil().Date()
	return civil.Date{Year: y, Month: int(m), Day: d}
}

// today is the day: by the clock, or as the clerk has put a doubtful clock right.
func (s State) today() civil.Date {
	d := s.clockDay()
	if !s.clockDoubtful() || s.ahead == 0 {
		return d
	}
	t := time.Date(d.Year, time.Month(d.Month), d.Day+s.ahead, 0, 0, 0, 0, time.UTC)
	return civil.Date{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}
}

// cell is a procedure among those of the rules.
func cell(p record.Procedure) policy.Cell {
	c, _ := policy.Procedure.CellOf(p.String())
	return c
}
