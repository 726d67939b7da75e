// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Phase is where a rollout stands.
type Phase string

// The phases. Complete, Aborted and Superseded are final.
const (
	Draft      Phase = "draft"
	Approved   Phase = "approved"
	Running    Phase = "running" // boxes of the wave are offered the object
	Soaking    Phase = "soaking" // the wave's boxes run it and are watched
	Paused     Phase = "paused"  // nothing new is offered
	Complete   Phase = "complete"
	Aborted    Phase = "aborted" // offers are withdrawn
	Superseded Phase = "superseded"
)

// Step is where a box stands in a rollout.
type Step string

// The steps of a box. Failed and Silent count against the rollout.
const (
	Untouched Step = "untouched"
	Offered   Step = "offered"
	Working   Step = "working" // has said that it is on it
	Done      Step = "done"    // runs it, has committed it, and has said so
	Failed    Step = "failed"
	Silent    Step = "silent"
	Retired   Step = "retired" // taken out of the fleet before it ended; counts for nothing
)

// Member is a box of the rollout.
type Member struct {
	Office  string
	Wave    int
	State   Step
	Code    string    // why it failed
	Heard   time.Time // last sign of life of any kind
	Offered time.Time
	Ended   time.Time
	Cases   int  // finished on the new version
	Excused bool `json:",omitempty"` // it failed, and a person has decided to go on without it
	Gone    bool `json:",omitempty"` // retired from the fleet, at whatever step
}

// failed tells whether the box counts against the rollout.
func (m *Member) failed() bool { return m.State == Failed || m.State == Silent }

// Entry is a line of the rollout's history.
type Entry struct {
	At              time.Time
	Who, What, Text string
}

// Rollout is one plan on its way. It is not safe for concurrent use; its fields are what is stored.
type Rollout struct {
	Plan     Plan
	Phase    Phase
	Wave     int       // index, while it runs
	Since    time.Time // of the phase
	Approver Person
	Signed   []Signature `json:",omitempty"` // of people who prove themselves by keys
	Reason   string      // of a pause or an abort
	Cause    *Cause      `json:",omitempty"` // of one that the rollout has found itself: what Reason says, for other languages
	Members  map[string]*Member
	History  []Entry

	listening time.Time // since then nothing that boxes say is missed
}

// Listen says that from now on nothing that boxes say is missed. Before that, silence is the listener's and no box's: call it at the start, and when the line comes
// back. It is not stored.
func (r *Rollout) Listen(since time.Time) { r.listening = since }

// ErrPhase says that an act does not fit the phase.
var ErrPhase = errors.New("it cannot be done now")

func (r *Rollout) errPhase(act string) error {
	return fmt.Errorf("%s rollout %s: it is %s: %w", act, r.Plan.ID, r.Phase, ErrPhase)
}

func (r *Rollout) to(p Phase, now time.Time) { r.Phase, r.Since = p, now }

func (r *Rollout) log(now time.Time, who, what, text string) {
	r.History = append(r.History, Entry{now, who, what, text})
}

// Final tells whether nothing more will happen.
func (r *Rollout) Final() bool {
	return r.Phase == Complete || r.Phase == Aborted || r.Phase == Superseded
}

// Start begins the first wave.
func (r *Rollout) Start(who string, now time.Time) error {
	if r.Phase != Approved {
		return r.errPhase("starting")
	}
	r.to(Running, now)
	r.log(now, who, "started", r.Plan.Waves[0].Name)
	return nil
}

// Pause stops new offers. What a box has begun it ends.
func (r *Rollout) Pause(who, why string, now time.Time) error {
	if r.Phase != Running && r.Phase != Soaking {
		return r.errPhase("pausing")
	}
	r.Reason, r.Cause = why, nil
	r.to(Paused, now)
	r.log(now, who, "paused", why)
	return nil
}

// ErrWhy says that an act needs a reason.
var ErrWhy = errors.New("give a reason")

// Resume goes on after a pause. A soak begins anew: nobody watched. Boxes that have failed so far are excused by it, so that they do not hold their wave; they still
// count towards an abort. That needs a reason.
func (r *Rollout) Resume(who, why string, now time.Time) error {
	if r.Phase != Paused {
		return r.errPhase("resuming")
	}
	open := r.unexcused()
	if len(open) > 0 && why == "" {
		return fmt.Errorf("resuming rollout %s without %s: %w", r.Plan.ID, strings.Join(open, ", "), ErrWhy)
	}
	for _, id := range open {
		r.Members[id].Excused = true
	}
	r.Reason, r.Cause = "", nil
	r.to(Running, now)
	r.log(now, who, "resumed", why)
	return nil
}

