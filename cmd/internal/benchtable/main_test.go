// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const printed = `goos: linux
BenchmarkBoard-2   	    4106	    296174 ns/op	        24.00 apdus	         7.70 ratio	     18000 raw-ns/op	   11240 B/op	     118 allocs/op
BenchmarkFrame/full-16         	      30	  24100000 ns/op	 1.08 x-bus
BenchmarkBroken-2 	--- FAIL
PASS
`

func TestParse(t *testing.T) {
	got := parse([]byte(printed))
	want := map[string]result{
		"BenchmarkBoard":      {"ns/op": 296174, "apdus": 24, "ratio": 7.7, "raw-ns/op": 18000, "B/op": 11240, "allocs/op": 118},
		"BenchmarkFrame/full": {"ns/op": 24100000, "x-bus": 1.08},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPrint(t *testing.T) {
	table := []row{
		{Work: "tries board", Pkg: "p", Bench: "BenchmarkBoard", Ours: "ns/op", Against: "raw", AgainstUnit: "raw-ns/op", Ratio: "ratio", Goal: "≤ 1.1"},
		{Work: "against another", Pkg: "p", Bench: "BenchmarkBoard", Ours: "ns/op", Against: "frame", AgainstBench: "BenchmarkFrame/full"},
		{Work: "gone", Pkg: "p", Bench: "BenchmarkGone", Ours: "ns/op"},
	}
	res := map[string]result{}
	for name, r := range parse([]byte(printed)) {
		res["p "+name] = r
	}
	var out bytes.Buffer
	if missing := print(&out, table, res); missing != 1 {
		t.Errorf("%d figures missing, want 1", missing)
	}
	for _, want := range []string{"296.2 µs", "raw: 18.0 µs", "7.70", "frame: 24.10 ms", "0.01", "≤ 1.1", "gone"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
}

// TestRowsExist: each row names a benchmark that its package has.
func TestRowsExist(t *testing.T) {
	for _, r := range rows {
		files, err := filepath.Glob(filepath.Join("../../..", strings.TrimPrefix(r.Pkg, "madoguchi/"), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		top, _, _ := strings.Cut(r.Bench, "/")
		yardstick, _, _ := strings.Cut(r.AgainstBench, "/")
		found, measure := false, yardstick == ""
		for _, f := range files {
			file, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
					found = found || fn.Name.Name == top
					measure = measure || fn.Name.Name == yardstick
				}
			}
		}
		if !found || !measure {
			t.Errorf("row %q: %s lacks %s %s", r.Work, r.Pkg, top, yardstick)
		}
	}
}
