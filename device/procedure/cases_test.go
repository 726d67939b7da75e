// SPDX-License-Identifier: Apache-2.0

package procedure_test

import (
	"bufio"
	"os"
	"testing"

	"madoguchi/device/policy"
	"madoguchi/device/procedure"
)

func load(t testing.TB) *policy.Set {
	t.Helper()
	set, err := policy.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// lines reads a file of cases.
func lines(t testing.TB, set *policy.Set, name string) []procedure.Line {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []procedure.Line
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		l, err := procedure.ParseLine(s.Bytes(), set)
		if err != nil {
			t.Fatalf("%s: case %s: %v", name, l.Case.ID, err)
		}
		out = append(out, l)
	}
	return out
}

// Every worked case of the interface and every case written from the pages.
func TestCases(t *testing.T) {
	set := load(t)
	for _, name := range []string{"testdata/samples.jsonl", "testdata/cases.jsonl"} {
		for _, l := range lines(t, set, name) {
			t.Run(l.Case.ID, func(t *testing.T) {
				p, _ := set.City(l.Case.Municipality)
				d, err := procedure.Decide(p, &l.Case)
				if err != nil {
					t.Fatal(err)
				}
				diffs, err := procedure.Compare(l.Expect, d, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, diff := range diffs {
					t.Error(diff)
				}
			})
		}
	}
}
