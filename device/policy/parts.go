// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"maps"
	"slices"
	"strings"

	"madoguchi/device/policy/civil"
)

func (c *compiler) terms(f *File) {
	t := f.Terms
	switch t.AgeRule {
	case "":
	case "day_before":
		c.p.AgeByAct = true
	case "birthday":
		c.p.AgeByAct = false
	default:
		c.fault("", t.AgeRule, "age_rule: day_before or birthday")
	}
	if t.Window != nil {
		if t.Window.Months < 1 || t.Window.FirstDay != "same_day" && t.Window.FirstDay != "day_after" {
			c.fault("", "window", "window: months from 1 and first_day same_day or day_after")
		}
		c.p.Window = &Window{c.ref("window", t.Window.Source), t.Window.Months, t.Window.FirstDay == "day_after"}
	}
	validity := func(name string, v *ValidityT) *Validity {
		if v.Birthdays < 0 || v.From != "cert_issue" && v.From != "card_issue" {
			c.fault("", name, "%s: from cert_issue or card_issue", name)
		}
		return &Validity{c.ref("validity", v.Source), v.From == "card_issue", v.Birthdays, v.Under18, v.LimitedStay, v.CardEndFirst}
	}
	if t.Certificate != nil {
		c.p.Certificate = validity("certificate", t.Certificate)
	}
	if t.Card != nil {
		c.p.Card = validity("card", t.Card)
	}
	if t.LastYear != nil {
		c.p.LastYear = t.LastYear.Months
		c.source("last_year", t.LastYear.Source)
	}
	if t.Hours != nil {
		c.p.Hours = c.hours(t.Hours)
	}
	for _, kind := range slices.Sorted(maps.Keys(f.Pins)) {
		i, v := slices.Index(Kinds4, kind), f.Pins[kind]
		if i < 0 || v.Min < 1 || v.Max < v.Min || v.Tries < 0 || v.Form != "digits" && v.Form != "upper_and_digits" {
			c.fault("", "pins."+kind, "pins.%s: one of the four kinds, 1 <= min <= max, form digits or upper_and_digits", kind)
			continue
		}
		c.p.Pins[i] = &PinForm{c.ref("pin_"+kind, v.Source), v.Min, v.Max, v.Tries, v.Form == "upper_and_digits"}
	}
}

var weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

func (c *compiler) hours(h *HoursT) *Hours {
	out := &Hours{Ref: c.ref("hours", h.Source), Open: -1, Close: -1}
	for _, d := range h.Days {
		i := slices.Index(weekdays, d)
		if i < 0 {
			c.fault("", d, "hours: unknown day %q", d)
			continue
		}
		out.Days |= 1 << i
	}
	if h.Open != "" || h.Close != "" {
		var ok1, ok2 bool
		out.Open, ok1 = Minute(h.Open)
		out.Close, ok2 = Minute(h.Close)
		if !ok1 || !ok2 || out.Open > out.Close {
			c.fault("", h.Open, "hours: open and close as HH:MM")
		}
	}
	return out
}

// Minute reads HH:MM as minutes of the day.
func Minute(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' || strings.Trim(s[:2]+s[3:], "0123456789") != "" {
		return 0, false
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	return h*60 + m, h < 24 && m < 60
}

// Weekday is 0 for Mon to 6 for Sun.
func Weekday(s string) (int, bool) { i := slices.Index(weekdays, s); return i, i >= 0 }

// expand writes out "@name" in a list of documents.
func (c *compiler) expand(id string, words []string, depth int) []string {
	var out []string
	for _, w := range words {
		name, isList := strings.CutPrefix(w, "@")
		switch {
		case !isList:
			out = append(out, w)
		case c.docs[name] == nil || depth > 4:
			c.fault(id, w, "no list of documents named %q", name)
		default:
			out = append(out, c.expand(id, c.docs[name], depth+1)...)
		}
	}
	return out
}

func (c *compiler) parts(f *File) {
	for _, r := range f.Requirement {
		m := &Met{Code: r.Code, Name: r.Name, Owner: r.Owner, Docs: map[string]civil.Date{}}
		if r.Name.Ja == "" || r.Name.Easy == "" || r.Name.En == "" {
			c.fault(r.Code, "", "requirement without a name in ja, ja_easy and en")
		}
		for _, d := range c.expand(r.Code, r.Docs, 0) {
			if without, ok := strings.CutPrefix(d, "!"); ok {
				delete(m.Docs, without)
				continue
			}
			m.Docs[d] = civil.Date{}
		}
		if len(m.Docs) > 0 {
			m.Docs[r.Code] = civil.Date{} // a paper may be named by what it serves for
		}
		for doc, day := range r.IssuedFrom {
			d, err := civil.Parse(day)
			if _, ok := m.Docs[doc]; !ok || err != nil {
				c.fault(r.Code, doc, "issued_from: %q is not on the list or has no such day", doc)
			}
			m.Docs[doc] = d
		}
		if len(r.Met) > 0 {
			m.Conds = c.conds(r.Code, r.Met)
		}
		if (len(m.Docs) == 0) == (m.Conds == nil) {
			c.fault(r.Code, "", "requirement %s: either docs or met", r.Code)
		}
		if len(m.Docs) > 0 && !slices.Contains([]string{"principal", "representative", "proxy"}, r.Owner) {
			c.fault(r.Code, "owner", "owner: principal, representative or proxy")
		}
		c.p.Needs[r.Code] = m
	}
	for _, l := range f.List {
		out := &NeedList{Name: l.Name}
		for _, n := range l.Need {
			met := c.p.Needs[n.Code]
			if met == nil {
				c.fault(l.Name, n.Code, "unknown requirement %q", n.Code)
				continue
			}
			if len(n.Met) > 0 {
				here := *met
				here.Conds = c.conds(l.Name, n.Met)
				met = &here
			}
			if n.Code == "hardship_proof" {
				c.p.Hardship = met
			}
			out.Needs = append(out.Needs, NeedItem{met, c.conds(l.Name, n.When), n.Months, n.Optional, n.Assumed})
		}
		c.p.Lists[l.Name] = out
	}
	for _, e := range f.Place {
		pl := Place{Ref: c.ref(e.Code, e.Source), Code: e.Code, Name: e.Name, Also: e.Also, Phone: e.Phone}
		if e.Reservation != nil {
			pl.Reservation = 2
			if *e.Reservation {
				pl.Reservation = 1
			}
		}
		if e.Hours != nil {
			pl.Hours = c.hours(e.Hours)
		}
		c.p.Places = append(c.p.Places, pl)
	}
	for code, t := range f.Message {
		if t.Source != "" {
			t.Source = c.source(code, t.Source)
		}
		c.p.Messages[code] = t.over(c.p.Messages[code])
	}
	c.translations(f)
}
