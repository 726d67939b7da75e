// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

type reader func(f *Facts, where string, raw []byte) error

func text(where string, raw []byte, to *string) error {
	if string(raw) == "null" || json.Unmarshal(raw, to) != nil {
		return &FactError{where, "not a text"}
	}
	return nil
}

func unknown(where, v string) error { return &FactError{where, fmt.Sprintf("unknown value %q", v)} }

func cell(where string, raw []byte, d policy.Dim, to *policy.Cell) error {
	var s string
	if err := text(where, raw, &s); err != nil {
		return err
	}
	c, ok := d.CellOf(s)
	if !ok || s == "unstated" || s == "unknown" || (s == "none" && d != policy.CertState) {
		return unknown(where, s)
	}
	*to = c
	return nil
}

func tri(to func(*Facts) *Tri) reader {
	return func(f *Facts, where string, raw []byte) error {
		switch string(raw) {
		case "true":
			*to(f) = Yes
		case "false":
			*to(f) = No
		default:
			return &FactError{where, "not true or false"}
		}
		return nil
	}
}

func flag(to func(*Facts) *bool) reader {
	return func(f *Facts, where string, raw []byte) error {
		var t Tri
		err := tri(func(*Facts) *Tri { return &t })(f, where, raw)
		*to(f) = t == Yes
		return err
	}
}

func word(d policy.Dim, to func(*Facts) *policy.Cell) reader {
	return func(f *Facts, where string, raw []byte) error { return cell(where, raw, d, to(f)) }
}

func oneOf(words ...string) reader {
	return func(_ *Facts, where string, raw []byte) error {
		var s string
		if err := text(where, raw, &s); err != nil {
			return err
		}
		if !slices.Contains(words, s) {
			return unknown(where, s)
		}
		return nil
	}
}

func date(where string, raw []byte, to *civil.Date) error {
	var s string
	if err := text(where, raw, &s); err != nil {
		return err
	}
	d, err := civil.Parse(s)
	if err != nil {
		return &FactError{where, err.Error()}
	}
	*to = d
	return nil
}

func day(to func(*Facts) *civil.Date) reader {
	return func(f *Facts, where string, raw []byte) error { return date(where, raw, to(f)) }
}

// dayOrNull is a date that may be null for "there is none".
func dayOrNull(to func(*Facts) *civil.Date) reader {
	return func(f *Facts, where string, raw []byte) error {
		if string(raw) == "null" {
			return nil
		}
		return date(where, raw, to(f))
	}
}

func kindOf(where, s string, n int) (int, error) {
	i := slices.Index(policy.Kinds4[:n], s)
	if i < 0 {
		return 0, unknown(where, s)
	}
	return i, nil
}

func kinds(n int, to func(*Facts) *Kinds) reader {
	return func(f *Facts, where string, raw []byte) error {
		var l []string
		if json.Unmarshal(raw, &l) != nil || l == nil {
			return &FactError{where, "not a list of kinds"}
		}
		for i, s := range l {
			k, err := kindOf(fmt.Sprintf("%s[%d]", where, i), s, n)
			if err != nil {
				return err
			}
			if *to(f)&(1<<k) != 0 {
				return &FactError{where, fmt.Sprintf("%q stands twice", s)}
			}
			*to(f) |= 1 << k
		}
		if *to(f) == 0 {
			return &FactError{where, "empty"}
		}
		return nil
	}
}

// byKind reads {kind: value}.
func byKind(n int, put func(f *Facts, kind int, v, where string) error) reader {
	return func(f *Facts, where string, raw []byte) error {
		members, err := object(where, raw)
		if err != nil {
			return err
		}
		for _, m := range members {
			at := where + "." + m.key
			k, err := kindOf(at, m.key, n)
			if err != nil {
				return &FactError{at, "unknown kind"}
			}
			var s string
			if err := text(at, m.raw, &s); err != nil {
				return err
			}
			if err := put(f, k, s, at); err != nil {
				return err
			}
		}
		return nil
	}
}

