// SPDX-License-Identifier: Apache-2.0

package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// trial is a version in force that has not proved itself.
type trial struct {
	Kind     Kind
	Manifest Manifest
	Since    time.Time // by the box's clock
	Boots    int       // starts of the box with it in force; of a live kind: those after the switch
	Code     string    // why it is being taken back
}

// fellBack is the code of a start that ended in the version before: the new one did not start, or the power went while it was on trial.
const fellBack = "fell_back"

// started counts a start of the box with a live kind on trial, and takes back at once what has used up its starts or was to be taken back: before anybody reads it. What ends
// the box each time it is loaded or drawn leaves Run no moment to judge it, and no case is open yet. A slot is left to resume: its bootloader takes back what does not start.
func (a *Agent) started() {
	t := a.kept.Trial
	if t == nil || t.Kind == Firmware || a.o.Installers[t.Kind] == nil {
		return
	}
	ctx := context.Background() // each step has its limit
	if running, err := a.running(ctx, t.Kind); err != nil || running != t.Manifest.SHA256 {
		return // for resume, too
	}
	if t.Code == "" {
		t.Boots++
		if t.wornOut() {
			t.Code = "boots"
		}
		if err := a.save(); err != nil {
			a.o.Log.Error("update", "cause", err)
		}
	}
	if t.Code == "" {
		return
	}
	if err := a.takeBack(ctx, t.Kind); err != nil { // resume tries again
		a.o.Log.Error("update", "cause", err)
	}
}

// wornOut tells whether the box has started too often with it on trial.
func (t *trial) wornOut() bool {
	most := t.Manifest.Health.MaxBoots
	return most > 0 && t.Boots > most
}

// resume goes on with a trial that a start of the box, planned or not, has cut off.
func (a *Agent) resume(ctx context.Context) error {
	t := a.kept.Trial
	stayed := a.rebooting // the start that was asked for has not come
	a.rebooting = false
	if t == nil {
		return nil
	}
	if a.o.Installers[t.Kind] == nil { // of a configuration that has changed: nobody can judge it, and nobody waits for that
		a.o.Log.Error("update", "kind", t.Kind, "version", t.Manifest.Version, "error", "on trial, and this box installs no such kind")
		a.kept.Trial = nil
		return a.save()
	}
	running, err := a.running(ctx, t.Kind)
	if err != nil {
		return a.revert(ctx, lateCode("activate", err), fmt.Errorf("asking what runs: %w", err))
	}
	switch {
	case running == t.Manifest.SHA256 && t.Code == "":
	case running == t.Manifest.SHA256: // the power went before it was taken back
		if stayed {
			return a.stuck(t.Code, "restart", errors.New("the board does not start anew"))
		}
		return a.revert(ctx, t.Code, errors.New("to be taken back"))
	case t.Code != "":
		return a.reverted(t.Code, errors.New("taken back"))
	case stayed:
		a.letGo()
		err := a.takeBack(ctx, t.Kind)
		a.rebooting = false // what ran before runs
		return a.reverted("restart", errors.Join(errors.New("the board has not started anew"), err))
	case t.Boots == 0 && t.Kind != Firmware:
		// The power went between the note and the switch: the switch is made now.
		if err := a.activate(ctx, t.Manifest); err != nil {
			return a.revert(ctx, lateCode("activate", err), err)
		}
	default:
		return a.reverted(fellBack, errors.New("another version runs than the one on trial"))
	}
	if t.Kind == Firmware { // else it was counted at the start
		t.Boots++
	}
	if t.wornOut() {
		return a.revert(ctx, "boots", fmt.Errorf("started %d times on trial", t.Boots))
	}
	if err := a.save(); err != nil {
		return err
	}
	return a.onTrial(ctx)
}

// onTrial probes until the version has been healthy for as long as its manifest wants, or has not been so in time. One bad probe begins the soak anew: it is no verdict.
func (a *Agent) onTrial(ctx context.Context) error {
	t := a.kept.Trial
	t.Boots = max(t.Boots, 1)
	a.tell(Status{State: Trial, Kind: t.Kind, Version: t.Manifest.Version})
	soak, within := time.Duration(t.Manifest.Health.SoakS)*time.Second, time.Duration(t.Manifest.Health.WithinS)*time.Second
	began := time.Now() // monotonic: the box's clock may be set during the trial
	healthySince := time.Time{}
	var aside []byte  // an assignment that came meanwhile
	var due time.Time // when to look at it; zero: not, or not again
	defer func() {
		if aside != nil {
			a.later(aside)
		}
	}()
	for {
		if !due.IsZero() && !time.Now().Before(due) {
			switch other, err := a.withdrawn(ctx, aside); {
			case err == nil && other:
				return a.revert(ctx, "withdrawn", errors.New("another version is wanted"))
			case err == nil:
				due = time.Time{}
			case errors.Is(err, errRefused):
				aside, due = nil, time.Time{}
				a.o.Log.Warn("update", "error", err)
			default:
				due = time.Now().Add(a.o.Retry)
			}
		}
		err := a.probe(ctx, t.Manifest)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			healthySince = time.Time{}
		case healthySince.IsZero():
			healthySince = now
		}
		if err == nil && now.Sub(healthySince) >= soak {
			return a.commit(ctx)
		}
		if now.Sub(began) >= within {
			if err == nil {
				err = errors.New("healthy too late")
			}
			return a.revert(ctx, "health", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.parts:
		case raw := <-a.desired:
			if !bytes.Equal(raw, a.current) {
				aside, due = raw, time.Now()
			}
		case <-time.After(a.o.Poll):
		}
	}
}

