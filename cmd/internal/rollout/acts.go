// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

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
// count towards an abort. So are waves whose boxes the release turned out not to be for. Both need a reason.
func (r *Rollout) Resume(who, why string, now time.Time) error {
	if r.Phase != Paused {
		return r.errPhase("resuming")
	}
	open := append(r.unexcused(), r.strangers()...)
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
	m.leave(Retired, now)
	r.log(now, itself, "retired", id)
}

// Yield leaves to a newer rollout of the kind the boxes that both have. What is left goes on; with nobody left the rollout is superseded.
func (r *Rollout) Yield(to *Rollout, now time.Time) {
	if r.Final() {
		return
	}
	n, left := 0, 0
	for id, m := range r.Members {
		switch other := to.Members[id]; {
		case m.Gone:
		case other == nil || other.Gone:
			left++
		default:
			n++
			m.leave(Taken, now)
		}
	}
	switch {
	case n > 0 && left == 0:
		_ = r.Supersede(to.Plan.ID, now) // cannot fail: it is not final
	case n > 0:
		r.log(now, itself, "yielded", fmt.Sprintf("%d boxes to %s", n, to.Plan.ID))
	}
}

// leave takes a box out at a step. One that has ended keeps its outcome.
func (m *Member) leave(at Step, now time.Time) {
	m.Gone = true
	if !m.failed() && m.State != Done {
		m.State, m.Ended = at, now
	}
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