func index(words []string, to func(f *Facts, kind int) *uint8) func(*Facts, int, string, string) error {
	return func(f *Facts, k int, v, where string) error {
		i := slices.Index(words, v)
		if i < 0 {
			return unknown(where, v)
		}
		*to(f, k) = uint8(i)
		return nil
	}
}

func code(to func(*Facts) *string) reader {
	return func(f *Facts, where string, raw []byte) error { return text(where, raw, to(f)) }
}

func entries(where string, raw []byte) ([]bool, error) {
	var l []string
	if json.Unmarshal(raw, &l) != nil || l == nil {
		return nil, &FactError{where, "not a list of wrong and right"}
	}
	out := make([]bool, len(l))
	for i, s := range l {
		if s != "wrong" && s != "right" {
			return nil, unknown(fmt.Sprintf("%s[%d]", where, i), s)
		}
		out[i] = s == "wrong"
	}
	return out, nil
}

func byDay(f *Facts, where string, raw []byte) error {
	members, err := object(where, raw)
	if err != nil {
		return err
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	for _, m := range members {
		d, err := civil.Parse(m.key)
		if err != nil {
			return &FactError{where, err.Error()}
		}
		if !f.Today.IsZero() && d.After(f.Today) {
			return &FactError{where + "." + m.key, "after today"}
		}
		e, err := entries(where+"."+m.key, m.raw)
		if err != nil {
			return err
		}
		f.Entries, f.HasEntries = append(f.Entries, e...), true
	}
	return nil
}

func documents(f *Facts, where string, raw []byte) error {
	var l []json.RawMessage
	if json.Unmarshal(raw, &l) != nil || l == nil {
		return &FactError{where, "not a list"}
	}
	f.HasDocuments = true
	for i, r := range l {
		at := fmt.Sprintf("%s[%d]", where, i)
		members, err := object(at, r)
		if err != nil {
			return err
		}
		var d Document
		for _, m := range members {
			in := at + "." + m.key
			switch m.key {
			case "owner":
				if err = text(in, m.raw, &d.Owner); err == nil && !slices.Contains([]string{"principal", "representative", "proxy"}, d.Owner) {
					err = unknown(in, d.Owner)
				}
			case "doc":
				if err = text(in, m.raw, &d.Doc); err == nil && !slices.Contains(policy.DocCodes, d.Doc) {
					err = unknown(in, d.Doc)
				}
			case "original":
				var t Tri
				err = tri(func(*Facts) *Tri { return &t })(f, in, m.raw)
				d.Copy = t == No
			case "valid_until":
				err = dayOrNull(func(*Facts) *civil.Date { return &d.ValidUntil })(f, in, m.raw)
			case "issued_on":
				err = dayOrNull(func(*Facts) *civil.Date { return &d.IssuedOn })(f, in, m.raw)
			default:
				err = &FactError{in, "unknown key"}
			}
			if err != nil {
				return err
			}
		}
		if d.Owner == "" || d.Doc == "" {
			return &FactError{at, "needs owner and doc"}
		}
		f.Documents = append(f.Documents, d)
	}
	return nil
}

// letter reads an inquiry letter or null; Matsue's paper has no source.
func letter(to func(*Facts) **Letter) reader {
	return func(f *Facts, where string, raw []byte) error {
		if string(raw) == "null" {
			return nil
		}
		members, err := object(where, raw)
		if err != nil {
			return err
		}
		l, source := &Letter{}, ""
		for _, m := range members {
			in := where + "." + m.key
			var t Tri
			yes := tri(func(*Facts) *Tri { return &t })
			switch m.key {
			case "source":
				err = text(in, m.raw, &source)
				if err == nil && source != "jlis" && source != "city" {
					err = unknown(in, source)
				}
				l.City = source == "city"
			case "valid_until":
				err = dayOrNull(func(*Facts) *civil.Date { return &l.ValidUntil })(f, in, m.raw)
			case "filled_by_principal":
				err = yes(f, in, m.raw)
				l.Unfilled = t == No
			case "sealed":
				err = yes(f, in, m.raw)
				l.Unsealed = t == No
			default:
				err = &FactError{in, "unknown key"}
			}
			if err != nil {
				return err
			}
		}
		*to(f) = l
		return nil
	}
}
