// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"madoguchi/card"
	"madoguchi/device/session"
	"madoguchi/sync/record"
)

// journalSchema is the schema name of a journal.
const journalSchema = "madoguchi.case/1"

// journalWire is the journal on disk: at most some 200 bytes, closed sets only. It says what a case was doing, never whose case it is.
type journalWire struct {
	Applicant string `json:"applicant"`
	Kind      string `json:"kind,omitempty"` // of the card command
	Op        string `json:"op"`             // the card command about to be sent
	Procedure string `json:"procedure"`
	Recorded  bool   `json:"recorded"`
	Schema    string `json:"s"`
	Way       string `json:"way"`
	Week      string `json:"week"`
}

// encodeJournal writes an open case; nil for a clear journal.
func encodeJournal(e session.Entry) ([]byte, error) {
	if e == (session.Entry{}) {
		return nil, nil
	}
	w := journalWire{Applicant: e.Applicant.String(), Op: e.Op.String(), Procedure: e.Procedure.String(), Recorded: e.Recorded, Schema: journalSchema,
		Way: wayOf(e.Op), Week: e.Week.String()}
	if e.Op != session.OpNone && e.Kind.Valid() {
		w.Kind = e.Kind.String()
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("writing journal: %w", err)
	}
	if _, err := decodeJournal(b); err != nil {
		return nil, fmt.Errorf("writing journal: %w", err)
	}
	return b, nil
}

// wayOf is how a case is carried out that has come to a card command.
func wayOf(op session.Op) string {
	if op == session.OpIssue {
		return "issuer_link"
	}
	return "on_device"
}

// errJournal means that a journal does not read as this program writes it.
var errJournal = errors.New("not a journal of this program")

// decodeJournal reads what encodeJournal wrote, and nothing else.
func decodeJournal(b []byte) (session.Entry, error) {
	var w journalWire
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil || w.Schema != journalSchema {
		return session.Entry{}, errJournal
	}
	e := session.Entry{Recorded: w.Recorded}
	var err error
	if e.Procedure, err = record.ParseProcedure(w.Procedure); err != nil {
		return session.Entry{}, fmt.Errorf("%w: %w", errJournal, err)
	}
	if e.Week, err = record.ParseWeek(w.Week); err != nil {
		return session.Entry{}, fmt.Errorf("%w: %w", errJournal, err)
	}
	ok := false
	if e.Applicant, ok = find(w.Applicant, session.Self, session.LegalRep, session.Proxy); !ok {
		return session.Entry{}, fmt.Errorf("%w: applicant", errJournal)
	}
	if e.Op, ok = find(w.Op, session.OpNone, session.OpVerify, session.OpChange, session.OpLeave, session.OpIssue); !ok {
		return session.Entry{}, fmt.Errorf("%w: card command", errJournal)
	}
	if e.Op == session.OpIssue && w.Kind == "" { // a release writes no certificate
		return e, nil
	}
	if e.Op != session.OpNone {
		if e.Kind, err = card.ParseKind(w.Kind); err != nil {
			return session.Entry{}, fmt.Errorf("%w: %w", errJournal, err)
		}
	}
	return e, nil
}

// find is the value whose code is s.
func find[T fmt.Stringer](s string, all ...T) (T, bool) {
	for _, v := range all {
		if v.String() == s {
			return v, true
		}
	}
	var none T
	return none, false
}
