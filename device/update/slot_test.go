// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"madoguchi/device/update"
)

var _ update.Installer = (*slot)(nil)

// slot is an Installer with two places. The power can go before or after each of its steps.
type slot struct {
	running, other update.Digest
	next           update.Digest // of the one-shot start
	reboots        bool          // a slot; else a live kind
	sick           error         // of the new version
	noStart        bool          // the new version does not start
	refuse         error         // of Check
	calls          []string
	committed      update.Digest
	power          *power
	onStep         func(string)             // told of each step; nil: nobody is
	hangs          map[string]chan struct{} // steps that do not come back before this is closed, whatever their context says
	inside         atomic.Int32             // steps that have not come back
}

// enter is the begin of a step; what it returns is its end.
func (s *slot) enter(step string) func() {
	if s.inside.Add(1) > 1 {
		panic(step + " beside another step")
	}
	if until := s.hangs[step]; until != nil {
		<-until
	}
	return func() { s.inside.Add(-1) }
}

// seen is what a test may know of a slot.
type seen struct {
	running, committed, next update.Digest
	calls                    []string
}

// at is the slot now. The steps run beside the test, at times of its choice: this orders them before and after.
func (b *bench) at() seen {
	b.slot.inside.Add(0)
	defer b.slot.inside.Add(0)
	return seen{b.slot.running, b.slot.committed, b.slot.next, slices.Clone(b.slot.calls)}
}

func (s *slot) Check(_ context.Context, path string, m update.Manifest) error {
	defer s.enter("check")()
	raw, err := os.ReadFile(path)
	if err != nil || update.Sum(raw) != m.SHA256 {
		return fmt.Errorf("checking: %v", err)
	}
	s.did("check")
	return s.refuse
}

func (s *slot) Install(_ context.Context, path string, m update.Manifest) error {
	defer s.enter("install")()
	works, err := s.power.step()
	if works {
		s.did("install")
		s.other = m.SHA256
	}
	return err
}

func (s *slot) Activate(_ context.Context, m update.Manifest) error {
	defer s.enter("activate")()
	works, err := s.power.step()
	if !works {
		return err
	}
	s.did("activate")
	if s.reboots {
		s.next = s.other
		return update.ErrReboot
	}
	s.running, s.other = s.other, s.running
	return err
}

func (s *slot) Running(context.Context) (update.Digest, error) {
	defer s.enter("running")()
	return s.running, nil
}

func (s *slot) Probe(context.Context, update.Health) error {
	defer s.enter("probe")()
	if s.running == s.committed {
		return nil
	}
	return s.sick
}

func (s *slot) Commit(context.Context) error {
	defer s.enter("commit")()
	works, err := s.power.step()
	if works {
		s.did("commit")
		s.committed = s.running
	}
	return err
}

func (s *slot) Revert(context.Context) error {
	defer s.enter("revert")()
	works, err := s.power.step()
	if !works {
		return err
	}
	s.did("revert")
	if s.reboots {
		s.next = update.Digest{}
		return update.ErrReboot
	}
	s.running = s.committed
	return err
}

func (s *slot) did(step string) {
	if s.onStep != nil && step != "commit" {
		s.onStep(step)
	}
	s.calls = append(s.calls, step)
}

// start is what the bootloader does.
func (s *slot) start() {
	if !s.reboots {
		return
	}
	s.running = s.committed
	if s.next != (update.Digest{}) && !s.noStart {
		s.running = s.next
	}
	s.next = update.Digest{}
}
