// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("update", false, "write the table of the runs anew, with the panel at its real speed")

// table is where what the runs came to is written down, beside the rules.
const table = "../../device/policy/data/README.md"

const tableHead = `# What each row of the rules comes to at the counter

Every row is carried through the box's front panel, from the opening of the case to its record at city hall, in ` + "`go test ./cmd/simulator -run TestRows`" + `.
The test holds each line of this table but the seconds; ` + "`-update`" + ` writes the lines of what was run anew.

*Way*: how the matter is carried out, "handover" on the integrated terminal. *Fee* and *visits* as the decision shows them: "要確認" where the page does not
say. *Record*: what city hall counts. *Keys*: all that clerk and resident press, the clerk's code with them. *Seconds*: from the first key until the box is at
rest, with the panel at its real speed and keys pressed as soon as the box takes them: what the box itself makes people wait, as measured on two busy cores,
so at most; "–" is not measured yet.

| row | case | procedure | who comes | decision | way | fee | visits | record | keys | seconds |
|---|---|---|---|---|---|---|---|---|---|---|
`

// checkTable compares what the runs came to with the table, or writes it anew.
func checkTable(t *testing.T, done map[string]outcome) {
	t.Helper()
	kept, err := os.ReadFile(table)
	if err != nil && !*rewrite {
		t.Fatalf("%v; -update writes it", err)
	}
	lines := map[string]string{}
	for _, l := range strings.Split(string(kept), "\n") {
		if c := strings.Split(l, " | "); len(c) > 2 {
			lines[c[0]+c[1]] = l + "\n"
		}
	}
	var b strings.Builder
	b.WriteString(tableHead)
	for _, r := range scripts() {
		out, ok := done[r.name()]
		if !ok { // -run left it out
			b.WriteString(lines["| "+r.row+r.about])
			continue
		}
		rec := "none"
		if r.want.record != 0 {
			rec = r.want.record.String()
		}
		cells := []string{r.row, r.about, r.matter, r.by, r.want.outcome, r.want.way, r.want.fee, r.want.visits, rec, fmt.Sprint(out.keys), fmt.Sprintf("%.0f", out.took.Seconds())}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	if *rewrite {
		if err := os.WriteFile(table, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	seconds := regexp.MustCompile(`(?m) (\d+|–) \|$`)
	if d := cmp.Diff(seconds.ReplaceAllString(string(kept), ""), seconds.ReplaceAllString(b.String(), "")); d != "" {
		t.Errorf("%s is stale; -update writes it anew (-kept +run):\n%s", table, d)
	}
}
