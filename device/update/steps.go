// SPDX-License-Identifier: Apache-2.0

package update

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// grace is how long a step that was told to end may take to do so.
const grace = 10 * time.Second

// errLate says that a step of an installer did not end in time, or has not ended at all.
var errLate = errors.New("not ended in time")

// step runs one step of a kind's installer and comes back by its limit, whatever the step does: a counter that is held must serve residents again. A step that does not
// come back is never called beside itself: until it does, no step of its kind is.
func (a *Agent) step(ctx context.Context, kind Kind, limit time.Duration, do func(context.Context) error) error {
	if busy := a.busy[kind]; busy != nil {
		select {
		case <-busy:
			delete(a.busy, kind)
		default:
			return fmt.Errorf("an earlier step has %w", errLate)
		}
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = do(bounded)
	}()
	select {
	case <-ended:
		return err
	case <-bounded.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-ended:
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%w: %w", errLate, err)
		}
		return err
	case <-late.C:
		a.busy[kind] = ended
		return fmt.Errorf("%w after %s", errLate, limit)
	}
}

// lateCode is the code of a step, told apart where it did not end in time.
func lateCode(code string, err error) string {
	if errors.Is(err, errLate) {
		return code + ".late"
	}
	return code
}

func (a *Agent) check(ctx context.Context, path string, m Manifest) error {
	return a.step(ctx, m.Kind, a.o.Write, func(ctx context.Context) error { return a.o.Installers[m.Kind].Check(ctx, path, m) })
}

func (a *Agent) install(ctx context.Context, path string, m Manifest) error {
	return a.step(ctx, m.Kind, a.o.Write, func(ctx context.Context) error { return a.o.Installers[m.Kind].Install(ctx, path, m) })
}

func (a *Agent) activate(ctx context.Context, m Manifest) error {
	err := a.step(ctx, m.Kind, a.o.Step, func(ctx context.Context) error { return a.o.Installers[m.Kind].Activate(ctx, m) })
	a.rebooting = a.rebooting || errors.Is(err, ErrReboot)
	return err
}

func (a *Agent) running(ctx context.Context, kind Kind) (d Digest, err error) {
	var got Digest
	err = a.step(ctx, kind, a.o.Step, func(ctx context.Context) (err error) { got, err = a.o.Installers[kind].Running(ctx); return err })
	if err == nil {
		d = got // else a step that has not ended may still write to it
	}
	return d, err
}

func (a *Agent) probe(ctx context.Context, m Manifest) error {
	return a.step(ctx, m.Kind, a.o.Step, func(ctx context.Context) error { return a.o.Installers[m.Kind].Probe(ctx, m.Health) })
}

func (a *Agent) keep(ctx context.Context, kind Kind) error {
	return a.step(ctx, kind, a.o.Step, a.o.Installers[kind].Commit)
}

func (a *Agent) takeBack(ctx context.Context, kind Kind) error {
	err := a.step(ctx, kind, a.o.Step, a.o.Installers[kind].Revert)
	a.rebooting = a.rebooting || errors.Is(err, ErrReboot)
	return err
}
