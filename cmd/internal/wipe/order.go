// SPDX-License-Identifier: Apache-2.0

package wipe

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/device/update"
)

// Life is how long an order holds, unless it is said: records that are held leave within a week, and two weekly backups have them.
const Life = 30 * 24 * time.Hour

// Order is the newest order for a box.
type Order struct {
	Device    string
	Serial    string // its own
	Enrolment string `json:",omitempty"` // serial of the box's provisioning file; empty: not known
	By        rollout.Person
	Reason    string
	At, Until time.Time
	Override  *Override `json:",omitempty"`
	Cancelled *Act      `json:",omitempty"`
	Told      Told
	Wiped     *Outcome `json:",omitempty"`
}

// Override is the wish to wipe the box even if city hall does not have everything. It counts when a second person has approved it.
type Override struct {
	By, Approver rollout.Person
	Reason       string
	At, Approved time.Time
	Signed       []rollout.Signature `json:",omitempty"` // of people who prove themselves by keys
}

// Act is something that a person did.
type Act struct {
	By, Reason string
	At         time.Time
}

// Told is what the box's newest assignment says of the order.
type Told struct {
	What string // "": nothing; "wipe", "even_unsent"
	Gen  int64
}

// What is said of an order in Told.
const (
	plain = "wipe"
	even  = "even_unsent"
)

// Outcome is what the box said at its end.
type Outcome struct {
	At     time.Time
	Lost   int // records that city hall does not have
	Kept   int // records that city hall has, and no backup of its
	Claims int // claims that city hall does not have
}

// String says what was lost.
func (o Outcome) String() string {
	return fmt.Sprintf("lost %d records and %d claims that city hall does not have; %d records were in no backup of city hall", o.Lost, o.Claims, o.Kept)
}

// New is an order from now on.
func New(device, enrolment string, by rollout.Person, reason string, now time.Time, life time.Duration) *Order {
	id := make([]byte, 16)
	rand.Read(id)
	now = now.UTC().Truncate(time.Second)
	return &Order{Device: device, Serial: hex.EncodeToString(id), Enrolment: enrolment, By: by, Reason: reason, At: now, Until: now.Add(life)}
}

// Open tells whether the box may still be wiped by it.
func (o *Order) Open(now time.Time) bool {
	return o.Wiped == nil && o.Cancelled == nil && !now.After(o.Until)
}

// ErrEnded says that there is no order that stands.
var ErrEnded = errors.New("there is no order to wipe it that stands")

// Statement is what a key signs for an act of the override, rollout.Drafting or rollout.Approving.
func (o *Order) Statement(act string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d", o.Device, o.Serial, o.Enrolment, o.Until.Unix()))
	return fmt.Appendf(nil, "madoguchi wipe 1\n%s\n%x\n", act, sum)
}

// Approve is the second person's consent to the override.
func (o *Order) Approve(who rollout.Person, now time.Time) error {
	w := o.Override
	switch {
	case !o.Open(now):
		return fmt.Errorf("approving: %w", ErrEnded)
	case w == nil || !w.Approved.IsZero():
		return errors.New("approving: nobody waits for it (an order without --even-unsent needs no second person)")
	case who.Name == "" || who.Name == w.By.Name:
		return fmt.Errorf("approving: %s asked for it: %w", w.By, rollout.ErrSamePerson)
	case who.By != w.By.By:
		return fmt.Errorf("approving: it was asked for by %s, and can only be approved by another %s", w.By, w.By.By)
	}
	w.Approver, w.Approved = who, now.UTC().Truncate(time.Second)
	return nil
}

// Proved holds the two people of an approved override against their signatures, as rollout.Rollout.Proved does; role is whose keys they are.
func (o *Order) Proved(role string, verify func(role, key string, message, sig []byte) error) error {
	w := o.Override
	if w == nil || w.Approved.IsZero() {
		return nil
	}
	if w.Approver.Name == "" || w.Approver.Name == w.By.Name || w.Approver.By != w.By.By {
		return fmt.Errorf("order to wipe %s: %w", o.Device, rollout.ErrSamePerson)
	}
	if w.By.By != rollout.ByKey {
		return nil
	}
	for act, who := range map[string]rollout.Person{rollout.Drafting: w.By, rollout.Approving: w.Approver} {
		err := errors.New("not signed")
		for _, s := range w.Signed {
			if s.Act == act && s.Key == who.Name {
				err = verify(role, s.Key, o.Statement(act), s.Sig)
				break
			}
		}
		if err != nil {
			return fmt.Errorf("order to wipe %s: %s by %s: %w", o.Device, act, who, err)
		}
	}
	return nil
}

// Wants is what the box is to be told now, and the same in a word for Told. An override that is not proved counts as none.
func (o *Order) Wants(now time.Time, proved bool) (*update.Wipe, string) {
	if !o.Open(now) {
		return nil, ""
	}
	w, what := &update.Wipe{Serial: o.Serial, Enrolment: o.Enrolment, Until: o.Until}, plain
	if o.Override != nil && !o.Override.Approved.IsZero() && proved {
		w.EvenUnsent, what = true, even
	}
	return w, what
}

// State says in a word where the order stands, by what its box said last: "wiped", "cancelled", "cancelling" (the box may not know it yet), "expired", "ordered" (the box has not said that it
// knows), "waits" (with the code of update.WipeStatus).
func (o *Order) State(s update.Status, now time.Time) (state, code string) {
	switch {
	case o.Wiped != nil:
		return "wiped", ""
	case o.Cancelled != nil && (o.Told.What != "" || s.Wipe != nil && s.Wipe.Serial == o.Serial):
		return "cancelling", ""
	case o.Cancelled != nil:
		return "cancelled", ""
	case now.After(o.Until):
		return "expired", ""
	case s.Wipe != nil && s.Wipe.Serial == o.Serial:
		return "waits", s.Wipe.Code
	}
	return "ordered", ""
}
