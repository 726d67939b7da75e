// SPDX-License-Identifier: Apache-2.0

package update

import (
	"context"
	"errors"
	"fmt"
)

// errSuperseded ends the work on an assignment because a newer one lies there.
var errSuperseded = errors.New("a newer assignment has come")

// errRefused marks an assignment that is not this box's, or not newer, or not signed; errStorage what could not be stored; errStuck a trial that is to be taken back and
// cannot be.
var (
	errRefused = errors.New("refused")
	errStorage = errors.New("storage")
	errStuck   = errors.New("still in force")
)

// fail tells why an object is not installed. Nothing was changed.
func (a *Agent) fail(kind Kind, code string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, errSuperseded) {
		return err
	}
	s := Status{State: Failed, Kind: kind, Code: code}
	if kind != "" {
		a.failed[kind] = s
	}
	a.tell(s)
	return fmt.Errorf("%s: %w", code, err)
}

// attempt counts a try of an object that was fetched and did not come into force.
func (a *Agent) attempt(kind Kind, code string, err error) error {
	a.tried(kind, 1)
	return errors.Join(a.fail(kind, code, err), a.save())
}

// tried counts tries. A payload that will not be tried again takes no room.
func (a *Agent) tried(kind Kind, n int) {
	if a.kept.Attempts == nil {
		a.kept.Attempts = map[Kind]int{}
	}
	if a.kept.Attempts[kind] += n; a.kept.Attempts[kind] >= a.o.Attempts {
		delete(a.kept.Wanted, kind)
		a.sweep()
	}
}

// refuse drops an assignment. One that the director has not signed for this box, or has replaced, is no failed update while another is in force: else a stranger, or the
// broker's memory, could fail a rollout.
func (a *Agent) refuse(err error) error {
	code := "assignment"
	if errors.Is(err, errOlder) {
		code = "assignment.older"
	}
	if a.kept.Gen == 0 || errors.Is(err, errObject) {
		return fmt.Errorf("%w: %w", errRefused, a.fail("", code, err))
	}
	if a.refused = code; a.last.State != "" {
		a.tell(a.last) // what it was, and that something was refused
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}
