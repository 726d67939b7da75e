// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"madoguchi/device/policy/civil"
)

//go:embed data/*.toml
var embedded embed.FS

// National is the name of the base's file and municipality.
const National = "national"

// Set is the policies of a folder, by municipality.
type Set struct {
	cities map[string]*Policy
	names  []string
}

// Embedded loads the policies that are part of the program.
func Embedded() (*Set, error) {
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	return Load(sub)
}

// EmbeddedCity loads the policy of one municipality that is part of the program. The error for another one names those that are.
func EmbeddedCity(city string) (*Policy, error) {
	base, err := embedded.ReadFile("data/" + National + ".toml")
	if err != nil {
		return nil, err
	}
	text, err := embedded.ReadFile("data/" + city + ".toml")
	if err != nil || city == National {
		return nil, fmt.Errorf("there are no rules of %q: choose one of %s", city, strings.Join(EmbeddedCities(), ", "))
	}
	return Compile(base, city+".toml", text)
}

// EmbeddedCities are the municipalities whose policies are part of the program, sorted.
func EmbeddedCities() []string {
	names, _ := fs.Glob(embedded, "data/*.toml") // the pattern is well-formed
	var out []string
	for _, n := range names {
		if c := strings.TrimSuffix(path.Base(n), ".toml"); c != National {
			out = append(out, c)
		}
	}
	return out
}

// Load reads national.toml and lays every other *.toml of the folder over it. Any fault refuses the whole: the error joins one *Error for
// each fault, with file, line and column, and no policy is returned.
func Load(dir fs.FS) (*Set, error) {
	base, err := fs.ReadFile(dir, National+".toml")
	if err != nil {
		return nil, fmt.Errorf("reading the national base: %w", err)
	}
	names, err := fs.Glob(dir, "*.toml")
	if err != nil {
		return nil, err
	}
	set := &Set{cities: map[string]*Policy{}}
	var faults []error
	for _, name := range names {
		if name == National+".toml" {
			continue
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("reading a policy: %w", err)
		}
		p, err := Compile(base, name, text)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if want := strings.TrimSuffix(path.Base(name), ".toml"); p.City != want {
			faults = append(faults, &Error{File: name, Line: 1, Column: 1, What: fmt.Sprintf("municipality %q: the file must bear its name", p.City)})
		}
		set.cities[p.City] = p
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	set.names = slices.Sorted(maps.Keys(set.cities))
	return set, nil
}

// City finds the policy of a municipality.
func (s *Set) City(name string) (*Policy, bool) { p, ok := s.cities[name]; return p, ok }

// Cities are the municipalities, sorted.
func (s *Set) Cities() []string { return s.names }

// Compile lays one municipality's file over the national base.
func Compile(base []byte, name string, text []byte) (*Policy, error) {
	b, err := read(National+".toml", base)
	if err != nil {
		return nil, err
	}
	f, err := read(name, text)
	if err != nil {
		return nil, err
	}
	c := &compiler{p: &Policy{City: f.Policy.Municipality, Name: f.Policy.Name, Version: f.Policy.Version,
		Lists: map[string]*NeedList{}, Needs: map[string]*Met{}, Messages: map[string]Text{}},
		sources: map[string]string{}, docs: map[string][]string{}, fall: map[string]*Rule{}}
	if f.Policy.Municipality == "" || f.Policy.Version < 1 {
		c.file, c.text = name, text
		c.fault("", "[policy]", "[policy] needs municipality and version")
	}
	if d := f.Policy.SourceDate; d != nil {
		c.p.SourceDate = civil.Date{Year: d.Year, Month: d.Month, Day: d.Day}
	}
	files := []struct {
		f    *File
		name string
		text []byte
		base bool
	}{{b, National + ".toml", base, true}, {f, name, text, false}}
	for _, x := range files { // what rules refer to: the base first, the municipality over it
		c.file, c.text, c.base = x.name, x.text, x.base
		maps.Copy(c.sources, x.f.Sources)
		maps.Copy(c.docs, x.f.Documents)
		c.terms(x.f)
	}
	for _, x := range files {
		c.file, c.text, c.base = x.name, x.text, x.base
		c.parts(x.f)
	}
	slices.Reverse(files)
	for _, x := range files { // rules: the municipality's are asked before the national ones
		c.file, c.text, c.base = x.name, x.text, x.base
		c.rows(x.f)
	}
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	c.index()
	c.p.canonical = canonical(b, f)
	sum := sha256.Sum256(c.p.canonical)
	c.p.Hash = hex.EncodeToString(sum[:])
	return c.p, nil
}

// rows compiles the rules of a file. A national rule is left out where the municipality has a rule of the same table and id.
func (c *compiler) rows(f *File) {
	own := map[string]bool{}
	if c.base {
		for _, r := range c.p.all {
			own[r.Table+" "+r.Ref.Rule] = true
		}
	}
	for i := range f.Fallback {
		r := c.row("fallback", &f.Fallback[i])
		c.fall[r.Ref.Rule] = r
		c.p.all = append(c.p.all, r)
	}
	for _, t := range []struct {
		name string
		rows []Row
	}{{"representative", f.Representative}, {"gate", f.Gate}, {"path", f.Path}, {"answer", f.Answer}} {
		for i := range t.rows {
			if own[t.name+" "+t.rows[i].ID] {
				continue
			}
			c.p.all = append(c.p.all, c.row(t.name, &t.rows[i]))
		}
	}
}

// index sorts the rules by the procedures that they can concern, so that a decision reads only those.
func (c *compiler) index() {
	p := c.p
	n := len(Procedures)
	p.gates, p.paths, p.answers = make([][]*Rule, n), make([][]*Rule, n), make([][]*Rule, n)
	for _, r := range p.all {
		for _, cond := range r.Conds {
			p.SameWindow = p.SameWindow || cond.Dim == SameWindow
		}
		if r.Table == "representative" {
			p.representative = append(p.representative, *r)
			continue
		}
		for proc := range n {
			if len(r.Conds) > 0 && r.Conds[0].Dim == Procedure && r.Conds[0].Mask>>proc&1 == 0 {
				continue
			}
			switch r.Table {
			case "gate":
				p.gates[proc] = append(p.gates[proc], r)
			case "path":
				p.paths[proc] = append(p.paths[proc], r)
			case "answer":
				p.answers[proc] = append(p.answers[proc], r)
			}
		}
	}
}
