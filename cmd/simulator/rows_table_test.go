// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("update", false, "write the table of the runs anew")

// table is where what the runs came to is written down, beside the rules.
const table = "../../device/policy/data/README.md"

const tableHead = `# What each row of the rules comes to at the counter

Every row is carried through the box's front panel, from the opening of the case to its record at city hall, in ` + "`go test ./cmd/simulator -run TestRows`" + `.
The test holds each line of this table; ` + "`-update`" + ` writes the lines of what was run anew.

*Way*: how the matter is carried out, "handover" on the integrated terminal. *Fee* and *visits* as the decision shows them: "要確認" where the page does not
say. *Record*: what city hall counts. *Number*: what the claim number is for that clerk and resident get: a second visit, missing papers, the check of a PIN
after the integrated terminal, or the staff who carry the matter out. *Keys*: all that clerk and resident press, the clerk's code with them. *Screens*: how many
stand before somebody who reads them or does something.

How long a case takes is not here: its seconds on a shared machine are that machine's, and what a counter needs follows from people. What the box makes them wait
for are the screens: 0.4 s each for a panel that changes a part, 1 to 4 s where the whole glass is driven, at each turn of the box and where a PIN was.

| row | case | procedure | who comes | decision | way | fee | visits | record | number | keys | screens |
|---|---|---|---|---|---|---|---|---|---|---|---|
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
		cells := []string{r.row, r.about, r.matter, r.by, r.want.outcome, r.want.way, r.want.fee, r.want.visits, rec, out.number, fmt.Sprint(out.keys), fmt.Sprint(out.screens)}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	if *rewrite {
		if err := os.WriteFile(table, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(kept), b.String()); d != "" {
		t.Errorf("%s is stale; -update writes it anew (-kept +run):\n%s", table, d)
	}
}
