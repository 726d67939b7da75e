// SPDX-License-Identifier: Apache-2.0

package crowd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"madoguchi/device/update"
)

// Shelf is an update.Store in memory: what a box keeps through its starts.
type Shelf struct {
	mu sync.Mutex
	m  map[string][]byte
}

var _ update.Store = (*Shelf)(nil)

// Load returns what was saved; nil: nothing.
func (s *Shelf) Load(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[name], nil
}

// Save keeps a copy; nil removes it.
func (s *Shelf) Save(name string, raw []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string][]byte{}
	}
	if s.m[name] = append([]byte(nil), raw...); raw == nil {
		delete(s.m, name)
	}
	return nil
}

// slots are two places for versions of a kind. One with a start in between is what the bootloader has; one without is a file that is put in force by a rename.
type slots struct {
	box    *Box
	reboot bool

	mu                        sync.Mutex
	running, committed, other update.Digest
	next                      bool // the other one at the next start, once
	installed                 int
}

var _ update.Installer = (*slots)(nil)

// Check reads the payload as a real installer would.
func (s *slots) Check(_ context.Context, path string, m update.Manifest) error {
	if s.box.o.Whole != nil {
		s.box.o.Whole(s.box.id, m)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err = io.Copy(h, f); err == nil && update.Digest(h.Sum(nil)) != m.SHA256 {
		err = errors.New("another payload")
	}
	return err
}

func (s *slots) Install(_ context.Context, _ string, m update.Manifest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.other = m.SHA256
	s.installed++
	return nil
}

func (s *slots) Activate(context.Context, update.Manifest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reboot {
		s.running = s.other
		return nil
	}
	s.next = true
	return update.ErrReboot
}

func (s *slots) Running(context.Context) (update.Digest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running, nil
}

// Probe asks the crowd's owner whether this box is well on what it runs.
func (s *slots) Probe(ctx context.Context, _ update.Health) error {
	if s.box.o.Sick == nil {
		return nil
	}
	running, err := s.Running(ctx)
	if err == nil {
		if why := s.box.o.Sick(s.box.id, running, s.box.wave()); why != "" {
			err = fmt.Errorf("%s: %s", s.box.id, why)
		}
	}
	return err
}

func (s *slots) Commit(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committed = s.running
	return nil
}

func (s *slots) Revert(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reboot {
		s.running = s.committed
		return nil
	}
	return update.ErrReboot
}

// boot is what the bootloader does: the other slot once, if it was asked for.
func (s *slots) boot() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reboot {
		return
	}
	s.running = s.committed
	if s.next {
		s.running, s.next = s.other, false
	}
}
