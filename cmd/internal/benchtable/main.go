// SPDX-License-Identifier: Apache-2.0

// Benchtable runs the benchmarks that the product's figures come from, one after the other, and prints one table: the
// work, our figure, what it is measured against in the same run, the ratio, and the goal. Times alone say little about another
// machine; the ratios are what to compare.
//
//	go run ./cmd/internal/benchtable [-only WORD] [-time 1s] [-raw FILE]
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("benchtable", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "run only rows with this `word` in their work or package")
	benchtime := flags.String("time", "1s", "measure each for so long, or so many times (100x)")
	raw := flags.String("raw", "", "also write what the benchmarks printed to this `file`")
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	todo := slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		return !strings.Contains(r.Work+" "+r.Pkg, *only)
	})
	if len(todo) == 0 {
		fmt.Fprintf(stderr, "benchtable: no row has %q in it\n", *only)
		return 2
	}
	dir, err := os.MkdirTemp("", "benchtable")
	if err != nil {
		fmt.Fprintln(stderr, "benchtable:", err)
		return 1
	}
	defer os.RemoveAll(dir)

	results := map[string]result{} // by package and benchmark
	var all bytes.Buffer
	failed := false
	for _, pkg := range packages(todo) {
		fmt.Fprintf(stderr, "measuring %s\n", pkg)
		out, err := measure(dir, pkg, benchmarks(todo, pkg), *benchtime)
		all.Write(out)
		if err != nil {
			fmt.Fprintf(stderr, "benchtable: %s: %v\n%s", pkg, err, out)
			failed = true
			continue
		}
		for name, r := range parse(out) {
			results[pkg+" "+name] = r
		}
	}
	if *raw != "" {
		if err := os.WriteFile(*raw, all.Bytes(), 0o644); err != nil {
			fmt.Fprintln(stderr, "benchtable:", err)
			return 1
		}
	}
	if missing := print(stdout, todo, results); missing > 0 || failed {
		fmt.Fprintf(stderr, "benchtable: %d figures are missing\n", missing)
		return 1
	}
	return 0
}

// measure builds the package's test binary first, so that compiling does not disturb the figures, and runs its benchmarks
// where its test data lie.
func measure(dir, pkg string, names []string, benchtime string) ([]byte, error) {
	bin := filepath.Join(dir, "bench.test")
	if out, err := exec.Command("go", "test", "-c", "-o", bin, pkg).CombinedOutput(); err != nil {
		return out, fmt.Errorf("building: %w", err)
	}
	where, err := exec.Command("go", "list", "-f", "{{.Dir}}", pkg).Output()
	if err != nil {
		return nil, fmt.Errorf("finding the package: %w", err)
	}
	cmd := exec.Command(bin, "-test.run=^$", "-test.benchmem", "-test.benchtime="+benchtime, "-test.bench=^("+strings.Join(names, "|")+")$")
	cmd.Dir = strings.TrimSpace(string(where))
	return cmd.CombinedOutput()
}

func packages(rows []row) []string {
	var out []string
	for _, r := range rows {
		if !slices.Contains(out, r.Pkg) {
			out = append(out, r.Pkg)
		}
	}
	return out
}

func benchmarks(rows []row, pkg string) []string {
	var out []string
	for _, r := range rows {
		top, _, _ := strings.Cut(r.Bench, "/")
		for _, name := range []string{top, r.AgainstBench} {
			name, _, _ = strings.Cut(name, "/")
			if r.Pkg == pkg && name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// print writes the table and counts the figures that no benchmark gave.
func print(w io.Writer, rows []row, results map[string]result) (missing int) {
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	fmt.Fprintln(t, "work\tours\tagainst, in the same run\tratio\tgoal")
	fmt.Fprintln(t, "----\t----\t------------------------\t-----\t----")
	for _, r := range rows {
		figure := func(bench, unit string) (float64, string) {
			v, ok := results[r.Pkg+" "+bench][unit]
			if !ok {
				missing++
				return 0, "?"
			}
			return v, format(v, unit)
		}
		value, ours := figure(r.Bench, r.Ours)
		against, ratio, goal := r.Against, "–", r.Goal
		switch {
		case r.AgainstBench != "":
			v, text := figure(r.AgainstBench, r.Ours)
			against += ": " + text
			ratio = fmt.Sprintf("%.2f", value/v)
		case r.AgainstUnit != "":
			_, text := figure(r.Bench, r.AgainstUnit)
			against += ": " + text
		}
		if r.Ratio != "" {
			v, _ := figure(r.Bench, r.Ratio)
			ratio = fmt.Sprintf("%.2f", v)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Work, ours, or(against, "–"), ratio, or(goal, "–"))
	}
	t.Flush()
	return missing
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
