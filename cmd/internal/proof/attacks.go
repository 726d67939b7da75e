// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// kill is a row of the matrix: a process that is killed, or loses its power, at many points.
type kill struct {
	Process, Where string
	Points         string // expression over what the test prints: the sum of its groups, or how often it is found
	Becomes        string // what the box or the fleet must come to
	Check          check
}

var kills = []kill{
	{"box: updates", "before and after each step, policy and firmware slot", `(\d+) cuts`, "the assigned version is in force in the end; nothing else ever ran",
		check{Pkg: "device/update", Run: "TestAgentPowerCut"}},
	{"box: updates", "anywhere in a download, with loss, damage, disorder; torn files", `(\d+) power cuts`, "the payload is the signed one; a cut costs what was in flight",
		check{Pkg: "device/update", Run: "TestTransferCut"}},
	{"box: slots", "before and after each write of the boot partition", `--- PASS: TestCuts/`, "the slot before starts, or the proved new one",
		check{Pkg: "device/slots", Run: "TestCuts"}},
	{"box: store", "SIGKILL before and after each commit, and anywhere", `(\d+) kills`, "what was promised is there once, nothing twice",
		check{Pkg: "sync/outbox", Run: "TestKilledAtEveryPoint"}},
	{"box: enrolment", "after each step between the code and the idle screen", `(\d+) cuts`, "it goes on, asks once, and erases the file last",
		check{Pkg: "device/enrol", Run: "TestPowerCut"}},
	{"box: certificate", "after each step of a renewal", `(\d+) cuts`, "the line comes up with the old key or the new one",
		check{Pkg: "sync/link", Run: "TestRenewCut"}},
	{"fleet release", "at each document of a publication", `(\d+) cuts`, "boxes see the state before; it can be made again",
		check{Pkg: "device/update", Run: "TestPublishCut"}},
	{"fleet release", "after each write to the transparency log", `(\d+) writes`, "the head before still holds; the next append repairs the rest",
		check{Pkg: "device/update", Run: "TestLogCut"}},
	{"fleet serve", "between noting, signing and sending an offer, on both databases", `(\d+) kills`, "no generation is left out or given twice",
		check{Pkg: "cmd/internal/director", Run: "TestKilled"}},
	{"fleet serve", "while the first wave of fifty boxes is on it", `--- PASS: TestBadBuild `, "the rollout goes on, and stops by itself at the bad wave",
		check{Pkg: "cmd/fleet", Run: "TestBadBuild"}},
}

// attackRows is the test whose cases are the rows of the table of attacks: it logs each, with what the box came to.
var attackRows = check{Pkg: "cmd/fleet", Run: "TestAttackTable"}

// fault is bad input that a test of its own holds, beside the rows.
type fault struct {
	Name, Does, Becomes string
	Check               check
}

var faults = []fault{
	{"Wrong kind", "a manifest of settings signed in the place of rules", "refused before a chunk is asked for", check{Pkg: "device/update", Run: "TestManifestOfAnotherKind"}},
	{"Chunks at random", "lost, spoilt, reordered, twice, with power cuts", "the signed payload in the end", check{Pkg: "device/update", Run: "TestTransferCut"}},
	{"Endless chunks", "wrong ones, and ones that nobody asked for", "stops at its budget, keeps what it has", check{Pkg: "device/update", Run: "TestTransferEnds"}},
	{"Disk full", "at the first write of the box's store, the second, …", "the old version or the new one; the new one when there is room", check{Pkg: "cmd/fleet", Run: "TestFullEverywhere"}},
	{"Disk full", "when an assignment is to be kept", "still carries out the newest that it follows", check{Pkg: "device/update", Run: "TestAgentAdopts"}},
	{"Disk full", "when a case ends", "says so before the next case; loses nothing", check{Pkg: "sync/outbox", Run: "TestFullDisk TestFullFile"}},
	{"Two admins at once", "twenty acts on one rollout", "all of them, one after the other", check{Pkg: "cmd/internal/rollout/book", Run: "TestTwoAdmins"}},
	{"Two admins at once", "two directors over one database", "each box is assigned once", check{Pkg: "cmd/internal/director", Run: "TestTwoDirectors"}},
	{"Forged approval", "written into the database", "aborted before the first offer", check{Pkg: "cmd/internal/director", Run: "TestForgedApproval"}},
	{"Orders of others", "assignments at the broker that are none of the director's", "the box says so; its rollout goes on", check{Pkg: "cmd/internal/director", Run: "TestRefusedOrders"}},
	{"Lying box", "reports that no firmware says", "read as unreadable; nothing of it on pages or terminals", check{Pkg: "cmd/internal/director", Run: "TestVoices"}},
}

