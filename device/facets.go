// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"time"

	"madoguchi/device/session"
	"madoguchi/device/settings"
	"madoguchi/sync/claim"
	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
)

// recording is what of a case may leave the box by the configuration. The errors are *FieldError.
func (c Config) recording() (record.Rules, error) {
	return settings.Recording(c.OfficeGroup, c.Detail, c.Period, c.Facets)
}

// perCase is about how many records a case leaves: one, and one more for each kind of facet.
func perCase(r record.Rules) int {
	n := 1
	for _, k := range record.Kinds() {
		if k != record.TB && r.Kinds.Has(k) {
			n++
		}
	}
	return n
}

// finish stores what a case leaves, and returns the number of its claim. An attempt after one that failed offers the same facets, which the outbox keeps once, and the
// same number.
func (s *store) finish(e session.Finish) (claim.Number, error) {
	of := e
	of.No = 0
	if s.of != of {
		f, err := s.d.recording.Load().Facets(e.Case())
		if err != nil {
			return claim.Number{}, err
		}
		s.unsaved, s.of = leaves{facets: f}, of
		if s.unsaved.claims, err = s.claims(e.Claim); err != nil {
			s.d.log.Error("giving a claim number", "cause", err)
		}
	}
	err := s.d.box.FinishCase(s.unsaved.facets, s.unsaved.claims...)
	if errors.Is(err, outbox.ErrClaims) { // the record is worth more than the number
		s.d.log.Error("giving a claim number", "cause", err)
		s.unsaved.claims = nil
		err = s.d.box.FinishCase(s.unsaved.facets)
	}
	if err != nil {
		return claim.Number{}, err
	}
	var n claim.Number
	if len(s.unsaved.claims) > 0 {
		n = s.unsaved.claims[0].Number
	}
	s.unsaved, s.of = leaves{}, session.Finish{}
	s.d.cases.Add(1)
	if err := s.d.box.RaiseFloor(s.d.clock.Now()); err != nil {
		s.d.log.Error("storage", "cause", err)
	}
	s.d.line.stored()
	return n, nil
}

// afterwards stores what a case told after its record, and clears the journal in any case.
func (s *store) afterwards(e session.Afterwards) error {
	f, err := s.d.recording.Load().After(e.Case())
	if err == nil && len(f.Records) > 0 {
		if err = s.d.box.FinishCase(f); err == nil {
			s.d.line.stored()
			return nil
		}
	}
	if err != nil { // a statistic
		s.d.log.Error("storing what followed a record", "cause", err)
	}
	return s.d.box.SetJournal(nil)
}

// look counts a look at the tries board.
func (s *store) look() error { return s.d.box.Count(s.d.recording.Load().Look()) }

// daily does once a day what has to be done: counters of a week that has ended become records, and claims that open nothing any more are forgotten.
func (s *store) daily() {
	now := s.d.clock.Now()
	floor, err := s.d.floor()
	if err != nil {
		s.d.log.Error("storage", "cause", err)
		return
	}
	if now.Before(floor) { // the clock shows a time that has passed: no week is known to have ended
		return
	}
	year, n := now.In(japan).ISOWeek()
	if w, err := record.NewWeek(year, n); err == nil {
		made, err := s.d.box.CloseWeek(w, *s.d.recording.Load())
		if err != nil {
			s.d.log.Error("closing week", "cause", err)
		}
		if made > 0 {
			s.d.line.stored()
		}
	}
	if today := claim.DayOf(now); today != 0 {
		if _, err := s.d.box.PruneClaims(today); err != nil {
			s.d.log.Error("pruning claims", "cause", err)
		}
	}
}

// tomorrow waits for a minute after midnight.
func (s *store) tomorrow() (<-chan time.Time, func()) {
	now := s.d.clock.Now().In(japan)
	next := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 1, 0, 0, japan)
	return s.d.clock.Timer(next.Sub(now))
}
