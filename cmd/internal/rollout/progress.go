// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Report is what a box has said of itself.
type Report struct {
	Device string
	Board  string // "": it has not said
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
	if m.Board = cmp.Or(rep.Board, m.Board); !r.Plan.fits(m.Board) && m.State != Done {
		r.unfit(rep.Device, rep.At)
		return
	}
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
		switch {
		case rep.Code == refusedBoard:
			r.unfit(rep.Device, rep.At)
		case m.State != Failed:
			m.State, m.Code, m.Ended = Failed, rep.Code, rep.At
		}
	default:
		if m.State == Offered || m.State == Silent {
			m.State, m.Code = Working, "" // it has come back
		}
	}
}

// refusedBoard is what a box says of a release for another board: a *update.RefusedError's code.
const refusedBoard = "refused.hardware"

// unfit takes out a box that the release turns out not to be for: its board was not known when the plan was drawn up.
func (r *Rollout) unfit(id string, now time.Time) {
	if r.Final() {
		return
	}
	m := r.Members[id]
	m.State = Untouched // what it failed at was not its to do
	m.leave(Unfit, now)
	r.log(now, itself, "unfit", id)
}

// strangers are the boxes of the waves so far that the release turned out not to be for, if the waves have no others and no person has decided about them. A wave of
// nobody proves nothing.
func (r *Rollout) strangers() []string {
	if r.anybody() {
		return nil
	}
	var out []string
	for _, id := range r.sorted() {
		if m := r.Members[id]; m.Wave <= r.Wave && m.State == Unfit && !m.Excused {
			out = append(out, id)
		}
	}
	return out
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
		case len(r.strangers()) > 0:
			why := &Cause{Unproved, []string{wave.Name, strings.Join(r.Plan.Boards, ", "), short(r.strangers(), 5)}}
			_ = r.Pause(itself, why.String(), now) // cannot fail: it is running
			r.Cause = why
		case float64(done) >= enough*float64(reached):
			r.to(Soaking, now)
			r.log(now, itself, "soaking", wave.Name)
		default:
			why := r.stuck(reached, done)
			_ = r.Pause(itself, why.String(), now) // cannot fail: it is running
			r.Cause = why
		}
	case Soaking:
		if now.Sub(r.Since) < wave.Soak || r.anybody() && r.cases() < wave.MinCases {
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
	for _, m := range r.Members {
		if m.Wave <= r.Wave && (m.State == Done || m.failed()) {
			return true
		}
	}
	return !r.anybody() // there is nobody to wait for
}

// anybody tells whether the waves so far have a box left.
func (r *Rollout) anybody() bool {
	for _, m := range r.Members {
		if m.Wave <= r.Wave && !m.Gone {
			return true
		}
	}
	return false
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

func (r *Rollout) cases() int {
	sum := 0
	for _, m := range r.Members {
		if m.State == Done && m.Wave <= r.Wave {
			sum += m.Cases
		}
	}
	return sum
}
