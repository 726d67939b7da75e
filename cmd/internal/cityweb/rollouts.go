// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
)

// Rollouts is where rollouts lie; *store.Store is one.
type Rollouts = book.Rows

// rolloutView is one rollout, beside the sections of its page.
type rolloutView struct {
	ID    string
	Watch bool  // the page is drawn again by itself
	Acts  []act // that this visitor may do now
	Hint  string
}

// rolloutLine is a rollout in the list.
type rolloutLine struct {
	Link, Name, Phase, Wave, Done, Aim, Author, Reason string
	Final                                              bool
}

// steps are in the order of the columns. The last three are there only if a box is in them.
var steps = []struct {
	step rollout.Step
	rare bool
}{{rollout.Done, false}, {rollout.Working, false}, {rollout.Offered, false}, {rollout.Failed, false}, {rollout.Silent, false}, {rollout.Untouched, false}, {rollout.Retired, true}, {rollout.Unfit, true}, {rollout.Taken, true}}

// bars are the parts of a wave's bar: what a person tells apart from afar.
var bars = []struct {
	key    string
	colour int
	steps  []rollout.Step
}{
	{"rollout_done", 0, []rollout.Step{rollout.Done}},
	{"rollout_on_it", 1, []rollout.Step{rollout.Offered, rollout.Working}},
	{"rollout_bad", 4, []rollout.Step{rollout.Failed, rollout.Silent}},
	{"rollout_to_come", 3, []rollout.Step{rollout.Untouched}},
}

func (s *site) rolloutList(w http.ResponseWriter, r *http.Request) {
	v := s.begin(r, "rollouts")
	all, err := book.All(r.Context(), s.opts.Rollouts)
	if err == nil {
		err = s.badge(v, r)
	}
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	slices.SortStableFunc(all, func(a, b *rollout.Rollout) int { return b.Since.Compare(a.Since) })
	for _, ro := range all {
		v.RolloutList = append(v.RolloutList, rolloutLine{
			Link: "rollout?" + url.Values{"id": {ro.Plan.ID}, "lang": {v.Lang()}}.Encode(),
			Name: v.name("kinds", ro.Plan.Kind) + " " + ro.Plan.Version, Phase: v.name("phases", string(ro.Phase)), Wave: ro.Plan.Waves[ro.Wave].Name,
			Done: number(done(ro)) + " / " + number(inFleet(ro)), Aim: v.aim(ro), Author: ro.Plan.Author.String(), Reason: ro.Plan.Reason, Final: ro.Final()})
	}
	v.Rollouts = true
	if s.opts.Wipes != nil {
		sec, err := s.wipes(r.Context(), v)
		if err != nil {
			s.trouble(w, r, err)
			return
		}
		if !sec.Empty() {
			v.Sections = append(v.Sections, sec)
		}
	}
	s.show(w, r, v, http.StatusOK)
}

// badge fills the menu, with the number of alerts.
func (s *site) badge(v *view, r *http.Request) error {
	alerts, err := s.alerts(r.Context(), v.tongue)
	if err == nil {
		s.enter(v, r, unseen(alerts))
	}
	return err
}

func inFleet(r *rollout.Rollout) (n int) {
	for _, m := range r.Members {
		if !m.Gone {
			n++
		}
	}
	return n
}

func done(r *rollout.Rollout) int { return inFleet(r) - len(r.Laggards()) }

func (s *site) rolloutPage(w http.ResponseWriter, r *http.Request) {
	s.oneRollout(w, r, r.URL.Query().Get("id"), "", http.StatusOK)
}