// Unwell are the boxes that failed or fell silent, sorted.
func (r *Rollout) Unwell() []string {
	var out []string
	for _, id := range r.sorted() {
		if r.Members[id].failed() {
			out = append(out, id)
		}
	}
	return out
}

// unexcused are the boxes of the waves so far that failed and that nobody has decided about, sorted.
func (r *Rollout) unexcused() []string {
	var out []string
	for _, id := range r.sorted() {
		if m := r.Members[id]; m.failed() && !m.Excused && m.Wave <= r.Wave {
			out = append(out, id)
		}
	}
	return out
}

// Retire takes a box out that is no longer of the fleet. One that has ended keeps its outcome: who retires the boxes that a build has broken has not mended the build.
func (r *Rollout) Retire(id string, now time.Time) {
	m := r.Members[id]
	if m == nil || m.Gone || r.Final() {
		return
	}
	m.Gone = true
	if !m.failed() && m.State != Done {
		m.State, m.Ended = Retired, now
	}
	r.log(now, itself, "retired", id)
}

// Abort ends it for good. Offers are withdrawn; boxes that have committed stay as they are.
func (r *Rollout) Abort(who, why string, now time.Time) error {
	if r.Final() {
		return r.errPhase("aborting")
	}
	r.Reason, r.Cause = why, nil
	r.to(Aborted, now)
	r.log(now, who, "aborted", why)
	return nil
}

// Supersede ends it because a newer rollout of its kind has begun.
func (r *Rollout) Supersede(by string, now time.Time) error {
	if r.Final() {
		return r.errPhase("superseding")
	}
	r.to(Superseded, now)
	r.log(now, by, "superseded", "")
	return nil
}

// Report is what a box has said of itself.
type Report struct {
	Device string
	At     time.Time
	Path   string // of the object it speaks of; empty: a mere sign of life
	State  string // update.State: "committed", "failed", "reverted" decide
	Code   string
	Cases  int
}

// Report takes a box's word. A committed version is believed of the version that runs only; an older report than the last one is dropped.
func (r *Rollout) Report(rep Report) {
	m := r.Members[rep.Device]
	if m == nil || m.Gone || rep.At.Before(m.Heard) {
		return
	}
	m.Heard = rep.At
	if rep.Path != r.Plan.Path || m.State == Untouched && rep.State != "committed" {
		return
	}
	switch rep.State {
	case "committed":
		m.Cases = max(m.Cases, rep.Cases) // before that they were finished on the old version
		if m.State != Done {
			m.State, m.Code, m.Ended, m.Excused = Done, "", rep.At, false
		}
	case "failed", "reverted":
		if m.State != Failed {
			m.State, m.Code, m.Ended = Failed, rep.Code, rep.At
		}
	default:
		if m.State == Offered || m.State == Silent {
			m.State, m.Code = Working, "" // it has come back
		}
	}
}

// Tick moves the rollout on: marks the silent, stops what goes wrong, promotes what went well. Call it after reports and every minute.
func (r *Rollout) Tick(now time.Time) {
	if r.Phase != Running && r.Phase != Soaking && r.Phase != Paused {
		return
	}
	for _, m := range r.Members {
		if m.State != Offered && m.State != Working {
			continue
		}
		switch {
		case now.Sub(latest(latest(m.Offered, m.Heard), r.listening)) > r.Plan.Silence:
			m.State, m.Code, m.Ended = Silent, "silent", now
		case now.Sub(m.Offered) > r.Plan.Within && now.Sub(r.listening) > r.Plan.Silence:
			m.State, m.Code, m.Ended = Failed, "late", now
		}
	}
	if why := r.tripped(); why != nil {
		_ = r.Abort(itself, why.String(), now) // cannot fail: the phase is not final
		r.Cause = why
		return
	}
	wave := r.Plan.Waves[r.Wave]
	switch r.Phase {
	case Running:
		switch ended, reached, done := r.ended(now); {
		case !ended:
		case float64(done) >= enough*float64(reached):
			r.to(Soaking, now)
			r.log(now, itself, "soaking", wave.Name)
		default:
			why := r.stuck(reached, done)
			_ = r.Pause(itself, why.String(), now) // cannot fail: it is running
			r.Cause = why
		}
	case Soaking:
		if now.Sub(r.Since) < wave.Soak || r.cases() < wave.MinCases {
			return
		}
		if r.Wave+1 < len(r.Plan.Waves) {
			r.Wave++
			r.to(Running, now)
			r.log(now, itself, "promoted", r.Plan.Waves[r.Wave].Name)
			return
		}
		r.to(Complete, now)
		r.log(now, itself, "complete", fmt.Sprintf("%d laggards", len(r.Laggards())))
	}
}

