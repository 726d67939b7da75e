// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/cmd/internal/world"
	"madoguchi/sync/record"
)

// script is one matter at a counter, from the opening of the case to its record at city hall. Words are those that stand on the glass.
type script struct {
	row   string // of the rules; it must stand among the reasons that the box gives
	rule  string // as the box names it, where it is another: "B7" of the national base; "": row
	about string // what sets it apart from the other runs of the row
	at    counter
	card  string // sample card that is laid down before the clerk's code is typed; "": none
	cut   bool   // the line is cut meanwhile
	taken bool   // its number is taken up at the next counter
	// matter is the code of the procedure; by that of the applicant, "" where nobody is asked who comes; kind is a PIN kind, of a change or a check.
	matter, by, kind string
	asked            string // each question that is asked, in order, with its answer: "visit=1回目; pins=両方わかる"
	papers           string // each paper on the list, with + if it is there: "+本人の書類; -委任状"; "" if none is asked for
	want             want
	keys             map[string]string // at screens where the run does not do the usual thing: names of keys, "@1234" for a PIN; "|" parts the turns of a screen, "" is the usual thing
}

// counter is where and when.
type counter struct {
	city, office string
	on           time.Time // the day, at 10 in the morning
}

// want is what a run must come to.
type want struct {
	outcome string         // of the decision; "silent" where the page says nothing
	way     string         // as it stands when the decision is shown
	fee     string         // as shown; "" where none is
	visits  string         // likewise
	missing string         // papers that the decision names
	next    string         // procedures that it leads to
	says    string         // lines that stand on some screen
	record  record.Outcome // 0: nothing comes to city hall
	// told are the facets that city hall gets beside the record itself, the duration, the frictions and one step: "pe login change.ok; pt self memory".
	told string
}

// tuesday is the day of the runs.
var tuesday = date(2026, 11, 24)

// scripts are all of them.
func scripts() []script {
	return slices.Concat(nabariRuns, city001Runs, matsueRuns, kashimaRuns, sakuragawaRuns, city004Runs)
}

// shift is how many runs share a world, one after the other. Worlds run beside each other.
const shift = 12

// TestRows carries every row of the rules of five municipalities through the front panel to its record.
func TestRows(t *testing.T) {
	shifts := map[counter][][]script{} // of a counter; each has a world of its own
	var places []counter
	for _, r := range scripts() {
		all := shifts[r.at]
		if all == nil {
			places = append(places, r.at)
		}
		if len(all) == 0 || len(all[len(all)-1]) == shift {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], r)
		shifts[r.at] = all
	}
	var mu sync.Mutex
	done := map[string]outcome{}
	t.Run("counters", func(t *testing.T) {
		for _, c := range places {
			for i, runs := range shifts[c] {
				t.Run(fmt.Sprintf("%s_%d", c.name(), i+1), func(t *testing.T) {
					t.Parallel()
					h := openCounter(t, c, runs)
					for _, r := range runs {
						t.Run(r.name(), func(t *testing.T) {
							out := h.carry(t, r)
							if r.taken {
								h.resumed(t, out)
							}
							mu.Lock()
							defer mu.Unlock()
							if !t.Failed() {
								done[r.name()] = out
							}
						})
					}
					h.nothingElse(t)
				})
			}
		}
	})
	if *rewrite || !t.Failed() {
		checkTable(t, done)
	}
}

func (c counter) name() string {
	return fmt.Sprintf("%s_%s_%s", c.city, c.office, c.on.Format(time.DateOnly))
}

func (r script) name() string {
	return strings.TrimSpace(r.row + " " + r.about)
}

// openCounter opens the world of a counter and lets the clock run to the morning of its day.
func openCounter(t *testing.T, c counter, runs []script) *hand {
	t.Helper()
	before := c.on.AddDate(0, 0, -1)
	w, v := openWorld(t, world.Opts{City: c.city, Office: c.office, Date: before, Quiet: 30 * time.Millisecond})
	v.until("idle")
	h := &hand{visitor: v, at: c, seen: map[string]bool{}}
	_, office, err := world.Place(c.city, c.office)
	if err != nil {
		t.Fatal(err)
	}
	h.group = office.Group
	for _, r := range runs {
		if r.taken && h.beside == nil {
			_, h.beside = openWorld(t, world.Opts{City: c.city, Office: c.office, Date: before, Quiet: 30 * time.Millisecond, Beside: w})
		}
	}
	now := w.Clock()
	morning := time.Date(c.on.Year(), c.on.Month(), c.on.Day(), 10, 0, 0, 0, time.FixedZone("JST", 9*60*60))
	for _, v := range []*visitor{v, h.beside} {
		if v != nil {
			v.post("/api/clock", fmt.Sprintf(`{"advance":"%ds"}`, int(morning.Sub(now).Seconds())))
			v.until("idle")
		}
	}
	return h
}

// at puts scripts at a counter.
func at(c counter, all []script) []script {
	for i := range all {
		all[i].at = c
	}
	return all
}