// oneRollout shows a rollout; message is what went wrong with an act before.
func (s *site) oneRollout(w http.ResponseWriter, r *http.Request, id, message string, status int) {
	ro, _, err := book.Find(r.Context(), s.opts.Rollouts, id)
	if errors.Is(err, book.ErrUnknown) {
		s.say(w, r, http.StatusNotFound, "not_found")
		return
	}
	v := s.begin(r, "rollouts")
	if err == nil {
		err = s.badge(v, r)
	}
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	v.Title = v.say("rollout_of", v.name("kinds", ro.Plan.Kind), ro.Plan.Version)
	v.rollout = id
	n := map[rollout.Step]int{}
	for wave := range ro.Plan.Waves {
		for step, k := range ro.Tally(wave) {
			n[step] += k
		}
	}
	bad := n[rollout.Failed] + n[rollout.Silent]
	v.Tiles = []tile{
		{Value: v.name("phases", string(ro.Phase)), Name: v.say("rollout_since", ro.Since.In(japan).Format("01-02 15:04")), Bad: ro.Phase == rollout.Aborted || ro.Phase == rollout.Paused},
		{Value: ro.Plan.Waves[ro.Wave].Name, Name: v.say("rollout_wave_now", ro.Wave+1, len(ro.Plan.Waves))},
		{Value: number(done(ro)) + " / " + number(inFleet(ro)), Name: v.say("rollout_tile_done")},
		{Value: number(bad), Name: v.say("rollout_tile_bad"), Bad: bad > 0},
	}
	if v.Message = message; message == "" {
		v.Message = v.why(ro)
	}
	v.Sections = []section{v.people(ro), v.waves(ro)}
	for _, sec := range []section{v.unwell(ro), v.outside(ro)} {
		if len(sec.Rows) > 0 {
			v.Sections = append(v.Sections, sec)
		}
	}
	v.Sections = append(v.Sections, v.history(ro))
	v.Rollout = &rolloutView{ID: id, Watch: r.Method == http.MethodGet && r.URL.Query().Get("watch") != "" && !ro.Final()}
	if !v.Rollout.Watch {
		v.acts(ro, visitorOf(r.Context()), s.gate != nil)
	}
	s.show(w, r, v, status)
}

// why is the reason of a pause or an abort, in the page's language where the rollout has found it itself.
func (v *view) why(r *rollout.Rollout) string {
	switch {
	case r.Reason == "":
		return ""
	case r.Cause == nil:
		return v.say("rollout_reason_"+string(r.Phase), r.Reason)
	}
	facts := make([]any, len(r.Cause.Facts))
	for i, f := range r.Cause.Facts {
		facts[i] = f
	}
	return v.say("rollout_cause_"+r.Cause.Code, facts...)
}

func (v *view) people(r *rollout.Rollout) section {
	approver := v.say("rollout_nobody")
	if r.Approver.Name != "" {
		approver = r.Approver.String()
	}
	window := v.say("rollout_any_time")
	if o := r.Plan.Order.Window; o.From != "" {
		window = o.From + "–" + o.To
	}
	return section{ID: "plan", Text: true, Title: v.say("rollout_plan"), Head: []string{v.say("rollout_aim"), v.say("rollout_author"), v.say("rollout_approver"), v.say("rollout_reason"), v.say("rollout_window"), v.say("rollout_silence")},
		Rows: [][]string{{v.aim(r), r.Plan.Author.String(), approver, r.Plan.Reason, window, v.span(r.Plan.Silence)}}}
}

// aim is whom of the fleet a rollout is for.
func (v *view) aim(r *rollout.Rollout) string {
	var parts []string
	for _, p := range []struct {
		key  string
		list []string
	}{{"rollout_aim_office", r.Plan.Aim.Offices}, {"rollout_aim_board", r.Plan.Aim.Boards}, {"rollout_aim_box", r.Plan.Aim.Boxes}} {
		if len(p.list) > 0 {
			parts = append(parts, v.say(p.key, strings.Join(p.list, ", ")))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, v.say("rollout_aim_all"))
	}
	if len(r.Plan.Boards) > 0 && len(r.Plan.Aim.Boards) == 0 {
		parts = append(parts, v.say("rollout_aim_runs", strings.Join(r.Plan.Boards, ", ")))
	}
	return strings.Join(parts, v.say("rollout_aim_and"))
}

// outside lists the boxes that are aimed at and that the release is not for.
func (v *view) outside(r *rollout.Rollout) section {
	s := section{ID: "outside", Text: true, Title: v.say("rollout_outside"), Note: v.say("rollout_outside_note"), Head: []string{v.say("device"), v.say("office"), v.say("rollout_board"), v.say("rollout_what")}}
	out := maps.Clone(r.Outside)
	if out == nil {
		out = map[string]rollout.Outsider{}
	}
	for id, m := range r.Members {
		if m.State == rollout.Unfit {
			out[id] = rollout.Outsider{Office: m.Office, Board: m.Board, Why: rollout.NotItsBoard}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(out)) {
		o := out[id]
		s.Rows = append(s.Rows, []string{id, o.Office, cmp.Or(o.Board, "–"), v.say("rollout_outside_" + o.Why)})
	}
	return s
}

// span is a duration for people.
func (v *view) span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return v.say("days", int(d.Hours()/24))
	case d >= time.Hour:
		return v.say("hours", strconv.FormatFloat(d.Hours(), 'f', -1, 64))
	case d == 0:
		return "–"
	case d < time.Minute:
		return v.say("seconds", int(d.Seconds()))
	}
	return v.say("minutes", int(d.Minutes()))
}

