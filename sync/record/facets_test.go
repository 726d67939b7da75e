// SPDX-License-Identifier: Apache-2.0

package record

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func wholeCase(w Week) Case {
	return Case{
		Procedure: PinChange, Outcome: Done, Week: w, Duration: Under5Min, Friction: PINRetry | HelpCalled, Language: EasyJapanese,
		Applicant: Proxy, Means: Letter,
		Entries: []PINEntry{{SigningPIN, NewEntry(Verify, EntryWrong)}, {SigningPIN, NewEntry(Change, EntryOK)}},
		Steps:   []StepSpan{{StepEntry, Under30s}, {StepResult, Under5s}},
	}
}

// cells writes facets as text, without their random numbers, sorted.
func cells(f Facets) (all []string) {
	for _, r := range f.Records {
		a, b := r.Attributes()
		all = append(all, strings.TrimSpace(strings.Join([]string{r.Week().String(), r.Group().String(), r.Kind().String(), a, b}, " ")))
	}
	slices.Sort(all)
	return all
}

func TestFacets(t *testing.T) {
	w, _ := NewWeek(2026, 47)
	full := DefaultRules(7)
	coarse := full
	coarse.Period = FourWeeks
	cut := wholeCase(w)
	cut = Case{Procedure: cut.Procedure, Outcome: Interrupted, Week: w}
	one := wholeCase(w)
	one.Steps = one.Steps[:1]
	for _, tc := range []struct {
		name  string
		rules Rules
		c     Case
		want  []string
		cells []Cell
	}{
		{"everything", full, one, []string{
			"2026-W47 g07 fr pin_retry+help_called", "2026-W47 g07 la ja_easy", "2026-W47 g07 pd class_pin 2_to_5_min", "2026-W47 g07 pe signing change.ok",
			"2026-W47 g07 pe signing verify.wrong", "2026-W47 g07 po pin_change done", "2026-W47 g07 pt voluntary_proxy letter", "2026-W47 g07 st entry 15_to_30_s"}, nil},
		{"coarse date", Rules{7, Full, FourWeeks, 0}, one, []string{"2026-W45 g07 po pin_change done"}, nil},
		{"after a power cut", full, cut, []string{"2026-W47 g07 po pin_change interrupted"}, nil},
		{"by class", Rules{7, ByClass, OneWeek, allowed[ByClass]}, one, []string{
			"2026-W47 g07 fr pin_retry+help_called", "2026-W47 g07 la ja_easy", "2026-W47 g07 pe signing change.ok", "2026-W47 g07 pe signing verify.wrong",
			"2026-W47 g07 po class_pin done"}, nil},
		{"by class, after a power cut", Rules{7, ByClass, OneWeek, 0}, cut, []string{"2026-W47 g07 po class_pin abandoned"}, nil},
		{"counts only", Rules{7, CountOnly, OneWeek, NewKindSet(TB)}, one, nil, []Cell{ClassCell(ClassPIN)}},
	} {
		f, err := tc.rules.Facets(tc.c)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if d := cmp.Diff(tc.want, cells(f)); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
		if d := cmp.Diff(tc.cells, f.Cells); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}

// A finished case has exactly one PO or exactly one count, whatever it was and whatever else is told.
func TestOnePOForEachCase(t *testing.T) {
	w, _ := NewWeek(2026, 47)
	for _, p := range Procedures() {
		for _, o := range Outcomes() {
			for d := Full; d.Valid(); d++ {
				r := Rules{1, d, OneWeek, allowed[d]}
				c := wholeCase(w)
				c.Procedure, c.Outcome = p, o
				f, err := r.Facets(c)
				if err != nil {
					t.Fatal(err)
				}
				n := len(f.Cells)
				for _, rec := range f.Records {
					if rec.Kind() == PO {
						n++
					}
				}
				if n != 1 {
					t.Errorf("%v %v at %v is counted %d times", p, o, d, n)
				}
			}
		}
	}
}

// What comes after a case's record is its entries and one step, whatever else the case says.
func TestAfter(t *testing.T) {
	w, _ := NewWeek(2026, 47)
	c := wholeCase(w)
	c.Outcome, c.Steps = 0, c.Steps[:1]
	want := []string{"2026-W47 g07 pe signing change.ok", "2026-W47 g07 pe signing verify.wrong", "2026-W47 g07 st entry 15_to_30_s"}
	f, err := DefaultRules(7).After(c)
	if d := cmp.Diff(want, cells(f)); err != nil || d != "" || len(f.Cells) > 0 {
		t.Errorf("%v %v %s", err, f.Cells, d)
	}
	if f, err := (Rules{7, CountOnly, OneWeek, 0}).After(c); err != nil || len(f.Records)+len(f.Cells) > 0 {
		t.Errorf("counts only: %v %v", f, err)
	}
	if _, err := DefaultRules(7).After(Case{Week: w}); err == nil {
		t.Error("no procedure is taken")
	}
}

// Two cases that share procedure, outcome and buckets leave the same bytes but for random numbers, whoever they were; and one step is drawn, evenly.
func TestOneStepIsDrawn(t *testing.T) {
	w, _ := NewWeek(2026, 47)
	drawn := map[string]int{}
	for range 400 {
		f, err := DefaultRules(1).Facets(wholeCase(w))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range f.Records {
			if r.Kind() == ST {
				a, _ := r.Attributes()
				drawn[a]++
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%d steps of one case", n)
		}
	}
	// 400 draws of two: outside 140 to 260 once in a billion runs.
	if drawn["entry"] < 140 || drawn["entry"] > 260 {
		t.Errorf("drawn %v", drawn)
	}
}

func TestManyEntries(t *testing.T) {
	w, _ := NewWeek(2026, 47)
	c := wholeCase(w)
	c.Entries = make([]PINEntry, 40)
	for i := range c.Entries {
		c.Entries[i] = PINEntry{LoginPIN, NewEntry(Verify, StoppedByRules)}
	}
	f, err := DefaultRules(1).Facets(c)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range f.Records {
		if r.Kind() == PE {
			n++
		}
	}
	if n != MaxEntries {
		t.Errorf("%d entries are told, want %d", n, MaxEntries)
	}
}

func TestFacetsRefuse(t *testing.T) {
	w, _ := NewWeek(2026, 47)
	for name, change := range map[string]func(*Rules, *Case){
		"no rules":      func(r *Rules, _ *Case) { *r = Rules{} },
		"no group":      func(r *Rules, _ *Case) { r.Group = 0 },
		"no detail":     func(r *Rules, _ *Case) { r.Detail = 0 },
		"no period":     func(r *Rules, _ *Case) { r.Period = 0 },
		"PO as option":  func(r *Rules, _ *Case) { r.Kinds |= NewKindSet(PO) },
		"class with PD": func(r *Rules, _ *Case) { r.Detail = ByClass },
		"no procedure":  func(_ *Rules, c *Case) { c.Procedure = 0 },
		"no outcome":    func(_ *Rules, c *Case) { c.Outcome = 0 },
		"no week":       func(_ *Rules, c *Case) { c.Week = 0 },
		"bad entry":     func(_ *Rules, c *Case) { c.Entries[0].Entry = 99 },
		"bad step":      func(_ *Rules, c *Case) { c.Steps = []StepSpan{{99, 1}} },
		"bad language":  func(_ *Rules, c *Case) { c.Language = 99 },
		"bad friction":  func(_ *Rules, c *Case) { c.Friction = 99 },
	} {
		r, c := DefaultRules(1), wholeCase(w)
		change(&r, &c)
		if f, err := r.Facets(c); err == nil || f.Records != nil || f.Cells != nil {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

func TestRulesComeBack(t *testing.T) {
	for d := Full; d.Valid(); d++ {
		for _, p := range []Period{OneWeek, FourWeeks} {
			r := Rules{3, d, p, allowed[d]}
			text, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if back, err := DecodeRules(text); err != nil || back != r {
				t.Errorf("%s: %+v, %v", text, back, err)
			}
		}
	}
	const good = `{"detail":"class","facets":["fr","pe"],"group":"g03","period":"week","s":"madoguchi.recording/1"}`
	if r, err := DecodeRules([]byte(good)); err != nil || r != (Rules{3, ByClass, OneWeek, NewKindSet(FR, PE)}) {
		t.Errorf("%+v, %v", r, err)
	}
	for _, swap := range [][2]string{{"", " "}, {"class", "classy"}, {`"fr","pe"`, `"pe","fr"`}, {`"fr",`, `"fr","fr",`}, {`"fr"`, `"pd"`}, {`"fr"`, `"po"`}, {`"fr"`, `"xx"`},
		{"g03", "g41"}, {`"week"`, `"day"`}, {"ing/1", "ing/2"}, {`["fr","pe"]`, `null`}, {`"detail"`, `"k":5,"detail"`}} {
		bad := strings.Replace(good, swap[0], swap[1], 1)
		if r, err := DecodeRules([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", bad, r)
		}
	}
}

func TestPeriod(t *testing.T) {
	for _, year := range []int{2025, 2026} {
		size := map[Week]int{}
		for n := 1; n <= weeksIn(year); n++ {
			w, _ := NewWeek(year, n)
			p := FourWeeks.Of(w)
			if !p.Valid() || p > w || OneWeek.Of(w) != w {
				t.Errorf("%v lies in %v", w, p)
			}
			size[p]++
		}
		for p, n := range size {
			if n < 4 || n > 5 {
				t.Errorf("%v has %d weeks", p, n)
			}
		}
	}
}

func TestTally(t *testing.T) {
	for n := range 2000 {
		v := TallyOf(n)
		if v.Count() > n || (n < MinTally) != (v == 0) {
			t.Fatalf("%d is told as %d", n, v.Count())
		}
		if n >= MinTally && n <= 1000 && float64(n-v.Count()) > 0.26*float64(n) {
			t.Errorf("%d is told as %d: too coarse", n, v.Count())
		}
	}
	if TallyOf(17).Count() != 17 || TallyOf(99).Count() != 95 || TallyOf(5000).Count() != 1000 || Tally(200).Count() != 0 {
		t.Error("tallies are not as documented")
	}
	w, _ := NewWeek(2026, 47)
	r := Rules{1, CountOnly, OneWeek, NewKindSet(TB)}
	for _, c := range Cells() {
		rec, err := r.Weekly(c, TallyOf(7), w)
		if err != nil || (rec.Kind() == TB) != (c == BoardCell) {
			t.Errorf("cell %d: %+v, %v", c, rec, err)
		}
		if _, err := r.Weekly(c, TallyOf(4), w); err == nil {
			t.Error("a count below five left the box")
		}
	}
	if _, err := r.Weekly(0, TallyOf(7), w); err == nil {
		t.Error("no cell was counted")
	}
}

func TestBuckets(t *testing.T) {
	for _, tc := range []struct {
		t    time.Duration
		want string
	}{{-time.Second, "under_2_min"}, {0, "under_2_min"}, {2*time.Minute - 1, "under_2_min"}, {2 * time.Minute, "2_to_5_min"}, {19 * time.Minute, "10_to_20_min"}, {99 * time.Hour, "over_20_min"}} {
		if got := DurationOf(tc.t).String(); got != tc.want {
			t.Errorf("%v is %s, want %s", tc.t, got, tc.want)
		}
	}
	for _, tc := range []struct {
		t    time.Duration
		want string
	}{{0, "under_5_s"}, {5 * time.Second, "5_to_15_s"}, {59 * time.Second, "30_to_60_s"}, {time.Minute, "60_to_120_s"}, {time.Hour, "over_120_s"}} {
		if got := SpanOf(tc.t).String(); got != tc.want {
			t.Errorf("%v is %s, want %s", tc.t, got, tc.want)
		}
	}
	if LanguageOf("en") != English || LanguageOf("vi") != OtherLanguage || LanguageOf("") != OtherLanguage {
		t.Error("languages are not as documented")
	}
	for _, m := range Modes() {
		for _, r := range Results() {
			e := NewEntry(m, r)
			if back, err := ParseEntry(e.String()); err != nil || back != e || e.Mode() != m || e.Result() != r || e.String() != m.String()+"."+r.String() {
				t.Errorf("%v.%v is %v", m, r, e)
			}
		}
	}
	for _, v := range []struct {
		n    int
		want Detail
	}{{200, Full}, {40, Full}, {39, ByClass}, {15, ByClass}, {14, CountOnly}, {0, CountOnly}} {
		if got := DetailFor(v.n); got != v.want {
			t.Errorf("%d cases a day: %v", v.n, got)
		}
	}
}

func TestClassOfEveryProcedure(t *testing.T) {
	for _, p := range Procedures() {
		if !p.Class().Valid() {
			t.Errorf("%v has no class", p)
		}
	}
	if c := (TriesBoard + 1).Class(); c != 0 {
		t.Errorf("no procedure is of class %v", c)
	}
	if _, err := (Rules{}).Encode(); err == nil || errors.Is(err, ErrNotCanonical) {
		t.Error(err)
	}
}