// attackCase is a row as its test printed it.
type attackCase struct {
	name, does, came string
	held             bool
}

// attacks runs the tests of both tables and prints them. It returns how many rows do not hold.
func attacks(ctx context.Context, stdout, progress io.Writer) (failed int, err error) {
	root, err := output(ctx, "", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "attacks")
	if err != nil {
		return 0, fmt.Errorf("making a place for the tests: %w", err)
	}
	defer os.RemoveAll(dir)
	b := bench{root: root, dir: dir}
	var problems []error
	holds := func(err error) string {
		if err != nil {
			failed++
			problems = append(problems, err)
			return "NO"
		}
		return "yes"
	}
	run := func(k check) ([]byte, error) {
		fmt.Fprintf(progress, "running %s %s\n", k.Pkg, k.Run)
		return b.check(ctx, root, k, limit)
	}

	t := tabwriter.NewWriter(stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(t, "killed\twhere\tpoints\tand then\tholds\ttest\n------\t-----\t------\t--------\t-----\t----")
	for _, k := range kills {
		out, err := run(k.Check)
		n := points(k.Points, out)
		if err == nil && n == 0 {
			err = fmt.Errorf("%s %s: no point was counted by %q", k.Check.Pkg, k.Check.Run, k.Points)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s: %s\n", k.Process, k.Where, n, k.Becomes, holds(err), k.Check.Pkg, k.Check.Run)
	}
	fmt.Fprintln(t, "\t\t\t\t\t")
	t.Flush()

	t = tabwriter.NewWriter(stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(t, "attack or fault\twhat happens\tthe box\tholds\ttest\n---------------\t------------\t-------\t-----\t----")
	out, err := run(attackRows)
	rows := tableRows(out)
	if len(rows) == 0 {
		fmt.Fprintf(t, "–\t–\t–\t%s\t%s: %s\n", holds(fmt.Errorf("no row of the table was tried: %w", err)), attackRows.Pkg, attackRows.Run)
	}
	for _, c := range rows {
		var no error
		if !c.held {
			no = fmt.Errorf("%s, %s: %w", c.name, c.does, err)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s: %s\n", c.name, c.does, c.came, holds(no), attackRows.Pkg, attackRows.Run)
	}
	for _, f := range faults {
		_, err := run(f.Check)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s: %s\n", f.Name, f.Does, f.Becomes, holds(err), f.Check.Pkg, f.Check.Run)
	}
	t.Flush()
	for _, p := range problems {
		fmt.Fprintf(stdout, "\n%v\n", p)
	}
	return failed, ctx.Err()
}

// points adds up what an expression's group finds; without a group it counts how often it is found.
func points(expr string, out []byte) (sum int) {
	for _, found := range regexp.MustCompile(expr).FindAllSubmatch(out, -1) {
		n := 1
		if len(found) > 1 {
			n, _ = strconv.Atoi(string(found[1])) // digits
		}
		sum += n
	}
	return sum
}

var (
	rowLine = regexp.MustCompile(`row: (.+) \| (.+) \| (.+)$`)
	endLine = regexp.MustCompile(`^\s*--- (PASS|FAIL): (\S+/\S+) `)
	runLine = regexp.MustCompile(`^=== (?:RUN|NAME)\s+(\S+)$`)
)

// tableRows reads the rows out of what the verbose test printed, in their order. A case that ended before it logged its row is a row, too.
func tableRows(out []byte) (rows []attackCase) {
	running, at := "", map[string]int{}
	row := func(test string) *attackCase {
		i, ok := at[test]
		if !ok {
			i = len(rows)
			at[test] = i
			part := slices.Concat(strings.Split(strings.ReplaceAll(test, "_", " "), "/"), []string{"", ""})
			rows = append(rows, attackCase{name: part[1], does: part[2], came: "ended early"})
		}
		return &rows[i]
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		line := lines.Text()
		if m := runLine.FindStringSubmatch(line); m != nil {
			running = m[1]
		} else if m := endLine.FindStringSubmatch(line); m != nil {
			row(m[2]).held = m[1] == "PASS"
		} else if m := rowLine.FindStringSubmatch(line); m != nil && strings.Contains(running, "/") {
			c := row(running)
			c.name, c.does, c.came = m[1], m[2], m[3]
		}
	}
	return rows
}