// recalled is where a box stands that was on it when the rollout ended: its offer holds no longer.
const recalled = "recalled"

func (v *view) waves(r *rollout.Rollout) section {
	s := section{ID: "waves", Title: v.say("rollout_waves"), Note: v.say("rollout_waves_note"), Head: []string{v.say("rollout_wave"), v.say("devices_n")}}
	used := map[rollout.Step]bool{}
	for _, m := range r.Members {
		used[m.State] = true
	}
	for _, st := range steps {
		if st.rare && !used[st.step] {
			continue
		}
		name := string(st.step)
		if r.Final() && st.step == rollout.Working {
			name = recalled
		}
		s.Head = append(s.Head, v.name("steps_of_box", name))
	}
	s.Head = append(s.Head, v.say("rollout_soak"))
	c := &chart{Lying: true}
	for _, b := range bars {
		key := b.key
		if r.Final() && key == "rollout_on_it" {
			key = "rollout_" + recalled
		}
		c.Series = append(c.Series, series{Name: v.say(key), Colour: b.colour})
	}
	for i, w := range r.Plan.Waves {
		n := r.Tally(i)
		total := 0
		for _, k := range n {
			total += k
		}
		if r.Final() {
			n[rollout.Working], n[rollout.Offered] = n[rollout.Working]+n[rollout.Offered], 0
		}
		row := []string{w.Name, number(total)}
		for _, st := range steps {
			if st.rare && !used[st.step] {
				continue
			}
			row = append(row, dotted(n[st.step]))
		}
		s.Rows = append(s.Rows, append(row, v.span(w.Soak)))
		c.Labels = append(c.Labels, w.Name)
		for k, b := range bars {
			sum := 0
			for _, step := range b.steps {
				sum += n[step]
			}
			c.Series[k].Values = append(c.Series[k].Values, float64(sum))
		}
	}
	c.Alt = v.say("rollout_alt", number(done(r)), number(inFleet(r)), r.Plan.Waves[r.Wave].Name)
	s.Chart, s.Legend = c, c.Series
	return s
}

// dotted is a number, or a dot where there is none.
func dotted(n int) string {
	if n == 0 {
		return "·"
	}
	return number(n)
}

// unwell lists the boxes that failed or fell silent, and why.
func (v *view) unwell(r *rollout.Rollout) section {
	s := section{ID: "unwell", Text: true, Title: v.say("rollout_unwell"), Note: v.say("rollout_unwell_note"),
		Head: []string{v.say("device"), v.say("office"), v.say("rollout_wave"), v.say("state"), v.say("rollout_what"), v.say("rollout_when")}}
	for _, id := range r.Unwell() {
		m := r.Members[id]
		state := v.name("steps_of_box", string(m.State))
		if m.Excused {
			state += " " + v.say("rollout_excused")
		}
		s.Rows = append(s.Rows, []string{id, m.Office, r.Plan.Waves[m.Wave].Name, state, v.code(m.Code), m.Ended.In(japan).Format("01-02 15:04")})
	}
	return s
}

// code is what a box's word means, with the word itself for the telephone.
func (v *view) code(code string) string {
	name := v.name("codes", strings.SplitN(code, ".", 2)[0])
	if name == code {
		return code
	}
	return name + " (" + code + ")"
}

func (v *view) history(r *rollout.Rollout) section {
	s := section{ID: "history", Text: true, Title: v.say("rollout_history"), Head: []string{v.say("audit_at"), v.say("audit_who"), v.say("audit_action"), v.say("audit_what")}}
	for _, e := range slices.Backward(r.History) {
		who, text := e.Who, e.Text
		if rollout.Itself(who) {
			who = v.say("rollout_itself")
			if e.What == "aborted" || e.What == "paused" || e.What == "complete" {
				text = "" // said above
			}
		}
		s.Rows = append(s.Rows, []string{e.At.In(japan).Format("2006-01-02 15:04:05"), who, v.name("phases", e.What), text})
	}
	return s
}

// rolloutChart draws the waves of a rollout.
func (s *site) rolloutChart(w http.ResponseWriter, r *http.Request, width int) {
	ro, _, err := book.Find(r.Context(), s.opts.Rollouts, r.URL.Query().Get("rollout"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	v := &view{tongue: language(r)}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(v.waves(ro).Chart.svg(width))
}
