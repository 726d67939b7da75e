// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../../.."

// TestClaims: each promise names tests that are there, in a package that is there, and breaks whose place in the code is there once.
func TestClaims(t *testing.T) {
	there := map[string]map[string]bool{} // by package: its tests and benchmarks
	has := func(k check) {
		t.Helper()
		if there[k.Pkg] == nil {
			there[k.Pkg] = functions(t, k.Pkg)
		}
		names := append(strings.Fields(k.Run), strings.Fields(k.Bench)...)
		if len(names) == 0 {
			t.Errorf("%s: a check without tests", k.Pkg)
		}
		for _, n := range names {
			if !there[k.Pkg][n] {
				t.Errorf("%s has no %s", k.Pkg, n)
			}
		}
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, promises, _ := strings.Cut(string(readme), "\n## What it promises\n")
	promises, _, _ = strings.Cut(promises, "\n## ")
	for _, c := range claims {
		if n, ok := strings.CutPrefix(c.Source, "README "); ok {
			if !strings.Contains(promises, "\n"+n+". ") {
				t.Errorf("%q: README.md has no promise %s", c.Says, n)
			}
		} else if _, err := os.Stat(filepath.Join(root, c.Source)); err != nil {
			t.Errorf("%q: %v", c.Says, err)
		}
		if c.Says == "" || c.Source == "" || len(c.Checks) == 0 || len(c.Breaks) == 0 && c.Planted == "" {
			t.Errorf("%q: a promise needs its source, its tests, and a break that they notice", c.Says)
		}
		if _, err := regexp.Compile(c.Figure); err != nil {
			t.Errorf("%q: %v", c.Says, err)
		}
		for _, k := range c.Checks {
			has(k)
		}
		for _, m := range c.Breaks {
			has(m.By)
			file, err := os.ReadFile(filepath.Join(root, m.File))
			if err != nil {
				t.Error(err)
				continue
			}
			switch now, err := m.apply(file); {
			case err != nil:
				t.Error(err)
			case bytes.Equal(now, file):
				t.Errorf("%s: the break changes nothing", m.File)
			}
		}
	}
}

// functions are the top-level functions of a package's tests.
func functions(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("package %s has no tests (%v)", pkg, err)
	}
	out := map[string]bool{}
	for _, f := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				out[fn.Name.Name] = true
			}
		}
	}
	return out
}

