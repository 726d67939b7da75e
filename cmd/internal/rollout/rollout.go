// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
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
	Unfit     Step = "unfit"   // it has said a board that the release does not run on; counts for nothing
	Taken     Step = "taken"   // a newer rollout of the kind has it; counts for nothing
)

// Member is a box of the rollout.
type Member struct {
	Office  string
	Board   string `json:",omitempty"` // as it has said; "": not known
	Wave    int
	State   Step
	Code    string    // why it failed
	Heard   time.Time // last sign of life of any kind
	Offered time.Time
	Ended   time.Time
	Cases   int  // finished on the new version
	Excused bool `json:",omitempty"` // it failed, and a person has decided to go on without it
	Gone    bool `json:",omitempty"` // no longer of this rollout, at whatever step: retired, unfit or taken
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
	Of       int         `json:",omitempty"` // boxes in the fleet when it was drawn up
	Members  map[string]*Member
	Outside  map[string]Outsider `json:",omitempty"` // aimed at, and the release is not for them
	History  []Entry

	beside    map[string]int // by office: boxes that other rollouts of the kind have out of service
	listening time.Time      // since then nothing that boxes say is missed
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
