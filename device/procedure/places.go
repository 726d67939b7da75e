// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// places answers what follows from the place at which the resident stands, and from the window of the first visit.
func (w *work) places() {
	pl := w.place
	if pl == nil {
		pl = w.p.PlaceOf(w.f.Visit1Place)
	}
	if w.p.SameWindow && w.f.Visit == 2 && w.f.Visit1Place != "" {
		if first := w.p.PlaceOf(w.f.Visit1Place); first != nil {
			w.d.put(policy.KPlace, first.Code)
			pl = first
		}
	}
	if pl == nil {
		return
	}
	if pl.Phone != "" && w.d.put(policy.KPhone, pl.Phone) {
		w.d.because(pl.Ref)
	}
	if pl.Reservation > 0 && w.s[policy.OpenNow] == 0 && w.d.put(policy.KReservation, pl.Reservation == 1) {
		w.d.because(pl.Ref)
	}
}

// Here is what a place and an hour mean, whatever the case.
type Here struct {
	Place  *policy.Place // nil: not one of the municipality's places by name
	Hours  *policy.Hours // nil: not stated
	Closed bool
}

// At looks at the place, the day and the time of facts.
func At(p *policy.Policy, f *Facts) Here {
	c := Case{Municipality: p.City, Facts: *f}
	w := work{p: p, c: &c, f: &c.Facts}
	w.where()
	h := Here{Place: w.place, Hours: p.Hours, Closed: w.s[policy.OpenNow] == 1}
	if w.place != nil && w.place.Hours != nil {
		h.Hours = w.place.Hours
	}
	return h
}

// where works out place, reservation and hours.
func (w *work) where() {
	f, s, p := w.f, &w.s, w.p
	w.place = nil
	switch f.Place {
	case "":
	case "counter":
		s[policy.Stands] = 1
	case "home":
		s[policy.Stands] = 3
	default:
		s[policy.Stands] = 2
		if w.place = p.PlaceOf(f.Place); w.place != nil {
			s[policy.Stands] = 1
		}
	}
	s[policy.SameWindow] = 2
	if f.Visit1Place != "" && f.Place != "" {
		s[policy.SameWindow] = 1
		if f.Visit1Place == f.Place || w.place != nil && w.place == p.PlaceOf(f.Visit1Place) {
			s[policy.SameWindow] = 0
		}
	}
	s[policy.Reservation] = 3
	if w.place != nil && w.place.Reservation > 0 {
		s[policy.Reservation] = 0
		if w.place.Reservation == 1 {
			s[policy.Reservation] = pick(f.Reserved, 1, 2, 1)
		}
	}
	hours := p.Hours
	if w.place != nil && w.place.Hours != nil {
		hours = w.place.Hours
	}
	closed := f.Within == No
	if f.Within == Unsaid && hours != nil && (f.Minute > 0 || f.Weekday > 0) {
		day := f.Today.Weekday()
		closed = hours.Days>>day&1 == 0
		if m := int(f.Minute) - 1; m >= 0 && hours.Open >= 0 && (m < hours.Open || m > hours.Close) {
			closed = true
		}
	}
	if closed {
		s[policy.OpenNow] = 1
	}
}

// lapse finds a move that may have made the card lapse. The days are counted from the day after; on the 90th, 30th and 14th it warns.
func (w *work) lapse() {
	f := w.f
	since := func(d civil.Date) int { return w.day - d.Number() }
	switch {
	case !f.MoveInNotice.IsZero() && !f.MovedIn.IsZero() && f.MoveInNotice.Number()-f.MovedIn.Number() >= 14:
		w.s[policy.Lapse] = 3
	case !f.MoveInNotice.IsZero() && f.CardUpdated != Yes && since(f.MoveInNotice) >= 90:
		w.s[policy.Lapse] = 1
	case f.MoveInNotice.IsZero() && !f.PlannedMoveOut.IsZero() && since(f.PlannedMoveOut) >= 30:
		w.s[policy.Lapse] = 2
	case f.MoveInNotice.IsZero() && !f.MovedIn.IsZero() && since(f.MovedIn) >= 14:
		w.s[policy.Lapse] = 3
	case !f.MoveInNotice.IsZero() || !f.PlannedMoveOut.IsZero() || !f.MovedIn.IsZero():
		w.s[policy.Lapse] = 4
	}
}
