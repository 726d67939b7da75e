// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
)

var rewrite = flag.Bool("update", false, "write the table of attacks into README.md")

// TestAttackTable: under every attack the box changes nothing, or does what it was to do all the same; it says why; and when the attack is over it takes the city's version.
func TestAttackTable(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name+"/"+a.does, func(t *testing.T) {
			if a.alone && os.Getenv(alone) == "" {
				apart(t)
				return
			}
			attacked(t, func(v *victim) {
				a.do(v)
				v.settle()
				want := "policy 1"
				if a.says == "" || a.says == "refused.older" {
					want = "policy 2"
				}
				if got := v.box.installed(); got != want {
					t.Errorf("the box runs %q, want %q", got, want)
				}
				if said := v.box.said(); a.says != "" && !slices.Contains(said, a.says) || a.says == "" && slices.Contains(said, "metadata") {
					t.Errorf("the box says %q, want %q", said, a.says)
				}
				came := fmt.Sprintf("says %s, runs %s", strings.Join(slices.Compact(slices.Clone(v.box.said())), ", "), v.box.installed())
				if len(v.box.said()) == 0 {
					came = "takes the update"
				}
				v.box.restart() // and does not change its mind by that
				v.settle()
				if got := v.box.installed(); got != want {
					t.Errorf("after a power cut the box runs %q, want %q", got, want)
				}
				v.mirror = nil
				v.clock = func() update.Moment { return update.Moment{At: time.Now(), Trusted: true} }
				if a.heal != nil {
					a.heal(v)
				}
				v.settle()
				v.settle()
				if got := v.box.installed(); got != "policy 2" {
					t.Errorf("afterwards the box runs %q, and says %q; want policy 2", got, v.box.said())
				}
				t.Logf("row: %s | %s | %s; afterwards %s", a.name, a.does, came, v.box.installed()) // make show-attacks reads it
			})
		})
	}
}

// alone names a test's variable in the environment of a process that it has to itself.
const alone = "MADOGUCHI_FLEET_ALONE"

var rowLine = regexp.MustCompile(`(?m)row: .*$`)

// apart runs a test in a process of its own.
func apart(t *testing.T) {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run="+strings.Join(parts, "/"))
	cmd.Env = append(os.Environ(), alone+"=1")
	out, err := cmd.CombinedOutput()
	row := rowLine.Find(out)
	if err != nil || row == nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", row)
}

// TestFullEverywhere: the box's store has no room at its first write, its second, …: it runs the old version or the new one, and the new one when there is room again.
func TestFullEverywhere(t *testing.T) {
	for n := 0; ; n++ {
		enough := false
		attacked(t, func(v *victim) {
			left := n
			v.full = func() bool { left--; return left < 0 }
			release2(v)
			v.settle()
			if got := v.box.installed(); got != "policy 1" && got != "policy 2" {
				t.Fatalf("full at write %d: the box runs %q", n, got)
			}
			enough = left >= 0
			v.full = func() bool { return false }
			v.box.restart()
			v.assign("2")
			v.settle()
			if got := v.box.installed(); got != "policy 2" {
				t.Errorf("full at write %d: afterwards the box runs %q and says %q", n, got, v.box.said())
			}
		})
		if enough {
			t.Logf("%d writes", n)
			return
		}
		if n > 60 {
			t.Fatal("it never has enough")
		}
	}
}

// tableMarks enclose the table in README.md.
const tableBegin, tableEnd = "<!-- attacks -->\n", "<!-- end of attacks -->\n"

// TestAttackReadme: the table in README.md is this one.
func TestAttackReadme(t *testing.T) {
	var table strings.Builder
	table.WriteString("| attack or fault | what happens | the box says | why |\n|---|---|---|---|\n")
	for _, a := range attacks {
		says := "takes the update"
		if a.says != "" {
			says = "`" + a.says + "`, keeps what it has"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", a.name, a.does, says, a.text)
	}
	raw, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), tableBegin)
	old, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("README.md has no place for the table")
	}
	if old == table.String() {
		return
	}
	if !*rewrite {
		t.Fatal("README.md has another table: go test ./cmd/fleet -run AttackReadme -update")
	}
	if err := os.WriteFile("README.md", []byte(before+tableBegin+table.String()+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
