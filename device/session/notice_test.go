// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// TestNoticeEnds: whoever is sent away at the notice has had an answer of the rules (row M10 of device/policy/data/README.md), so the case leaves its one record, journaled before; 訂正 takes the
// choice back and leaves nothing.
func TestNoticeEnds(t *testing.T) {
	for _, tc := range []struct {
		name, city, place string
		at                time.Time
		key               Key
		want              stepID
		records           int
	}{
		{"no reservation", "matsue", "kashima_branch", noon, KeyCancel, stepIdle, 1},
		{"after hours", "sakuragawa", "iwase", noon.Add(6 * time.Hour), KeyCancel, stepIdle, 1},
		{"the wrong line", "matsue", "kashima_branch", noon, KeyClear, stepProcedure, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.now = tc.at
			w.under(tc.city, tc.place)
			w.lay(adult(3, 5))
			w.code(true)
			w.choose(record.CertRenewal)
			w.at(stepNotice)
			var journaled []Entry
			w.watch = func(e Effect) {
				if j, ok := e.(Journal); ok {
					journaled = append(journaled, j.Entry)
				}
			}
			w.press(tc.key)
			w.at(tc.want)
			if len(w.finishes) != tc.records || len(journaled) != tc.records {
				t.Fatalf("%d records, %d journals, want %d", len(w.finishes), len(journaled), tc.records)
			}
			if tc.records == 0 {
				return
			}
			if e := journaled[0]; e.Procedure != record.CertRenewal || e.Op != OpNone || !e.Week.Valid() {
				t.Errorf("journaled %+v", e)
			}
			f := w.finishes[0]
			if f.Procedure != record.CertRenewal || f.Outcome != record.Done || f.Claim != (Claim{}) || f.Facts.Means != 0 {
				t.Errorf("recorded %+v", f)
			}
			if w.s.presence != card.Present || w.journal != (Entry{}) {
				t.Errorf("at rest: journal %+v", w.journal)
			}
		})
	}
}

// TestNoticeNotStored: the record of such a case waits like any other, and nothing is lost with it.
func TestNoticeNotStored(t *testing.T) {
	w := newWorld(t)
	w.under("matsue", "kashima_branch")
	w.code(true)
	w.choose(record.CertRenewal)
	w.store = false
	w.press(KeyCancel)
	w.at(stepIdle)
	if !w.s.storageBad || len(w.finishes) != 0 {
		t.Fatalf("storage bad %t, %d records", w.s.storageBad, len(w.finishes))
	}
	w.store = true
	w.wait(probeWait)
	if len(w.finishes) != 1 || w.finishes[0].Outcome != record.Done {
		t.Errorf("recorded %+v", w.finishes)
	}
}

// TestStartFull: a box whose storage has no room says so from its start on, opens no case, and finds out by itself when there is room again.
func TestStartFull(t *testing.T) {
	w := &world{t: t, now: noon, left: -1, s: New(Config{Office: "市民課"})}
	w.apply(Event{Kind: Start, Bad: true})
	w.apply(Event{Kind: Reader, Presence: card.Empty})
	w.press(KeyEnter) // tries once more
	w.at(stepIdle)
	if got := w.screen.Screen; got.ID != display.FaultStorage {
		t.Errorf("shown: %s %q, want %s", got.ID, got.Facts.Reason, display.FaultStorage)
	}
	w.store = true
	w.wait(probeWait)
	if got := w.screen.Screen.ID; got != display.Idle {
		t.Errorf("shown: %s, want %s", got, display.Idle)
	}
}
