// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"
)

// attributes are the keys of a facet's attributes in its JSON, by kind.
var attributes = map[string]string{"po": "po", "pd": "cd", "fr": "f", "la": "l", "pe": "ie", "st": "td", "pt": "am", "tb": "n", "wc": "cn"}

// facetText is a facet in the form in which it came, as record.Record.Encode
// writes it: there is no other field to leave it by.
func facetText(f store.Facet) ([]byte, error) {
	m := map[string]string{"g": f.Group, "k": f.Kind, "r": hex.EncodeToString(f.ID[:]), "s": record.Schema, "w": f.Week}
	for i, key := range attributes[f.Kind] {
		m[string(key)] = []string{f.A, f.B}[i]
	}
	return json.Marshal(m) // its keys are sorted, as the canonical form wants them
}

// records writes those facets that may be shown one by one, as they are read,
// because there may be millions.
func (s *site) records(w http.ResponseWriter, r *http.Request) {
	after, limit, err := page(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := bufio.NewWriterSize(w, 32<<10)
	defer out.Flush()
	rel, err := s.release(r.Context())
	if err != nil {
		s.fail(w, r, err, false)
		return
	}
	s.note(r, "look", "records")
	shown := rel.Shows()
	n := 0
	for f, err := range s.source.Facets(r.Context(), after) {
		if err != nil {
			s.fail(w, r, err, n > 0)
			return
		}
		if n == limit {
			break
		}
		if !shown(f) {
			continue
		}
		if n == 0 {
			jsonHeaders(w)
			out.WriteString("[\n")
		} else {
			out.WriteString(",\n")
		}
		text, err := facetText(f)
		if err != nil {
			s.fail(w, r, err, true)
			return
		}
		out.Write(text)
		n++
	}
	if n == 0 {
		jsonHeaders(w)
		out.WriteString("[")
	}
	out.WriteString("]\n")
}

// page reads ?after= and ?limit=; limit -1 is none.
func page(r *http.Request) (after [16]byte, limit int, err error) {
	limit = -1
	q := r.URL.Query()
	for name, values := range q {
		if name != "after" && name != "limit" || len(values) != 1 {
			return after, 0, fmt.Errorf("parameter %q is not known or stands twice; there are limit and after", name)
		}
	}
	if v := q.Get("limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 0 {
			return after, 0, fmt.Errorf("limit %q is not a number from 0", v)
		}
	}
	if v := q.Get("after"); v != "" {
		b, err := hex.DecodeString(v)
		if err != nil || len(b) != len(after) {
			return after, 0, fmt.Errorf("after %q is not an id of 32 hex digits", v)
		}
		copy(after[:], b)
	}
	return after, limit, nil
}

type cell struct {
	Kind      string `json:"kind"`
	Week      string `json:"week"`
	Group     string `json:"group"`
	Procedure string `json:"procedure"`
	Outcome   string `json:"outcome"`
	N         int    `json:"n"`
}

func (s *site) counts(w http.ResponseWriter, r *http.Request) {
	rel, err := s.release(r.Context())
	if err != nil {
		s.fail(w, r, err, false)
		return
	}
	list := rel.Counts
	answer := struct {
		Cases int    `json:"cases"` // facets "po": one for each finished case
		Cells []cell `json:"cells"`
	}{Cells: []cell{}}
	for _, c := range list {
		if c.Kind == record.PO.String() {
			answer.Cases += c.N
		}
		answer.Cells = append(answer.Cells, cell{Kind: c.Kind, Week: c.Week, Group: c.Group, Procedure: c.A, Outcome: c.B, N: c.N})
	}
	s.answer(w, r, answer)
}

type deviceState struct {
	ID      string `json:"id"`
	Online  bool   `json:"online"`
	Contact string `json:"contact,omitempty"` // RFC 3339, to the quarter of an hour
	Missing uint64 `json:"missing"`
}

type alarmState struct {
	Kind   string `json:"kind"`
	Device string `json:"device,omitempty"`
	Count  int    `json:"count"`
	Day    string `json:"day"`
}

func (s *site) status(w http.ResponseWriter, r *http.Request) {
	st := s.collector.Status()
	answer := struct {
		City     string            `json:"city"`
		Title    map[string]string `json:"title"`
		Broker   bool              `json:"broker"`
		Database bool              `json:"database"`
		Since    string            `json:"since"`
		Devices  []deviceState     `json:"devices"`
		Alarms   []alarmState      `json:"alarms"`
		Counters map[string]int64  `json:"counters"`
	}{
		City: s.opts.City, Title: map[string]string{"ja": s.opts.TitleJa, "en": s.opts.TitleEn},
		Broker: st.Broker, Database: st.Database, Since: st.Since.UTC().Format(time.RFC3339),
		Devices: []deviceState{}, Alarms: []alarmState{},
	}
	devices, err := s.source.Devices(r.Context())
	if err != nil {
		s.fail(w, r, err, false)
		return
	}
	for _, d := range devices {
		v := deviceState{ID: d.ID, Online: d.Online, Missing: d.Missing}
		if !d.Contact.IsZero() {
			v.Contact = d.Contact.UTC().Format(time.RFC3339)
		}
		answer.Devices = append(answer.Devices, v)
	}
	alarms, err := s.source.Alarms(r.Context())
	if err != nil {
		s.fail(w, r, err, false)
		return
	}
	for _, a := range alarms {
		if a.Seen >= a.Count {
			continue // a person has looked at it
		}
		answer.Alarms = append(answer.Alarms, alarmState{Kind: a.Kind, Device: a.Device, Count: a.Count, Day: a.Day})
	}
	if answer.Counters, err = s.source.Counters(r.Context()); err != nil {
		s.fail(w, r, err, false)
		return
	}
	s.answer(w, r, answer)
}

func jsonHeaders(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
}

func (s *site) answer(w http.ResponseWriter, r *http.Request, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		s.fail(w, r, err, false)
		return
	}
	jsonHeaders(w)
	w.Write(append(text, '\n'))
}

// fail answers 503, or, when half an answer is out, cuts the connection so that
// nobody takes the half for the whole.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error, begun bool) {
	if r.Context().Err() != nil {
		return // nobody is waiting any more
	}
	s.opts.Log.Error("answer failed", "path", r.URL.Path, "err", err)
	if begun {
		panic(http.ErrAbortHandler)
	}
	http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
}
