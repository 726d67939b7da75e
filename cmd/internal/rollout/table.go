// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// japan has had no other offset since 1951.
var japan = time.FixedZone("JST", 9*60*60)

// steps are the columns of a table.
var steps = []Step{Untouched, Offered, Working, Done, Failed, Silent, Retired}

// barWidth is the width of a wave's bar, in characters.
const barWidth = 20

// Table is the rollout for a person at a terminal: one line for each wave, and below it what happened last. It has no colours; the marks say the same.
func (r *Rollout) Table(now time.Time) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s  %s %s  %s since %s (%s)\n", r.Plan.ID, r.Plan.Kind, r.Plan.Version, r.Phase, r.Since.In(japan).Format("2006-01-02 15:04:05"), now.Sub(r.Since).Round(time.Second))
	approver := "nobody yet"
	if r.Approver.Name != "" {
		approver = r.Approver.String()
	}
	fmt.Fprintf(&b, "drawn up by %s, approved by %s", r.Plan.Author, approver)
	if r.Plan.Reason != "" {
		fmt.Fprintf(&b, ": %s", r.Plan.Reason)
	}
	fmt.Fprintf(&b, "\n\n  %-12s %6s", "wave", "boxes")
	for _, s := range steps {
		fmt.Fprintf(&b, " %9s", s)
	}
	b.WriteString("\n")
	for i, w := range r.Plan.Waves {
		n := r.Tally(i)
		total := 0
		for _, s := range steps {
			total += n[s]
		}
		mark := " "
		if i == r.Wave && (r.Phase == Running || r.Phase == Soaking || r.Phase == Paused) {
			mark = ">"
		}
		fmt.Fprintf(&b, "%s %-12s %6d", mark, w.Name, total)
		for _, s := range steps {
			if n[s] == 0 {
				fmt.Fprintf(&b, " %9s", "·")
				continue
			}
			fmt.Fprintf(&b, " %9d", n[s])
		}
		fmt.Fprintf(&b, "  %s\n", bar(n, total))
	}
	if r.Reason != "" {
		fmt.Fprintf(&b, "\n%s: %s\n", r.Phase, r.Reason)
	}
	b.WriteString("\n")
	for _, e := range r.History[max(0, len(r.History)-5):] {
		fmt.Fprintf(&b, "  %s  %s: %s %s\n", e.At.In(japan).Format("15:04:05"), e.Who, e.What, e.Text)
	}
	return b.String()
}

// bar draws done as #, failed and silent as !, on its way as >, and the rest as dots.
func bar(n map[Step]int, total int) string {
	if total == 0 {
		return strings.Repeat(".", barWidth)
	}
	part := func(k int) int { return (k*barWidth + total - 1) / total }
	bad, done, way := part(n[Failed]+n[Silent]), part(n[Done]), part(n[Offered]+n[Working])
	s := strings.Repeat("!", bad) + strings.Repeat("#", done) + strings.Repeat(">", way) + strings.Repeat(".", barWidth)
	return s[:barWidth]
}

// Why tells in a sentence where a box stands in the rollout.
func (r *Rollout) Why(id string, now time.Time) string {
	m := r.Members[id]
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
