// SPDX-License-Identifier: Apache-2.0

package record

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// wire is the JSON shape of a record: the keys of all kinds.
type wire struct {
	Group  string `json:"g"`
	Kind   string `json:"k"`
	Random string `json:"r"`
	Schema string `json:"s"`
	Week   string `json:"w"`

	Applicant string `json:"a"`
	Class     string `json:"c"`
	Duration  string `json:"d"`
	Entry     string `json:"e"`
	Friction  string `json:"f"`
	PIN       string `json:"i"`
	Language  string `json:"l"`
	Means     string `json:"m"`
	Tally     string `json:"n"`
	Outcome   string `json:"o"`
	Subject   string `json:"p"`
	Step      string `json:"t"`
}

func (w wire) attribute(key byte) string {
	switch key {
	case 'a':
		return w.Applicant
	case 'c':
		return w.Class
	case 'd':
		return w.Duration
	case 'e':
		return w.Entry
	case 'f':
		return w.Friction
	case 'i':
		return w.PIN
	case 'l':
		return w.Language
	case 'm':
		return w.Means
	case 'n':
		return w.Tally
	case 'o':
		return w.Outcome
	case 'p':
		return w.Subject
	case 't':
		return w.Step
	}
	return ""
}

func (w wire) record() (Record, error) {
	if w.Schema != Schema {
		return Record{}, fmt.Errorf("schema %q is not %s", clip(w.Schema), Schema)
	}
	var r Record
	var err error
	if r.kind, err = ParseKind(w.Kind); err != nil {
		return Record{}, err
	}
	var vs [2]attr
	for i, at := range r.kind.attrs() {
		v, err := at.set.parse(w.attribute(at.key))
		if err != nil {
			return Record{}, err
		}
		vs[i] = attr(v)
	}
	r.a, r.b = vs[0], vs[1]
	if r.group, err = ParseGroup(w.Group); err != nil {
		return Record{}, err
	}
	if r.week, err = ParseWeek(w.Week); err != nil {
		return Record{}, err
	}
	id, err := hex.DecodeString(w.Random)
	if err != nil || len(id) != len(r.id) {
		return Record{}, errors.New("random number is not 32 hex digits")
	}
	copy(r.id[:], id)
	return r, nil
}
