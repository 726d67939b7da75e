// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// japan has had no other offset since 1951.
var japan = time.FixedZone("JST", 9*60*60)

// columns of a table. The last three are there only if a box is in them.
var columns = []struct {
	name  string
	steps []Step
	rare  bool
}{
	{"to go", []Step{Untouched}, false}, {"on it", []Step{Offered, Working}, false}, {"done", []Step{Done}, false},
	{"failed", []Step{Failed}, true}, {"silent", []Step{Silent}, true}, {"out", []Step{Retired, Unfit, Taken}, true},
}

// wide is the width of a table: that of the smallest terminal. barWidth is the widest bar of a wave.
const wide, barWidth = 80, 30

// Table is the rollout for a person at a terminal: one line for each wave, and below it what happened last and what to do next. It has no colours; the marks say the same.
func (r *Rollout) Table(now time.Time) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s  %s %s  %s since %s (%s)\n", r.Plan.ID, r.Plan.Kind, r.Plan.Version, strings.ToUpper(string(r.Phase)), r.Since.In(japan).Format("01-02 15:04:05"), now.Sub(r.Since).Round(time.Second))
	approver := "nobody yet"
	if r.Approver.Name != "" {
		approver = r.Approver.String()
	}
	fmt.Fprintf(&b, "drawn up by %s, approved by %s", r.Plan.Author, approver)
	if r.Plan.Reason != "" {
		fmt.Fprintf(&b, ": %s", r.Plan.Reason)
	}
	fmt.Fprintf(&b, "\n%s\n\n", r.Whom())
	r.waves(&b)
	b.WriteString("\n")
	for _, e := range r.History[max(0, len(r.History)-5):] {
		fmt.Fprintf(&b, "  %s  %s\n", e.At.In(japan).Format("15:04:05"), strings.TrimSpace(e.Who+": "+e.What+" "+e.Text))
	}
	if list := r.bad(); list != "" {
		fmt.Fprintf(&b, "\nnot well: %s\n", list)
	}
	if list := r.foreign(); len(list) > 0 {
		fmt.Fprintf(&b, "\nnot for it, and no failure: %s\n", short(list, 6))
	}
	if r.Reason != "" {
		fmt.Fprintf(&b, "\n%s: %s\n", r.Phase, r.Reason)
	}
	if next := r.next(now); next != "" {
		fmt.Fprintf(&b, "\nnext: %s\n", next)
	}
	return b.String()
}

// Whom says for whom of the fleet the rollout is: "for office g03: 4 of 50 boxes".
func (r *Rollout) Whom() string {
	text := fmt.Sprintf("for %s: %d", r.Plan.Aim, len(r.Members))
	if r.Of > 0 {
		text += fmt.Sprintf(" of %d", r.Of)
	}
	if len(r.Plan.Boards) > 0 {
		text += ", it runs on " + short(r.Plan.Boards, 4)
	}
	return text
}

// foreign names the boxes that were aimed at and that the release is not for, each with why, sorted.
func (r *Rollout) foreign() []string {
	var list []string
	for id, o := range r.Outside {
		if o.Why == HasNewer {
			list = append(list, id+" (has a later version)")
			continue
		}
		list = append(list, id+" ("+o.Board+")")
	}
	for id, m := range r.Members {
		if m.State == Unfit {
			list = append(list, id+" ("+boardName(m.Board)+")")
		}
	}
	slices.Sort(list)
	return list
}

// Roster lists who is in which wave, and who is aimed at and not in: what a plan comes to before anybody is offered anything.
func (r *Rollout) Roster() string {
	var b bytes.Buffer
	for i, w := range r.Plan.Waves {
		fmt.Fprintf(&b, "\nwave %s:\n", w.Name)
		tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, id := range r.sorted() {
			if m := r.Members[id]; m.Wave == i {
				fmt.Fprintf(tw, "  %s\t%s\tboard %s\n", id, m.Office, boardName(m.Board))
			}
		}
		_ = tw.Flush() // cannot fail: it writes to memory
	}
	if list := r.foreign(); len(list) > 0 {
		fmt.Fprintf(&b, "\nnot for it:\n  %s\n", strings.Join(list, "\n  "))
	}
	return b.String()
}

