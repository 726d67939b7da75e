// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"slices"

	"madoguchi/device/policy"
)

// lacking is what is missing from a list, by code; empty when the list is met. No document counts for two needs: which document serves
// which need is settled by augmenting paths, so that a need is called missing only if no other way round would meet it, and needs that
// stand first are met first.
func (w *work) lacking(l *policy.NeedList) []string {
	if l == nil {
		return nil
	}
	w.read(policy.CardShown, policy.CardBody)
	var docs [24]Document
	n := w.desk(docs[:])
	var serves [24]int8 // document -> need plus 1
	var missing []string
	for i := range l.Needs {
		need := &l.Needs[i]
		if need.Optional || !w.met(need.Conds) || need.Assumed && !w.f.HasDocuments && w.f.CardPresented != No {
			continue
		}
		if need.Met.Conds != nil {
			if !w.met(need.Met.Conds) {
				missing = append(missing, need.Met.Code)
			}
			continue
		}
		if w.desked != nil {
			*w.desked = append(*w.desked, Paper{Code: need.Met.Code, Name: need.Met.Name, Months: need.Months, met: need.Met, list: l})
		}
		var seen [24]bool
		if !w.place1(l, i, docs[:n], &serves, &seen) {
			missing = append(missing, need.Met.Code)
		}
	}
	return missing
}

// place1 finds a document for a need, moving another need to another document where that helps.
func (w *work) place1(l *policy.NeedList, i int, docs []Document, serves *[24]int8, seen *[24]bool) bool {
	for d := range docs {
		if seen[d] || !w.meets(&l.Needs[i], &docs[d]) {
			continue
		}
		seen[d] = true
		if serves[d] == 0 || w.place1(l, int(serves[d])-1, docs, serves, seen) {
			serves[d] = int8(i) + 1
			return true
		}
	}
	return false
}

func holds(conds []policy.Cond, s *policy.Situation) bool {
	for i := range conds {
		if conds[i].Mask>>s[conds[i].Dim]&1 == 0 {
			return false
		}
	}
	return true
}

// desk is what counts as lying on the desk: originals within their validity, each once.
func (w *work) desk(out []Document) int {
	n := 0
	add := func(d Document) {
		if w.asProxy && d.Owner == "representative" {
			d.Owner = "proxy"
		}
		isCard := d.Owner == "principal" && d.Doc == "my_number_card"
		switch {
		case n == len(out), d.Copy, !d.ValidUntil.IsZero() && w.f.Today.After(d.ValidUntil):
			return
		case isCard && (w.f.CardPresented == No || w.s[policy.CardBody] == 2):
			return
		}
		if slices.ContainsFunc(out[:n], func(o Document) bool { return o.Owner == d.Owner && o.Doc == d.Doc && o.IssuedOn == d.IssuedOn }) {
			return
		}
		out[n] = d
		n++
	}
	for _, d := range w.f.Documents {
		add(d)
	}
	if w.f.CardPresented == Yes {
		add(Document{Owner: "principal", Doc: "my_number_card"})
	}
	return n
}

func (w *work) meets(need *policy.NeedItem, d *Document) bool {
	from, ok := need.Met.Docs[d.Doc]
	if !ok || d.Owner != need.Met.Owner || !from.IsZero() && !d.IssuedOn.IsZero() && d.IssuedOn.Before(from) {
		return false
	}
	if need.Months == 0 || d.IssuedOn.IsZero() {
		return true
	}
	last, _ := d.IssuedOn.AddMonths(need.Months)
	return !w.f.Today.After(last)
}

// hardship answers whether what lies on the desk proves that the principal cannot come.
func (w *work) hardship() {
	met := w.p.Hardship
	if met == nil || w.c.Procedure != pinReset || w.s[policy.Applicant] != 2 || !w.f.HasDocuments {
		return
	}
	var docs [24]Document
	n := w.desk(docs[:])
	w.d.put(policy.KHardship, slices.ContainsFunc(docs[:n], func(d Document) bool {
		_, ok := met.Docs[d.Doc]
		return ok && d.Owner == met.Owner
	}))
}

// onBoundary says whether a document is accepted on its very last day.
func (w *work) onBoundary(l *policy.NeedList) bool {
	if l == nil {
		return false
	}
	for i := range l.Needs {
		need := &l.Needs[i]
		if need.Months == 0 || !holds(need.Conds, &w.s) {
			continue
		}
		for j := range w.f.Documents {
			d := &w.f.Documents[j]
			if last, _ := d.IssuedOn.AddMonths(need.Months); !d.IssuedOn.IsZero() && last == w.f.Today && w.meets(need, d) {
				return true
			}
		}
	}
	return false
}
