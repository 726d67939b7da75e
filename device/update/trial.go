// SPDX-License-Identifier: Apache-2.0

package update

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// trial is a version in force that has not proved itself.
type trial struct {
	Kind     Kind
	Manifest Manifest
	Since    time.Time // by the box's clock
	Boots    int       // starts of the box with it in force
	Code     string    // why it is being taken back
}

// fellBack is the code of a start that ended in the version before: the new one did not start, or the power went while it was on trial.
const fellBack = "fell_back"

// resume goes on with a trial that a start of the box, planned or not, has cut off.
func (a *Agent) resume(ctx context.Context) error {
	t := a.kept.Trial
	if t == nil {
		return nil
	}
	in := a.o.Installers[t.Kind]
	if in == nil {
		return fmt.Errorf("resuming trial: no installer for %s", t.Kind)
	}
	running, err := in.Running(ctx)
	if err != nil {
		return a.revert(ctx, "activate", fmt.Errorf("asking what runs: %w", err))
	}
	switch {
	case running == t.Manifest.SHA256 && t.Code == "":
	case t.Code != "" && running == t.Manifest.SHA256: // the power went before it was taken back
		return a.revert(ctx, t.Code, errors.New("to be taken back"))
	case t.Code != "":
		return a.reverted(t.Code, errors.New("taken back"))
	case t.Boots == 0 && t.Kind != Firmware:
		// The power went between the note and the switch: the switch is made now.
		if err := in.Activate(ctx, t.Manifest); err != nil {
			return a.revert(ctx, "activate", err)
		}
	default:
		return a.reverted(fellBack, errors.New("another version runs than the one on trial"))
	}
	if t.Boots++; t.Manifest.Health.MaxBoots > 0 && t.Boots > t.Manifest.Health.MaxBoots {
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
	in := a.o.Installers[t.Kind]
	t.Boots = max(t.Boots, 1)
	a.tell(Status{State: Trial, Kind: t.Kind, Version: t.Manifest.Version})
	soak, within := time.Duration(t.Manifest.Health.SoakS)*time.Second, time.Duration(t.Manifest.Health.WithinS)*time.Second
	began := time.Now() // monotonic: the box's clock may be set during the trial
	healthySince := time.Time{}
	for {
		err := in.Probe(ctx, t.Manifest.Health)
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
		case <-time.After(a.o.Poll):
		}
	}
}

// commit keeps the version on trial, and only now says that it is installed.
func (a *Agent) commit(ctx context.Context) error {
	t := a.kept.Trial
	if err := a.o.Installers[t.Kind].Commit(ctx); err != nil {
		return a.revert(ctx, "commit", err)
	}
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
	err := a.o.Installers[t.Kind].Revert(ctx)
	if errors.Is(err, ErrReboot) {
		return err // the next start says that it was taken back
	}
	if err != nil {
		why = errors.Join(why, err)
	}
	return a.reverted(code, why)
}

// reverted notes that the version before runs again, and counts the attempt.
func (a *Agent) reverted(code string, why error) error {
	t := a.kept.Trial
	a.kept.Trial = nil
	if a.kept.Attempts == nil {
		a.kept.Attempts = map[Kind]int{}
	}
	a.kept.Attempts[t.Kind]++
	if code != fellBack && t.Boots > 0 {
		a.kept.Attempts[t.Kind] = a.o.Attempts // what ran and proved unhealthy is not tried again under the same assignment
		if a.kept.Codes == nil {
			a.kept.Codes = map[Kind]string{}
		}
		a.kept.Codes[t.Kind] = code
	}
	if err := a.save(); err != nil {
		return err
	}
	a.o.Log.Warn("update reverted", "kind", t.Kind, "version", t.Manifest.Version, "code", code, "error", why)
	s := Status{State: Reverted, Kind: t.Kind, Version: t.Manifest.Version, Code: code}
	a.failed[t.Kind] = s
	a.tell(s)
	return nil
}
