// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// cells by name, found once.
func must(d policy.Dim, word string) policy.Cell {
	c, ok := d.CellOf(word)
	if !ok {
		panic("procedure: " + d.Name() + " has no " + word)
	}
	return c
}

// The procedures that the engine itself must tell apart; everything else about them is data.
var (
	certRenewal = must(policy.Procedure, "cert_renewal")
	cardRenewal = must(policy.Procedure, "card_renewal")
	pinChange   = must(policy.Procedure, "pin_change")
	pinReset    = must(policy.Procedure, "pin_reset")
	kioskReset  = must(policy.Procedure, "kiosk_pin_reset")
	online      = must(policy.Procedure, "pin_change_online")
	revocation  = must(policy.Procedure, "cert_revocation")
)

// work is what a decision needs beside the situation: it lives on the stack of Decide.
type work struct {
	p   *policy.Policy
	c   *Case
	f   *Facts
	s   policy.Situation
	day int

	kinds    Kinds      // concerned, without a signing certificate that may not be
	asked    Kinds      // concerned as asked
	end      civil.Date // last valid day of the certificates; zero unknown
	endGiven bool
	noExact  bool       // an exact day was needed and only an age group is known
	opens    civil.Date // first day of the renewal window
	asProxy  bool       // a representative's papers count as a proxy's
	place    *policy.Place
	d        *Decision

	track  *track   // what the decision turned on; nil: nobody asks
	fixed  dims     // those that the engine itself has set
	desked *[]Paper // papers that were asked for; nil: nobody asks
}

func pick(t Tri, yes, no, unsaid policy.Cell) policy.Cell {
	switch t {
	case Yes:
		return yes
	case No:
		return no
	}
	return unsaid
}

// derive fills in the situation. Cells are the places of the words in policy.dims; yes/no lists begin with yes.
func (w *work) derive() {
	f, s := w.f, &w.s
	s[policy.Procedure], s[policy.Applicant], s[policy.AppliedAs] = w.c.Procedure, w.c.Applicant, w.c.Applicant
	s[policy.Ward] = pick(f.Ward, 0, 1, 1)
	s[policy.Resident] = pick(f.Resident, 0, 1, 0)
	s[policy.CardType], s[policy.CardState] = f.CardType, f.CardState
	s[policy.CardShown] = pick(f.CardPresented, 0, 1, 2)
	s[policy.Visit] = policy.Cell(f.Visit - 1)
	s[policy.Reason] = f.Reason
	s[policy.Asked], s[policy.Identity] = pick(f.Asked, 0, 1, 2), pick(f.Identity, 0, 1, 2)
	s[policy.Household], s[policy.Relation] = pick(f.Household, 0, 1, 2), pick(f.Relation, 0, 1, 2)
	s[policy.NewPin], s[policy.WantsSign] = pick(f.WantsNewPin, 0, 1, 1), pick(f.WantsSigning, 0, 1, 1)
	s[policy.WantsUse], s[policy.FirstIssue] = pick(f.WantsUse, 0, 1, 2), pick(f.FirstIssue, 0, 1, 2)
	s[policy.WithCerts], s[policy.Cause] = pick(f.WithCerts, 0, 1, 2), f.Cause
	s[policy.Mishandled] = 1
	if f.How {
		s[policy.Mishandled] = 0
	}
	s[policy.Event], s[policy.Phone], s[policy.Has] = f.Event, f.Phone, f.Has
	s[policy.Service], s[policy.Action], s[policy.Moving], s[policy.Question] = f.Service, f.Action, f.Moving, f.Question
	s[policy.LostPlace] = f.LostPlace
	s[policy.Receipt] = 1
	if f.Receipt {
		s[policy.Receipt] = 0
	}
	s[policy.Form] = pick(f.Form, 0, 1, 0)
	if !f.HasDocuments {
		s[policy.Documents] = 1
	}
	switch f.Honseki {
	case "":
		s[policy.Honseki] = 2
	case w.p.City, here:
	default:
		s[policy.Honseki] = 1
	}
	s[policy.SigningCert] = f.CertState[0]
	s[policy.Age] = w.age(f.Today)
	w.stay()
	w.certificates()
	w.pins()
	w.papers()
	w.where()
	w.lapse()
}

// age is the principal's age group on a day, by the policy's rule.
func (w *work) age(on civil.Date) policy.Cell {
	if w.f.Birth.IsZero() {
		if w.f.AgeGroup > 0 {
			return w.f.AgeGroup - 1
		}
		return 3
	}
	for i, n := range [2]int{15, 18} {
		at := civil.Attains(w.f.Birth, n, w.p.AgeByAct)
		if on.Before(at) {
			return policy.Cell(i)
		}
	}
	return 2
}

// ageDay says whether today is the one day on which the Act and the calendar differ about n years.
func (w *work) ageDay(on civil.Date, n int) bool {
	return !w.f.Birth.IsZero() && on == civil.Attains(w.f.Birth, n, true)
}

func (w *work) stay() {
	s := &w.s
	switch {
	case !w.f.ResidenceUntil.IsZero():
		s[policy.Residence] = 2
	case w.f.NoLimit && w.f.Foreign != No:
		s[policy.Residence] = 1
	case w.f.Foreign == Yes:
		s[policy.Residence] = 3
	}
}

// limited says whether the period of stay ends.
func (w *work) limited() bool { return w.s[policy.Residence] == 2 }

