// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"slices"

	"madoguchi/device/policy"
)

// Paper is a paper that a decision can depend on, to be ticked when it lies on the desk.
type Paper struct {
	Code   string // of the requirement
	Name   policy.Text
	Months int // issued within so many months; 0: whenever

	met  *policy.Met
	list *policy.NeedList
}

// Papers are the papers that the way through a case asks for and those of the way that is taken without them, in the order of the lists. A
// card that is presented is not among them. What Facts.Documents says does not count: the desk is looked at now.
func Papers(p *policy.Policy, c *Case) ([]Paper, error) {
	k := *c
	k.Facts.Documents, k.Facts.HasDocuments = nil, true
	var all []Paper
	if _, err := decide(p, &k, nil, &all); err != nil {
		return nil, err
	}
	var out []Paper
	for _, x := range all {
		shown := x.met.Owner == "principal" && x.Code == "my_number_card" && c.Facts.CardPresented == Yes
		if !shown && !slices.ContainsFunc(out, func(o Paper) bool { return o.Code == x.Code }) {
			out = append(out, x)
		}
	}
	return out, nil
}

// Lay puts the papers that are ticked on the desk, and nothing else. A paper that is more than another list asks for serves there too.
func Lay(f *Facts, papers []Paper, ticked func(code string) bool) {
	f.Documents, f.HasDocuments = nil, true
	for _, x := range papers {
		if ticked(x.Code) || slices.ContainsFunc(papers, func(o Paper) bool { return ticked(o.Code) && o.covers(x) }) {
			f.Documents = append(f.Documents, Document{Owner: x.met.Owner, Doc: x.Code})
		}
	}
}

// covers says whether whoever brings this paper has brought the other one of another list.
func (x Paper) covers(o Paper) bool {
	if x.list == o.list || x.met.Owner != o.met.Owner || x.Code == o.Code {
		return false
	}
	for doc := range x.met.Docs {
		if _, ok := o.met.Docs[doc]; !ok && doc != x.Code {
			return false
		}
	}
	return true
}
