// SPDX-License-Identifier: Apache-2.0

package director

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"madoguchi/device/update"
)

// errReport says that a state document is none that can be kept.
var errReport = errors.New("report is no UTF-8 JSON document")

// maxWord is the longest code or version of a report, in bytes.
const maxWord = 48

// word lets through what a code or a version looks like. A box is not trusted: what it says comes into the database, onto pages and into terminals.
func word(s string) string {
	fits := len(s) <= maxWord && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r))
	})
	if !fits {
		return "unreadable"
	}
	return s
}

// maxSentence is the longest detail of a report, in bytes.
const maxSentence = 180

// sentence lets through what a detail looks like: printable ASCII.
func sentence(s string) string {
	if len(s) > maxSentence || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "unreadable"
	}
	return s
}

// Said is what is of interest here of a box's state document.
type Said struct {
	update.Status
	Board string // as releases name it; "": not said
	Cases int    // finished since the version that runs was committed
}

// ReadReport reads a box's state document. Words that no firmware of ours says become "unreadable". An empty document is a box that never said anything.
func ReadReport(raw []byte) (Said, error) {
	if len(raw) == 0 {
		return Said{}, nil
	}
	var doc struct {
		Board  string         `json:"board"`
		Update *update.Status `json:"update"`
		Cases  int            `json:"cases"`
	}
	if !utf8.Valid(raw) || json.Unmarshal(raw, &doc) != nil {
		return Said{}, errReport // JSON alone would let bytes pass that PostgreSQL refuses
	}
	said := Said{Board: word(doc.Board), Cases: min(max(doc.Cases, 0), 1<<20)}
	if doc.Update == nil {
		return said, nil
	}
	s := *doc.Update
	s.State, s.Kind = update.State(word(string(s.State))), update.Kind(word(string(s.Kind)))
	s.Version, s.Code, s.Refused = word(s.Version), word(s.Code), word(s.Refused)
	s.Detail, s.Percent = sentence(s.Detail), min(max(s.Percent, 0), 100)
	if s.Wipe != nil {
		s.Wipe = &update.WipeStatus{Serial: word(s.Wipe.Serial), Code: word(s.Wipe.Code)}
	}
	installed, versions, failed := map[update.Kind]update.Installed{}, map[update.Kind]string{}, map[update.Kind]string{}
	for _, k := range update.Kinds {
		if in, ok := s.Installed[k]; ok {
			installed[k] = in
		}
		if v, ok := s.Versions[k]; ok {
			versions[k] = word(v)
		}
		if code, ok := s.Failed[k]; ok {
			failed[k] = word(code)
		}
	}
	s.Installed, s.Versions, s.Failed = installed, versions, failed
	said.Status = s
	return said, nil
}

// ReadWaiting is how many records a box held, by its state document, that city hall does not have.
func ReadWaiting(raw []byte) int {
	var doc struct {
		Outbox struct{ Hold, Out, Dead int } `json:"outbox"`
	}
	if json.Unmarshal(raw, &doc) != nil {
		return 0
	}
	n := 0
	for _, v := range []int{doc.Outbox.Hold, doc.Outbox.Out, doc.Outbox.Dead} {
		n += min(max(v, 0), 1<<20)
	}
	return n
}
