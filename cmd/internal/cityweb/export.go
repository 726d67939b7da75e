// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"encoding/csv"
	"net/http"
	"strconv"

	"madoguchi/cmd/internal/store"
)

func (s *site) exportPage(w http.ResponseWriter, r *http.Request) {
	v := s.begin(r, "exports")
	rel, err := s.release(r.Context())
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.enter(v, r, 0)
	v.Exports = []link{{Name: v.say("exports_csv"), Link: "export/figures.csv"}, {Name: v.say("exports_json"), Link: "export/figures.json"}}
	v.Rule = s.rule(v.tongue, rel)
	s.show(w, r, v, http.StatusOK)
}

// exportCSV writes the released counts by their codes.
func (s *site) exportCSV(w http.ResponseWriter, r *http.Request) {
	rel, err := s.release(r.Context())
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.note(r, "export", "figures.csv")
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="madoguchi-`+s.opts.City+`.csv"`)
	h.Set("Cache-Control", "no-store")
	out := csv.NewWriter(w)
	out.Write([]string{"kind", "period", "office_group", "a", "b", "n"})
	for _, c := range rel.Counts {
		out.Write([]string{c.Kind, c.Week, c.Group, c.A, c.B, strconv.Itoa(c.N)})
	}
	out.Flush()
}

// exportJSON writes the same as JSON, with the rule that it follows.
func (s *site) exportJSON(w http.ResponseWriter, r *http.Request) {
	rel, err := s.release(r.Context())
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	s.note(r, "export", "figures.json")
	type row struct {
		Kind   string `json:"kind"`
		Period string `json:"period"` // an ISO week, or a quarter
		Group  string `json:"office_group"`
		A      string `json:"a"`
		B      string `json:"b"`
		N      int    `json:"n"`
	}
	answer := struct {
		City   string `json:"city"`
		K      int    `json:"k"`
		Before string `json:"before,omitempty"` // the first week that is not in it
		Counts []row  `json:"counts"`
	}{City: s.opts.City, K: s.opts.K, Counts: []row{}}
	if !s.opts.Live {
		answer.Before = store.Week(s.opts.Now())
	}
	for _, c := range rel.Counts {
		answer.Counts = append(answer.Counts, row{c.Kind, c.Week, c.Group, c.A, c.B, c.N})
	}
	w.Header().Set("Content-Disposition", `attachment; filename="madoguchi-`+s.opts.City+`.json"`)
	s.answer(w, r, answer)
}
