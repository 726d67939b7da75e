// SPDX-License-Identifier: Apache-2.0

// Proof prints what the product promises, each promise with the tests that hold it, a figure from their run, and whether they pass; then it breaks the
// code of each promise on purpose, in a copy of the tree, and shows that the same tests notice. A promise whose tests do not notice is not proved.
//
//	go run ./cmd/internal/proof [-only WORD] [-unbroken] [-short] [-list] [-attacks]
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("proof", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "prove only promises with this `word` in their text, source or packages")
	unbroken := flags.Bool("unbroken", false, "do not break anything: only run the tests")
	short := flags.Bool("short", false, "leave out what takes longer than the tests of `make test`")
	list := flags.Bool("list", false, "print the promises and their tests, run nothing")
	fleet := flags.Bool("attacks", false, "print instead what becomes of box and fleet when their programs are killed and when they are attacked")
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	if *fleet {
		failed, err := attacks(ctx, stdout, stderr)
		if err != nil || failed > 0 {
			fmt.Fprintf(stderr, "proof: %d rows do not hold (%v)\n", failed, err)
			return 1
		}
		return 0
	}
	todo := slices.DeleteFunc(slices.Clone(claims), func(c claim) bool { return !strings.Contains(c.text(), *only) })
	if len(todo) == 0 {
		fmt.Fprintf(stderr, "proof: no promise has %q in it\n", *only)
		return 2
	}
	if *list {
		t := tabwriter.NewWriter(stdout, 2, 8, 2, ' ', 0)
		for _, c := range todo {
			fmt.Fprintf(t, "%s\t%s\t%s\n", c.Says, c.Source, c.tests())
		}
		t.Flush()
		return 0
	}
	results, err := prove(ctx, todo, options{unbroken: *unbroken, short: *short, progress: stderr})
	return tell(stdout, stderr, results, len(todo), err)
}

// tell prints what came of a proof of so many promises, also of one that err ended before its end, and gives the exit status.
func tell(stdout, stderr io.Writer, results []result, promises int, err error) int {
	failed := 0
	if len(results) > 0 {
		failed = report(stdout, results)
	}
	if failed > 0 {
		fmt.Fprintf(stderr, "proof: %d of %d promises are not proved\n", failed, len(results))
	}
	if err != nil {
		fmt.Fprintf(stderr, "proof: ended after %d of %d promises: %v\n", len(results), promises, err)
	}
	if failed > 0 || err != nil {
		return 1
	}
	return 0
}

// report prints the table, and below it what went wrong. It returns how many promises are not proved.
func report(w io.Writer, results []result) (failed int) {
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	fmt.Fprintln(t, "promise\tfrom\tholds\tbroken on purpose\tfigure\ttests")
	fmt.Fprintln(t, "-------\t----\t-----\t-----------------\t------\t-----")
	for _, r := range results {
		holds, broken := r.verdict()
		if len(r.Problems) > 0 {
			failed++
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.claim.Says, r.claim.Source, holds, broken, cmp.Or(r.Figure, "–"), r.claim.tests())
	}
	t.Flush()
	for _, r := range results {
		for _, p := range r.Problems {
			fmt.Fprintf(w, "\n%s:\n%s\n", r.claim.Says, p)
		}
	}
	return failed
}

// verdict says whether a promise holds, and what came of breaking it.
func (r result) verdict() (holds, broken string) {
	holds, broken = "yes", "–"
	if len(r.Problems) > 0 {
		holds = "NO"
	}
	switch {
	case r.Tried > 0:
		broken = fmt.Sprintf("%d of %d noticed", r.Noticed, r.Tried)
	case r.claim.Planted != "":
		broken = r.claim.Planted
	}
	return holds, broken
}
