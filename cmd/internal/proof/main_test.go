// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
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
	for _, c := range claims {
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
