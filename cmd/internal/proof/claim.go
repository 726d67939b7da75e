// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"time"
)

// brokenLimit is how long tests may take that ran in a time when nothing was broken. What is broken may hang, and that it does not end is noticed, too; a slow machine
// is not.
func brokenLimit(sound time.Duration) time.Duration {
	return min(limit, max(time.Minute, 5*sound))
}

// Limits of one package's tests and of a long run.
const (
	limit      = 15 * time.Minute
	benchLimit = 2 * time.Hour
)

// claim is one promise of the product.
type claim struct {
	Says    string
	Source  string // where it is made: "README 3", the third promise there, or the folder or page that says it
	Checks  []check
	Breaks  []mutant
	Planted string // what the tests break themselves, where that says more than a break of ours
	Figure  string // expression over what the tests print; its last group is the figure
}

// check names tests of a package, or one benchmark.
type check struct {
	Pkg   string // below the module
	Run   string // names of tests, with spaces between
	Bench string // or of a benchmark, run once; its own failures count
	Args  []string
	Long  bool // takes longer than the tests of `make test`
}

// mutant is a break: Old becomes New in the file, and the tests of By must fail.
type mutant struct {
	Does           string // what the product does then
	File, Old, New string
	By             check
}

func (c claim) tests() string {
	var out []string
	for _, k := range c.Checks {
		out = append(out, k.Pkg+": "+k.Run+k.Bench)
	}
	return strings.Join(out, "; ")
}

func (c claim) text() string { return c.Says + " " + c.Source + " " + c.tests() }
