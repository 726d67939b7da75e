// SPDX-License-Identifier: Apache-2.0

package update

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Wipe orders a box to forget whose it was: the field "wipe" of its assignments for as long as the order stands. An assignment without it takes an order back that the box has not begun.
type Wipe struct {
	Serial     string    `json:"serial"`                // of the order, 32 hexadecimal digits
	Enrolment  string    `json:"enrolment,omitempty"`   // serial of the provisioning file by which the box became this device; empty: the fleet does not know it
	Until      time.Time `json:"until"`                 // after it the order is none
	EvenUnsent bool      `json:"even_unsent,omitempty"` // also what city hall does not have for certain: two people have agreed
}

func (w *Wipe) check() error {
	switch {
	case w == nil:
		return nil
	case len(w.Serial) != 32 || strings.Trim(w.Serial, "0123456789abcdef") != "":
		return fmt.Errorf("reading order to wipe: serial %q", w.Serial)
	case w.Until.IsZero():
		return errors.New("reading order to wipe: no end")
	}
	return nil
}

// WipeStatus is how an order to wipe stands.
type WipeStatus struct {
	Serial string `json:"serial"`
	// Code is why the box waits: "" until it is at rest for a while, "unsent" (city hall does not have everything for certain), "damaged" (a damaged file of records lies
	// there), "operation" (an operation of the issuer link is not settled), "trial" (an update is on trial), "clock", "expired", "enrolment" (it is for an enrolment before),
	// "unable" (its settings lie elsewhere), "storage".
	Code string `json:"code,omitempty"`
}

// Wiping is what Hold is asked for before a box is wiped: a moment, but not soon after a case.
const Wiping Kind = "wipe"

// ErrWipe says that the box is being wiped: the caller ends, and its next start goes on with it.
var ErrWipe = errors.New("the box is being wiped")

// A Wiper is the box as far as wiping goes.
type Wiper interface {
	// Ready says what keeps the box from being wiped, as in WipeStatus; "": nothing.
	Ready(w Wipe) (code string)
	// Begin notes durably that the box is being wiped. From then on nothing takes it back. Cases are held.
	Begin(w Wipe) error
}

// tryWipe wipes the box if it has the order to, and nothing stands in the way: ErrWipe then. What stands in the way is told, but for an open case: nobody is to learn when that ends.
func (a *Agent) tryWipe() error {
	if a.wipe == nil {
		if a.wiping != nil {
			a.wiping = nil
			a.tellWiping()
		}
		return nil
	}
	code := a.hinders(*a.wipe)
	if code == "" && a.hold(Wiping) {
		err := a.o.Wipe.Begin(*a.wipe)
		if err == nil {
			return ErrWipe
		}
		a.letGo()
		a.o.Log.Error("update", "error", fmt.Errorf("beginning to wipe: %w", err))
		code = "storage"
	}
	if now := (WipeStatus{a.wipe.Serial, code}); a.wiping == nil || *a.wiping != now {
		a.wiping = &now
		a.tellWiping()
	}
	return nil
}

// tellWiping tells how the order stands beside what was told last. Before anything was it waits for that.
func (a *Agent) tellWiping() {
	if a.last.State != "" {
		a.tell(a.last)
	}
}

// hinders says why the box is not wiped now, as far as it is known without asking the counter.
func (a *Agent) hinders(w Wipe) string {
	switch now := a.o.Now(); {
	case a.o.Wipe == nil:
		return "unable"
	case !now.Trusted:
		return "clock"
	case now.At.After(w.Until):
		return "expired"
	case a.kept.Trial != nil:
		return "trial"
	}
	return a.o.Wipe.Ready(w)
}