// TestProve proves one cheap promise as the command does, and then shows what the command says of a promise whose break nobody notices, of one whose break does
// not compile, and of tests that are not there.
func TestProve(t *testing.T) {
	window := check{Pkg: "device/policy/civil", Run: "TestWindow"}
	broken := mutant{"opens a day late", "device/policy/civil/life.go", "\treturn day, true\n}", "\treturn day.Next(), true\n}", window}
	unnoticed, senseless := broken, broken
	unnoticed.By.Run = "TestParseRefuses"
	senseless.New = "\treturn nonsense\n}"
	for _, tt := range []struct {
		c             claim
		noticed       int
		figure, wrong string
	}{
		{claim{Says: "good", Checks: []check{window}, Breaks: []mutant{broken}, Figure: `--- (PASS): TestWindow`}, 1, "PASS", ""},
		{claim{Says: "unnoticed", Checks: []check{window}, Breaks: []mutant{unnoticed}}, 0, "", "passed all the same"},
		{claim{Says: "senseless", Checks: []check{window}, Breaks: []mutant{senseless}}, 0, "", "undefined: nonsense"},
		{claim{Says: "absent", Checks: []check{{Pkg: window.Pkg, Run: "TestNone"}}, Breaks: []mutant{broken}}, 0, "", "TestNone did not run"},
		{claim{Says: "silent", Checks: []check{window}, Figure: `(\d+ angels)`}, 0, "", "no test printed the figure"},
	} {
		t.Run(tt.c.Says, func(t *testing.T) {
			got, err := prove(context.Background(), []claim{tt.c}, options{progress: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			r := got[0]
			if r.Noticed != tt.noticed || r.Figure != tt.figure || (len(r.Problems) == 0) != (tt.wrong == "") || !strings.Contains(strings.Join(r.Problems, "\n"), tt.wrong) {
				t.Errorf("%d of %d noticed, figure %q, problems %q; want %d, %q, %q", r.Noticed, r.Tried, r.Figure, r.Problems, tt.noticed, tt.figure, tt.wrong)
			}
			var out bytes.Buffer
			if failed := report(&out, got); failed != len(r.Problems) {
				t.Errorf("the report counts %d:\n%s", failed, out.String())
			}
		})
	}
}

// TestProveEnded ends a proof after its first verdict: what was proved until then is there, and the command does not call it whole.
func TestProveEnded(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	window := claim{Says: "good", Checks: []check{{Pkg: "device/policy/civil", Run: "TestWindow"}}}
	var said strings.Builder
	got, err := prove(ctx, []claim{window, window}, options{unbroken: true, progress: writer(func(p []byte) {
		if said.Write(p); strings.Contains(said.String(), "1 of 2: good: holds yes") {
			end()
		}
	})})
	if len(got) != 1 || !errors.Is(err, context.Canceled) || len(got[0].Problems) > 0 {
		t.Errorf("%d results (%v), want the one that was proved; said:\n%s", len(got), err, said.String())
	}
	for _, tt := range []struct {
		problems []string
		want     string
	}{
		{nil, "proof: ended after 1 of 2 promises: context canceled\n"},
		{[]string{"was not noticed"}, "proof: 1 of 1 promises are not proved\nproof: ended after 1 of 2 promises: context canceled\n"},
	} {
		got[0].Problems = tt.problems
		var out, errs strings.Builder
		if code := tell(&out, &errs, got, 2, err); code != 1 || errs.String() != tt.want || !strings.Contains(out.String(), "good") {
			t.Errorf("exit %d, said %q, want %q; table:\n%s", code, errs.String(), tt.want, out.String())
		}
	}
	if code := tell(io.Discard, io.Discard, nil, 2, err); code != 1 {
		t.Errorf("nothing was proved: exit %d", code)
	}
}

// writer is told each line of progress.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// provisions are those of ETSI EN 303 645 that a device of this kind has to answer for, without those for data it does not keep.
var provisions = strings.Fields(`5.0-1 5.1-1 5.1-2 5.1-3 5.1-4 5.1-5 5.2-1 5.2-2 5.2-3 5.3-1 5.3-2 5.3-3 5.3-4 5.3-5 5.3-6 5.3-7 5.3-8 5.3-9 5.3-10 5.3-11 5.3-12 5.3-13
	5.3-16 5.4-1 5.4-2 5.4-3 5.4-4 5.5-1 5.5-2 5.5-3 5.5-4 5.5-5 5.5-6 5.5-7 5.5-8 5.6-1 5.6-2 5.6-3 5.6-4 5.6-5 5.6-6 5.6-7 5.6-8 5.6-9 5.7-1 5.7-2 5.8-1 5.8-2
	5.8-3 5.9-1 5.9-2 5.9-3 5.10-1 5.11-1 5.12-1 5.13-1 6-1 6-5 6-6`)

// named finds a package and the tests that follow it.
var named = regexp.MustCompile("`([a-z0-9/]+)`((?: (?:Test|Fuzz)[A-Za-z0-9]+)+)")

// TestThreats: each row of SECURITY.md's threats names tests that are there.
func TestThreats(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Threats considered\n")
	table, _, _ = strings.Cut(table, "\n## ")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 4 || strings.TrimSpace(cells[0]) == "who" {
			continue
		}
		rows++
		held := named.FindAllStringSubmatch(cells[3], -1)
		if len(held) == 0 {
			t.Errorf("%s: nothing holds it", cells[0])
		}
		for _, m := range held {
			there := functions(t, m[1])
			for _, name := range strings.Fields(m[2]) {
				if !there[name] {
					t.Errorf("%s: %s has no %s", cells[0], m[1], name)
				}
			}
		}
	}
	if rows < 11 {
		t.Errorf("%d rows", rows)
	}
}

// TestChecklist: SECURITY.md answers each provision once, "yes" and "partly" with tests that are there or a sentence, "no" with a reason.
func TestChecklist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Checklist\n")
	table, _, _ = strings.Cut(table, "\n## ")
	rows, tests := map[string]int{}, 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 4 || !strings.ContainsRune(cells[0], '-') || strings.HasPrefix(cells[0], "---") {
			continue
		}
		id, met, by := strings.TrimSpace(cells[0]), cells[2], cells[3]
		rows[id]++
		if met != "yes" && met != "partly" && met != "no" || len(by) < 20 {
			t.Errorf("%s: %q, %q", id, met, by)
		}
		for _, m := range named.FindAllStringSubmatch(by, -1) {
			there := functions(t, m[1])
			for _, name := range strings.Fields(m[2]) {
				if tests++; !there[name] {
					t.Errorf("%s: %s has no %s", id, m[1], name)
				}
			}
		}
	}
	for _, id := range provisions {
		if rows[id] != 1 {
			t.Errorf("%s is answered %d times", id, rows[id])
		}
		delete(rows, id)
	}
	for id := range rows {
		t.Errorf("%s is no provision", id)
	}
	t.Logf("%d provisions, %d tests", len(provisions), tests)
}