// withdrawn tells whether an assignment wants another version than the one on trial: an abort must not wait until what it aborts is committed.
func (a *Agent) withdrawn(ctx context.Context, raw []byte) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, a.o.Step) // the probes wait
	defer cancel()
	if err := a.trust.Refresh(bounded, a.fetch, a.o.Now()); err != nil {
		return false, err
	}
	as, err := a.trust.Assignment(raw, a.o.Device, a.kept.Gen, a.o.Now())
	if errors.Is(err, ErrSameAssignment) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", errRefused, err)
	}
	m, err := a.kept.Trial.Manifest.Encode()
	return err == nil && as.Objects[a.kept.Trial.Kind].Digest != Sum(m), err
}

// commit keeps the version on trial, and only now says that it is installed.
func (a *Agent) commit(ctx context.Context) error {
	t := a.kept.Trial
	if err := a.keep(ctx, t.Kind); err != nil {
		return a.revert(ctx, lateCode("commit", err), err)
	}
	return a.committed()
}

// committed notes that the version on trial is the installed one.
func (a *Agent) committed() error {
	t := a.kept.Trial
	in := a.kept.Installed[t.Kind]
	a.kept.Installed[t.Kind] = Installed{Seq: t.Manifest.Seq, SecurityEpoch: max(in.SecurityEpoch, t.Manifest.SecurityEpoch), SHA256: t.Manifest.SHA256}
	a.kept.Version[t.Kind] = t.Manifest.Version
	a.kept.Trial = nil
	delete(a.kept.Wanted, t.Kind)
	delete(a.kept.Codes, t.Kind)
	if err := a.save(); err != nil {
		return err
	}
	a.sweep()
	a.tell(Status{State: Committed, Kind: t.Kind, Version: t.Manifest.Version})
	return nil
}

// revert brings back what was in force before the trial, as soon as no case is open.
func (a *Agent) revert(ctx context.Context, code string, why error) error {
	t := a.kept.Trial
	t.Code = code
	if err := a.save(); err != nil {
		return err
	}
	if err := a.waitForHold(ctx, t.Kind); err != nil {
		return err
	}
	err := a.takeBack(ctx, t.Kind)
	if errors.Is(err, ErrReboot) {
		return err // the next start says that it was taken back
	}
	why = errors.Join(why, err)
	switch running, rerr := a.running(ctx, t.Kind); {
	case rerr == nil && running != t.Manifest.SHA256:
		return a.reverted(code, why)
	case rerr == nil && err == nil && strings.HasPrefix(code, "commit"):
		return a.committed() // it was well, and its commit has taken effect all the same
	default:
		return a.stuck(code, "revert", errors.Join(why, rerr))
	}
}

// stuck says that what is to be taken back is still in force. The caller runs the agent again after a while; until then residents are served.
func (a *Agent) stuck(code, cause string, why error) error {
	t := a.kept.Trial
	s := Status{State: Failed, Kind: t.Kind, Version: t.Manifest.Version, Code: cause}
	a.failed[t.Kind] = s
	a.tell(s)
	return fmt.Errorf("taking %s %s back for %q: %w: %w", t.Kind, t.Manifest.Version, code, errStuck, why)
}

// reverted notes that the version before runs again, and counts the attempt.
func (a *Agent) reverted(code string, why error) error {
	t := a.kept.Trial
	a.kept.Trial = nil
	again := 1
	if code != fellBack && t.Boots > 0 {
		again = a.o.Attempts // what ran and proved unhealthy is not tried again under the same assignment
		if a.kept.Codes == nil {
			a.kept.Codes = map[Kind]string{}
		}
		a.kept.Codes[t.Kind] = code
	}
	a.tried(t.Kind, again)
	if err := a.save(); err != nil {
		return err
	}
	a.o.Log.Warn("update reverted", "kind", t.Kind, "version", t.Manifest.Version, "code", code, "error", why)
	s := Status{State: Reverted, Kind: t.Kind, Version: t.Manifest.Version, Code: code}
	a.failed[t.Kind] = s
	a.tell(s)
	return nil
}
