// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/device/update"
)

// otherSlot is a slot that is written at once and that only a start puts in force.
type otherSlot struct {
	reverted atomic.Int32
}

var _ update.Installer = (*otherSlot)(nil)

func (*otherSlot) Check(context.Context, string, update.Manifest) error   { return nil }
func (*otherSlot) Install(context.Context, string, update.Manifest) error { return nil }
func (*otherSlot) Activate(context.Context, update.Manifest) error        { return update.ErrReboot }
func (*otherSlot) Running(context.Context) (update.Digest, error)         { return update.Digest{}, nil }
func (*otherSlot) Probe(context.Context, update.Health) error             { return nil }
func (*otherSlot) Commit(context.Context) error                           { return nil }
func (s *otherSlot) Revert(context.Context) error                         { s.reverted.Add(1); return nil }

// TestUpdateHoldEnds: the counter is held for a new firmware, and what was to follow does not: the start does not come, cannot be asked for, does not answer. The box
// serves residents again, and says what has happened.
func TestUpdateHoldEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		restart func(ctx context.Context, ends <-chan struct{}) error
		after   time.Duration // of the hold's begin: then it must have ended
	}{
		"no start comes":       {func(context.Context, <-chan struct{}) error { return nil }, 3 * time.Minute},
		"it cannot be asked":   {func(context.Context, <-chan struct{}) error { return errors.New("no such file") }, time.Minute},
		"asking does not end":  {func(_ context.Context, ends <-chan struct{}) error { <-ends; return nil }, 3 * time.Minute},
		"nobody can be asked":  {nil, time.Minute},
		"asking ends too late": {func(ctx context.Context, _ <-chan struct{}) error { <-ctx.Done(); return ctx.Err() }, 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			var f *fleet
			var ends chan struct{}
			slot := &otherSlot{}
			bubble(t, func(r *rig) {
				f = newFleet(r)
				r.update.Firmware = slot
				ends = make(chan struct{})
				if tt.restart != nil {
					r.update.Restart = func(ctx context.Context) error { return tt.restart(ctx, ends) }
				}
			}, func(r *rig) {
				defer close(ends)
				r.until("idle")
				p := f.peer()
				time.Sleep(15 * time.Minute) // firmware waits until the counter has been quiet for a while
				p.desires(f.assign(f.release(update.Firmware, "2", []byte("a bundle"))))
				time.Sleep(10 * time.Second)
				if v := r.box.About(); tt.after > time.Minute && v.Update.State != update.Rebooting {
					t.Fatalf("%+v, want it to go down", v.Update)
				}
				time.Sleep(tt.after)
				r.cancels()
				time.Sleep(time.Minute)
				if v := r.box.About(); v.Update.State != update.Reverted || v.Update.Code != "restart" || slot.reverted.Load() != 1 {
					t.Errorf("%+v, taken back %d times", v.Update, slot.reverted.Load())
				}
				time.Sleep(time.Hour)
				if got := p.story(); !slices.Contains(got, "policy 1 reverted restart") {
					t.Errorf("told %q", got)
				}
			})
		})
	}
}