// enough is the share of a wave's boxes that must have committed the object before the next wave.
const enough = 0.95

// ended tells whether every box of the waves so far that can be reached has ended, and how many of how many have ended well. Boxes that are excused or retired do not count.
func (r *Rollout) ended(now time.Time) (all bool, reached, done int) {
	size, _, silent := r.offices()
	for _, m := range r.Members {
		if m.Wave > r.Wave || m.Excused || m.Gone || m.State == Untouched && (!r.reachable(m, now) || silent[m.Office] >= half(size[m.Office])) {
			continue // a laggard
		}
		reached++
		switch m.State {
		case Untouched, Offered, Working:
			return false, 0, 0
		case Done:
			done++
		}
	}
	away, of := r.Away(now)
	return r.tried() && 2*away <= of, reached, done
}

// tried tells whether any box of the wave has ended: a wave that nobody could be reached of proves nothing.
func (r *Rollout) tried() bool {
	left := false
	for _, m := range r.Members {
		if m.Wave > r.Wave {
			continue
		}
		if m.State == Done || m.failed() {
			return true
		}
		left = left || !m.Gone
	}
	return !left // all were retired: there is nobody to wait for
}

// stuck is why it pauses when a wave has ended and too few of it are well: too few failures for an abort, too many to go on by itself.
func (r *Rollout) stuck(reached, done int) *Cause {
	var list []string
	for _, id := range r.unexcused() {
		list = append(list, fmt.Sprintf("%s (%s)", id, r.Members[id].Code))
	}
	const most = 5
	if n := len(list); n > most {
		list = append(list[:most], fmt.Sprintf("+ %d", n-most))
	}
	return &Cause{Stuck, []string{r.Plan.Waves[r.Wave].Name, strconv.Itoa(done), strconv.Itoa(reached), strconv.Itoa(int(100 * enough)), strings.Join(list, ", ")}}
}

// tripped tells why the rollout must stop; nil: it need not.
func (r *Rollout) tripped() *Cause {
	bad, tried, canary := 0, 0, 0
	codes := map[string]int{}
	for _, m := range r.Members {
		switch m.State {
		case Failed, Silent:
			bad++
			codes[m.Code]++
			if m.Wave < 2 {
				canary++
			}
			tried++
		case Done:
			tried++
		}
	}
	low := wilson(bad, tried)
	switch {
	case r.Wave < 2 && canary >= r.Plan.MaxCanary:
		return &Cause{Early, []string{strconv.Itoa(bad), strconv.Itoa(tried), most(codes)}}
	case bad >= 2 && low > r.Plan.MaxRate:
		return &Cause{Rate, []string{strconv.Itoa(bad), strconv.Itoa(tried), fmt.Sprintf("%.1f", 100*r.Plan.MaxRate), most(codes)}}
	}
	return nil
}

// most names the codes, the most frequent first.
func most(codes map[string]int) string {
	names := make([]string, 0, len(codes))
	for c := range codes {
		names = append(names, c)
	}
	slices.SortFunc(names, func(a, b string) int {
		if codes[a] != codes[b] {
			return codes[b] - codes[a]
		}
		return slices.Compare([]byte(a), []byte(b))
	})
	out := ""
	for i, c := range names {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%s ×%d", c, codes[c])
	}
	return out
}

// wilson is the lower end of the 90 % Wilson score interval of bad out of n.
func wilson(bad, n int) float64 {
	if n == 0 {
		return 0
	}
	const z = 1.6449 // two-sided 90 %
	p, f := float64(bad)/float64(n), float64(n)
	return (p + z*z/(2*f) - z*math.Sqrt(p*(1-p)/f+z*z/(4*f*f))) / (1 + z*z/f)
}

func (r *Rollout) cases() int {
	sum := 0
	for _, m := range r.Members {
		if m.State == Done && m.Wave <= r.Wave {
			sum += m.Cases
		}
	}
	return sum
}
