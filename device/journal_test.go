// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"testing"

	"madoguchi/card"
	"madoguchi/device/session"
	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
)

// TestJournal writes and reads every journal there can be, and holds its length.
func TestJournal(t *testing.T) {
	week, err := record.ParseWeek("2026-W47")
	if err != nil {
		t.Fatal(err)
	}
	n, longest := 0, 0
	for _, p := range record.Procedures() {
		for _, a := range []session.Applicant{session.Self, session.LegalRep, session.Proxy} {
			for _, op := range []session.Op{session.OpNone, session.OpVerify, session.OpChange, session.OpLeave, session.OpIssue} {
				for _, k := range card.Kinds() {
					for _, rec := range []bool{false, true} {
						e := session.Entry{Procedure: p, Applicant: a, Week: week, Op: op, Recorded: rec}
						if op != session.OpNone {
							e.Kind = k
						}
						b, err := encodeJournal(e)
						if err != nil {
							t.Fatalf("%+v: %v", e, err)
						}
						got, err := decodeJournal(b)
						if err != nil || got != e {
							t.Fatalf("%s read as %+v, %v; want %+v", b, got, err, e)
						}
						n, longest = n+1, max(longest, len(b))
					}
				}
			}
		}
	}
	if longest > outbox.MaxJournal {
		t.Errorf("the longest journal has %d bytes, want at most %d", longest, outbox.MaxJournal)
	}
	t.Logf("%d journals, the longest %d bytes", n, longest)
	if b, err := encodeJournal(session.Entry{}); b != nil || err != nil {
		t.Errorf("a clear journal is %q, %v", b, err)
	}
	if _, err := encodeJournal(session.Entry{Procedure: record.PinCheck}); err == nil {
		t.Error("a journal without week and applicant is written")
	}
}

// FuzzJournal: what is read can be written, and says the same.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"applicant":"self","kind":"login","op":"change","procedure":"pin_change","recorded":false,"s":"madoguchi.case/1","way":"on_device","week":"2026-W47"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeJournal(b)
		if err != nil {
			return
		}
		again, err := encodeJournal(e)
		if err != nil {
			t.Fatalf("%q is read as %+v, which is not written: %v", b, e, err)
		}
		if got, err := decodeJournal(again); err != nil || got != e {
			t.Fatalf("%q is written as %q", b, bytes.TrimSpace(again))
		}
	})
}
