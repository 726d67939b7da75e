// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestAttackTables: each row names a test that is there, says what is killed or done, and can count its points.
func TestAttackTables(t *testing.T) {
	there := map[string]map[string]bool{}
	has := func(k check, texts ...string) {
		t.Helper()
		if there[k.Pkg] == nil {
			there[k.Pkg] = functions(t, k.Pkg)
		}
		if k.Run == "" {
			t.Errorf("%v: a row without a test", texts)
		}
		for _, n := range strings.Fields(k.Run) {
			if !there[k.Pkg][n] {
				t.Errorf("%s has no %s", k.Pkg, n)
			}
		}
		for _, text := range texts {
			if text == "" {
				t.Errorf("%s: a row with an empty field: %q", k.Run, texts)
			}
		}
	}
	for _, k := range kills {
		has(k.Check, k.Process, k.Where, k.Becomes, k.Points)
		if _, err := regexp.Compile(k.Points); err != nil {
			t.Errorf("%s: %v", k.Where, err)
		}
	}
	has(attackRows, "the table")
	for _, f := range faults {
		has(f.Check, f.Name, f.Does, f.Becomes)
	}
}

// TestTableRows: rows are read as the test printed them; one that failed, and one that ended before its row, do not hold.
func TestTableRows(t *testing.T) {
	const out = `=== RUN   TestAttackTable
=== RUN   TestAttackTable/Rollback/yesterday's_metadata
    attack_test.go:60: row: Rollback | yesterday's metadata | says metadata, runs policy 1; afterwards policy 2
=== RUN   TestAttackTable/Disk_full/no_room
    attack_test.go:44: the box runs "policy 2"
    attack_test.go:60: row: Disk full | no room | says install, runs policy 2; afterwards policy 2
=== RUN   TestAttackTable/Wrong_kind/rules
--- FAIL: TestAttackTable (3.20s)
    --- PASS: TestAttackTable/Rollback/yesterday's_metadata (0.10s)
    --- FAIL: TestAttackTable/Disk_full/no_room (0.10s)
    --- FAIL: TestAttackTable/Wrong_kind/rules (0.00s)
`
	want := []attackCase{
		{"Rollback", "yesterday's metadata", "says metadata, runs policy 1; afterwards policy 2", true},
		{"Disk full", "no room", "says install, runs policy 2; afterwards policy 2", false},
		{"Wrong kind", "rules", "ended early", false},
	}
	if d := cmp.Diff(want, tableRows([]byte(out)), cmp.AllowUnexported(attackCase{}), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	for _, c := range []struct {
		expr, out string
		want      int
	}{{`(\d+) cuts`, "slot true: 9 cuts\nslot false: 12 cuts\n", 21}, {`--- PASS: TestCuts/`, "    --- PASS: TestCuts/a\n    --- PASS: TestCuts/b\n", 2}, {`(\d+) cuts`, "ok", 0}} {
		if got := points(c.expr, []byte(c.out)); got != c.want {
			t.Errorf("%q in %q: %d, want %d", c.expr, c.out, got, c.want)
		}
	}
}