// certificates works out the end of the certificates, the card's state and the window.
func (w *work) certificates() {
	f, s := w.f, &w.s
	w.end, w.endGiven = f.CertExpires, !f.CertExpires.IsZero()
	if !w.endGiven {
		w.end = w.computedEnd()
	}
	s[policy.CertDate] = 2
	if !w.end.IsZero() {
		s[policy.CertDate] = 0
		if f.Today.After(w.end) {
			s[policy.CertDate] = 1
		}
	}
	s[policy.CardFirst] = 2
	if !f.CardExpires.IsZero() {
		if f.Today.After(f.CardExpires) {
			s[policy.CardBody] = 2
		} else if w.p.LastYear > 0 {
			if from, _ := f.CardExpires.AddMonths(-w.p.LastYear); f.Today.After(from) {
				s[policy.CardBody] = 1
			}
		}
		if w.endGiven {
			s[policy.CardFirst] = 1
			if !f.CardExpires.After(w.end) {
				s[policy.CardFirst] = 0
			}
		}
	}
	end := w.end
	if w.c.Procedure == cardRenewal {
		end = f.CardExpires
	}
	switch {
	case w.p.Window == nil:
		s[policy.Opening] = 2
	case end.IsZero():
		s[policy.Opening] = 3
	default:
		w.opens, _ = civil.Window(end, w.p.Window.Months, w.p.Window.DayAfter)
		if f.Today.Before(w.opens) {
			s[policy.Opening] = 1
		}
	}
}

// computedEnd is the last day of certificates issued on the day that the policy counts from; zero if it cannot be told.
func (w *work) computedEnd() civil.Date {
	f, v := w.f, w.p.Certificate
	if v == nil {
		return civil.Date{}
	}
	if w.limited() && v.LimitedStay {
		return f.ResidenceUntil
	}
	from := f.CertIssued
	if from.IsZero() && v.FromCard {
		from = f.CardIssued
	}
	if from.IsZero() {
		return civil.Date{}
	}
	if f.Birth.IsZero() {
		w.noExact = true
		return civil.Date{}
	}
	end := civil.NthBirthdayAfter(f.Birth, from, v.Birthdays)
	if v.CardEndFirst && !f.CardExpires.IsZero() && f.CardExpires.Before(end) {
		end = f.CardExpires
	}
	return end
}

// pins works out which kinds the case is about and how their PINs stand.
func (w *work) pins() {
	f, s := w.f, &w.s
	w.asked = bothCerts
	given := f.Certs
	switch w.c.Procedure {
	case pinChange, online:
		given = f.Change
	case pinReset, kioskReset:
		given = f.Reset
	case revocation:
		given = f.Revoke
	}
	if given != 0 {
		w.asked = given
	}
	w.kinds = w.asked
	if denied := s[policy.Age] == 0 || s[policy.Ward] == 0; denied && w.asked&Signing != 0 {
		w.kinds &^= Signing
		s[policy.Signing] = 1
		if w.kinds == 0 {
			s[policy.Signing], w.kinds = 2, w.asked
		}
	}
	s[policy.Kinds] = kindsCell(w.kinds)
	s[policy.Pin] = w.worst(w.kinds)
	if w.state(1) != PinKnown {
		s[policy.UserAuthPin] = 1
	}
	bad, none, n := 0, 0, 0
	for k := range 2 {
		if w.kinds&(1<<k) == 0 {
			continue
		}
		n++
		switch f.CertState[k] {
		case CertInvalid:
			bad++
		case CertNone:
			none++
		}
	}
	switch {
	case bad+none == 0:
	case none == n:
		s[policy.CertState] = 3
	case bad+none == n:
		s[policy.CertState] = 2
	default:
		s[policy.CertState] = 1
	}
}

func kindsCell(k Kinds) policy.Cell {
	switch {
	case k&(ResidentRegister|CardInfo) != 0:
		return 3
	case k&bothCerts == bothCerts:
		return 0
	case k&Signing != 0:
		return 1
	}
	return 2
}

// state is how a kind's PIN stands; a sequence of entries that locks it says so too.
func (w *work) state(k int) uint8 {
	if st := w.f.Pins[k]; st != PinKnown {
		return st
	}
	if w.f.Pin == int8(k)+1 && w.locks() {
		return PinLocked
	}
	return PinKnown
}

func (w *work) worst(kinds Kinds) policy.Cell {
	worst := PinKnown
	for k := range 4 {
		if kinds&(1<<k) != 0 {
			worst = max(worst, w.state(k))
		}
	}
	return policy.Cell(worst)
}

// locks says whether the entries lock the PIN: consecutive errors, whatever the day; once locked, always.
func (w *work) locks() bool {
	form, row := w.p.Pins[w.f.Pin-1], 0
	if form == nil || form.Tries == 0 {
		return false
	}
	for _, wrong := range w.f.Entries {
		if !wrong {
			row = 0
			continue
		}
		if row++; row >= form.Tries {
			return true
		}
	}
	return false
}

func (w *work) papers() {
	f, s := w.f, &w.s
	if l := f.Letter; l != nil {
		s[policy.LetterFrom] = 1
		if l.City {
			s[policy.LetterFrom] = 2
		}
		switch {
		case !l.ValidUntil.IsZero() && f.Today.After(l.ValidUntil):
			s[policy.Letter] = 4
		case l.Unfilled:
			s[policy.Letter] = 2
		case l.Unsealed:
			s[policy.Letter] = 3
		default:
			s[policy.Letter] = 1
		}
	} else if f.LetterLost {
		s[policy.Letter] = 5
	}
	if r := f.Request; r != nil {
		s[policy.Request] = 1
		if r.Unfilled || r.Unsealed || !r.ValidUntil.IsZero() && f.Today.After(r.ValidUntil) {
			s[policy.Request] = 2
		}
	}
}