// waves writes a line for each wave.
func (r *Rollout) waves(b *bytes.Buffer) {
	sums := make([][]int, len(r.Plan.Waves)) // by wave and column
	used := make([]int, len(columns))
	for i := range r.Plan.Waves {
		n := r.Tally(i)
		sums[i] = make([]int, len(columns))
		for k, c := range columns {
			for _, s := range c.steps {
				sums[i][k] += n[s]
			}
			used[k] += sums[i][k]
		}
	}
	left := wide - fmtWidth
	fmt.Fprintf(b, "  %-12s %5s", "wave", "boxes")
	for k, c := range columns {
		if !c.rare || used[k] > 0 {
			name := c.name
			if k == 1 && r.Final() {
				name = "recalled"
			}
			fmt.Fprintf(b, " %8s", name)
			left -= 9
		}
	}
	b.WriteString("\n")
	for i, w := range r.Plan.Waves {
		total := 0
		for _, n := range sums[i] {
			total += n
		}
		mark := " "
		if i == r.Wave && (r.Phase == Running || r.Phase == Soaking || r.Phase == Paused) {
			mark = ">"
		}
		fmt.Fprintf(b, "%s %-12s %5d", mark, w.Name, total)
		for k, c := range columns {
			switch n := sums[i][k]; {
			case c.rare && used[k] == 0:
			case n == 0:
				fmt.Fprintf(b, " %8s", "·")
			default:
				fmt.Fprintf(b, " %8d", n)
			}
		}
		fmt.Fprintf(b, "  %s\n", bar(sums[i], total, min(barWidth, max(left, 4))))
	}
}

// fmtWidth is what a line has beside its columns and its bar.
const fmtWidth = 2 + 12 + 1 + 5 + 2

// bar draws done as #, failed and silent as !, on its way as >, and the rest as dots.
func bar(n []int, total, width int) string {
	if total == 0 {
		return strings.Repeat(".", width)
	}
	part := func(k int) int { return (k*width + total - 1) / total }
	s := strings.Repeat("!", part(n[3]+n[4])) + strings.Repeat("#", part(n[2])) + strings.Repeat(">", part(n[1])) + strings.Repeat(".", width)
	return s[:width]
}

// bad names the boxes that are not well, with why, the first few.
func (r *Rollout) bad() string {
	var list []string
	for _, id := range r.Unwell() {
		text := id + " (" + r.Members[id].Code
		if r.Members[id].Excused {
			text += ", excused"
		}
		list = append(list, text+")")
	}
	const most = 6
	if n := len(list); n > most {
		list = append(list[:most], fmt.Sprintf("and %d more", n-most))
	}
	return strings.Join(list, ", ")
}

// next is what a person may do now, or what the rollout waits for.
func (r *Rollout) next(now time.Time) string {
	id := r.Plan.ID
	switch r.Phase {
	case Draft:
		return "another person calls \"fleet rollout approve " + id + "\""
	case Approved:
		return "fleet rollout start " + id
	case Paused:
		return "fleet rollout resume " + id + ", or abort; both with --reason"
	case Aborted:
		if len(r.Unwell()) > 0 {
			return "boxes go back to what they had; see why: fleet device why BOX.\n      What is wrong is mended by the next release"
		}
	case Complete:
		if n := len(r.Laggards()); n > 0 {
			return fmt.Sprintf("nothing; %d boxes that were away get it when they are back (fleet device diff)", n)
		}
	case Running:
		if away, of := r.Away(now); 2*away > of && now.Sub(r.Since) > time.Minute { // what boxes say is stored with the next look
			return fmt.Sprintf("it waits: %d of the %d boxes so far were not heard of for longer than %s.\n      Is \"fleet serve\" running, and the broker's line up?", away, of, r.Plan.Reachable)
		}
	case Soaking:
		w := r.Plan.Waves[r.Wave]
		text := fmt.Sprintf("it goes on by itself after %s", max(0, w.Soak-now.Sub(r.Since)).Round(time.Second))
		if w.MinCases > 0 {
			text += fmt.Sprintf(" and %d cases on the new version (%d so far)", w.MinCases, r.cases())
		}
		return text
	}
	return ""
}

