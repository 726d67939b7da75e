// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"context"
	"fmt"
	"os"

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
	onStep         func(string) // told of each step; nil: nobody is
}

func (s *slot) Check(_ context.Context, path string, m update.Manifest) error {
	raw, err := os.ReadFile(path)
	if err != nil || update.Sum(raw) != m.SHA256 {
		return fmt.Errorf("checking: %v", err)
	}
	s.did("check")
	return s.refuse
}

func (s *slot) Install(_ context.Context, path string, m update.Manifest) error {
	works, err := s.power.step()
	if works {
		s.did("install")
		s.other = m.SHA256
	}
	return err
}

func (s *slot) Activate(_ context.Context, m update.Manifest) error {
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

func (s *slot) Running(context.Context) (update.Digest, error) { return s.running, nil }

func (s *slot) Probe(context.Context, update.Health) error {
	if s.running == s.committed {
		return nil
	}
	return s.sick
}

func (s *slot) Commit(context.Context) error {
	works, err := s.power.step()
	if works {
		s.did("commit")
		s.committed = s.running
	}
	return err
}

func (s *slot) Revert(context.Context) error {
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
