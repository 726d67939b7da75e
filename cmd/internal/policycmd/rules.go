// SPDX-License-Identifier: Apache-2.0

package policycmd

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
	"madoguchi/device/procedure"
	"madoguchi/display"
)

// lint checks every policy, or those named, and prints the hash of the canonical form.
func (s *streams) lint(cities []string) error {
	set, err := s.load()
	if err != nil {
		return err
	}
	if len(cities) == 0 {
		cities = set.Cities()
	}
	found := 0
	for _, city := range cities {
		p, ok := set.City(city)
		if !ok {
			return fmt.Errorf("no policy of %q", city)
		}
		for _, f := range append(policy.Lint(p), illegible(p)...) {
			found++
			fmt.Fprintln(s.out, f)
		}
		for _, f := range policy.Untranslated(p) {
			fmt.Fprintln(s.out, "note:", f)
		}
		own := 0
		for _, r := range p.Rules() {
			if !r.National {
				own++
			}
		}
		fmt.Fprintf(s.out, "%s: version %d, %d rules of its own, %d national, %d messages, sha256 %s\n", city, p.Version, own, len(p.Rules())-own, len(p.Messages), p.Hash)
	}
	if found > 0 {
		return ErrFindings
	}
	return nil
}

// illegible finds the messages in other languages that have a letter without a glyph: the box would show them in やさしい日本語.
func illegible(p *policy.Policy) []policy.Finding {
	var out []policy.Finding
	for _, code := range slices.Sorted(maps.Keys(p.Messages)) {
		texts := p.Messages[code].Texts()
		for _, lang := range policy.Languages {
			if err := display.Legible(display.Lang(lang), texts[lang]); err != nil {
				out = append(out, policy.Finding{City: p.City, Rule: code, What: lang + ": " + err.Error()})
			}
		}
	}
	return out
}

// side is one side of a comparison: the name of a municipality, or folder:municipality.
func (s *streams) side(name string) (*policy.Policy, error) {
	folder, city := s.folder, name
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		folder, city = name[:i], name[i+1:]
	}
	set, err := loadFrom(folder)
	if err != nil {
		return nil, err
	}
	p, ok := set.City(city)
	if !ok {
		return nil, fmt.Errorf("no policy of %q", city)
	}
	return p, nil
}

func (s *streams) diffCommand() *cobra.Command {
	var day string
	var tell bool
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Show what changes for which cases between two policies",
		Long: `Show what changes for which cases between two policies. A and B are municipalities ("nabari"), or a folder and a municipality
("./tonight:nabari"). Typical cases of every procedure and applicant are decided by both; equal changes stand in one line, with how many
cases they concern and one of them. Exit status 1 if anything changes.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return s.diff(args[0], args[1], day, tell) },
	}
	c.Flags().StringVar(&day, "date", "", "`YYYY-MM-DD` on which the cases are decided (default: today)")
	c.Flags().BoolVar(&tell, "tell", false, "also what the resident is told")
	return c
}

func (s *streams) diff(a, b, day string, tell bool) error {
	if day == "" {
		day = time.Now().Format(time.DateOnly)
	}
	today, err := civil.Parse(day)
	if err != nil {
		return err
	}
	pa, err := s.side(a)
	if err != nil {
		return err
	}
	pb, err := s.side(b)
	if err != nil {
		return err
	}
	type change struct {
		what    string
		n       int
		example procedure.Case
		rules   string
	}
	var order []string
	changes := map[string]*change{}
	total := 0
	for c := range procedure.Family(pa.City, today) {
		total++
		da, err := procedure.Decide(pa, &c)
		if err != nil {
			return err
		}
		other := c
		other.Municipality = pb.City
		db, err := procedure.Decide(pb, &other)
		if err != nil {
			return err
		}
		for k := range policy.KNotStated {
			va, vb := value(da, k), value(db, k)
			if va == vb || k == policy.KTell && !tell {
				continue
			}
			id := fmt.Sprintf("%s, %s: %s %s -> %s", policy.Procedure.Value(c.Procedure), policy.Applicant.Value(c.Applicant), k.Name(), va, vb)
			ch := changes[id]
			if ch == nil {
				ch = &change{what: id, example: c, rules: rules(da) + " -> " + rules(db)}
				changes[id] = ch
				order = append(order, id)
			}
			ch.n++
		}
	}
	for _, id := range order {
		ch := changes[id]
		fmt.Fprintf(s.out, "%s\n    %d cases, e.g. %s\n    rules %s\n", ch.what, ch.n, situation(pa, &ch.example), ch.rules)
	}
	fmt.Fprintf(s.out, "%d cases, %d kinds of change\n", total, len(order))
	if len(order) > 0 {
		return ErrFindings
	}
	return nil
}

func value(d *procedure.Decision, k policy.Key) string {
	v, ok := d.Get(k)
	if k == policy.KTell {
		v, ok = d.Tell, len(d.Tell) > 0
	}
	switch {
	case !ok:
		return "absent"
	case v == nil:
		return "not stated"
	}
	return procedure.Words(v)
}

func rules(d *procedure.Decision) string {
	var ids []string
	for _, r := range d.Because {
		ids = append(ids, r.Rule)
	}
	return strings.Join(ids, " ")
}

// situation names what of a case is not as usual.
func situation(p *policy.Policy, c *procedure.Case) string {
	var out []string
	for _, f := range procedure.Circumstances(p, c) {
		out = append(out, f[0]+" "+f[1])
	}
	if len(out) == 0 {
		return "nothing special"
	}
	return strings.Join(out, ", ")
}

//go:embed start.toml
var startText string

var cityName = regexp.MustCompile(`^[a-z][a-z0-9_]{1,30}$`)

// start prints the beginning of another municipality's file. It can be loaded as it stands; what it leaves out is "not stated".
func (s *streams) start(city string) error {
	if !cityName.MatchString(city) || city == policy.National {
		return fmt.Errorf("municipality %q: a short name of small letters, digits and _", city)
	}
	_, err := fmt.Fprint(s.out, strings.ReplaceAll(startText, "@city@", city))
	return err
}

func (s *streams) questionsCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "questions [municipality...]",
		Short: "Count the questions that each procedure asks the clerk",
		RunE:  func(_ *cobra.Command, args []string) error { return s.questions(args, out) },
	}
	c.Flags().StringVar(&out, "date", "2026-01-20", "`YYYY-MM-DD` on which they are asked")
	return c
}

func (s *streams) questions(cities []string, day string) error {
	set, err := s.load()
	if err != nil {
		return err
	}
	today, err := civil.Parse(day)
	if err != nil {
		return err
	}
	if len(cities) == 0 {
		cities = set.Cities()
	}
	for _, city := range cities {
		p, ok := set.City(city)
		if !ok {
			return fmt.Errorf("no policy of %q", city)
		}
		for _, row := range procedure.Asked(p, today) {
			fmt.Fprintf(s.out, "| %s | %s | %s | %d | %d | %s |\n", city, policy.Procedure.Value(row.Procedure), policy.Applicant.Value(row.Applicant), row.Usual, row.Most, strings.Join(row.Facts, ", "))
		}
	}
	return nil
}