// Why tells in a sentence where a box stands in the rollout.
func (r *Rollout) Why(id string, now time.Time) string {
	m := r.Members[id]
	if o, out := r.Outside[id]; out {
		if o.Why == HasNewer {
			return fmt.Sprintf("%s is not in: it has had a later version than %s", id, r.Plan.Version)
		}
		return fmt.Sprintf("%s is not in: %s runs on %s, and it is %s", id, r.Plan.Version, strings.Join(r.Plan.Boards, ", "), o.Board)
	}
	if m == nil && !r.Plan.Aim.Everybody() {
		return fmt.Sprintf("%s is not one of this rollout's boxes: it is for %s", id, r.Plan.Aim)
	}
	if m == nil {
		return fmt.Sprintf("%s is not one of this rollout's boxes: it was enrolled after the plan was drawn up, or retired", id)
	}
	wave := r.Plan.Waves[m.Wave].Name
	since := func(t time.Time) string { return now.Sub(t).Round(time.Second).String() }
	switch m.State {
	case Done:
		return fmt.Sprintf("%s runs %s and has committed it (wave %s, %d cases since)", id, r.Plan.Version, wave, m.Cases)
	case Failed:
		return fmt.Sprintf("%s did not keep %s: %s (wave %s, %s ago)", id, r.Plan.Version, m.Code, wave, since(m.Ended))
	case Silent:
		return fmt.Sprintf("%s took the offer %s ago and has said nothing since %s (wave %s)", id, since(m.Offered), m.Heard.In(japan).Format("2006-01-02 15:04"), wave)
	case Offered:
		return fmt.Sprintf("%s was offered %s %s ago and has not begun (wave %s)", id, r.Plan.Version, since(m.Offered), wave)
	case Retired:
		return fmt.Sprintf("%s was retired %s ago, before it had %s (wave %s)", id, since(m.Ended), r.Plan.Version, wave)
	case Unfit:
		return fmt.Sprintf("%s is not in: %s runs on %s, and it turned out to be %s (wave %s)", id, r.Plan.Version, strings.Join(r.Plan.Boards, ", "), boardName(m.Board), wave)
	case Taken:
		return fmt.Sprintf("%s was left to a newer rollout %s ago, before it had %s (wave %s)", id, since(m.Ended), r.Plan.Version, wave)
	case Working:
		return fmt.Sprintf("%s is on %s, offered %s ago (wave %s)", id, r.Plan.Version, since(m.Offered), wave)
	}
	switch {
	case r.Final():
		return fmt.Sprintf("%s was not offered %s: the rollout is %s", id, r.Plan.Version, r.Phase)
	case r.Phase == Draft || r.Phase == Approved || r.Phase == Paused:
		return fmt.Sprintf("%s is not offered anything: the rollout is %s", id, r.Phase)
	case m.Wave > r.Wave:
		return fmt.Sprintf("%s is of wave %s; the rollout is at wave %s", id, wave, r.Plan.Waves[r.Wave].Name)
	case !r.reachable(m, now):
		return fmt.Sprintf("%s was not heard of for longer than %s: it is offered %s when it is back", id, r.Plan.Reachable, r.Plan.Version)
	}
	return fmt.Sprintf("%s waits until fewer than half the boxes of its office are on it", id)
}
