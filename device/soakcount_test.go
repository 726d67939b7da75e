// SPDX-License-Identifier: Apache-2.0

package device_test

import "madoguchi/device"

func total(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

func (s *soak) watched(o device.Observed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown[o.Screen]++
	saving := o.Case != nil && o.Case.Step == "saving" // it ends in the clerk's hands, and is journaled now
	switch o.Screen {
	case "fault.storage":
		s.tail = true
	case "idle":
		s.tail, s.known = false, false
	}
	switch {
	case o.Case == nil && o.Face == "idle":
		s.owed, s.loose = false, s.loose && o.Screen != "idle"
	case s.owed:
	case saving, o.Case != nil && o.Face == "resident", o.Screen == "clerk.closed", o.Screen == "clerk.interrupted":
		s.owed, s.loose = true, saving && s.spoiled
		if o.Screen != "clerk.interrupted" || !s.known {
			s.due++
		}
		s.known = true
	}
}

func (s *soak) cases() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.due
}

// counts holds the number of records against the cases that people have seen.
func (s *soak) counts(records int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if records < s.due || records > s.due+s.maybe {
		s.t.Fatalf("%d records of %d cases (and %d that may have been open when the power was cut); done so far: %v; shown last: %q",
			records, s.due, s.maybe, s.done, s.screens[max(0, len(s.screens)-60):])
	}
}
