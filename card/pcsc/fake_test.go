// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"fmt"
	"sync"
	"time"

	"madoguchi/card"
)

// service is a pcscd in memory: contexts, readers, cards. It is stricter: it
// keeps a fault for two waits at once and for a use after release.
type service struct {
	mu      sync.Mutex
	down    bool
	readers []string
	flags   map[string]flag
	wake    chan struct{} // closed and renewed at every change
	faults  []string
	opened  int           // contexts so far
	open    int           // contexts now
	waits   int           // waits so far
	cards   int           // connections now
	refuse  error         // answer to Connect
	hold    chan struct{} // Connect waits for it
	answer  func(apdu []byte) ([]byte, error)
	noisy   bool // waits return at once without news
	// Answers to the question for features, by reader; none: the driver knows no such question.
	features map[string][]byte
}

func newService(readers ...string) *service {
	s := &service{flags: map[string]flag{}, wake: make(chan struct{})}
	s.readers = readers
	return s
}

// set changes a reader's state; each card movement counts.
func (s *service) set(reader string, f flag, moves uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.flags[reader].count() + moves
	s.flags[reader] = f | flag(n)<<16
	s.changed()
}

func (s *service) changed() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// list replaces the readers.
func (s *service) list(readers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers = readers
	s.changed()
}

// kill ends pcscd: every wait fails, every context is dead.
func (s *service) kill(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
	s.changed()
}

func (s *service) fault(f string) { s.faults = append(s.faults, f) }

func (s *service) establish() (session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, fmt.Errorf("reaching card service: %w: %w", card.ErrNoReader, ErrNoService)
	}
	s.opened++
	s.open++
	return &fakeSession{s: s, cancel: make(chan struct{}, 1)}, nil
}

type fakeSession struct {
	s        *service
	cancel   chan struct{}
	waiting  bool
	dead     bool
	released bool
}

var _ session = (*fakeSession)(nil)

func (f *fakeSession) check(what string) error {
	if f.released {
		f.s.fault(what + " after release")
	}
	if f.s.down {
		f.dead = true
	}
	if f.dead {
		return fmt.Errorf("%s: RPC transport error", what)
	}
	return nil
}

func (f *fakeSession) Readers() ([]string, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	return append([]string(nil), f.s.readers...), f.check("Readers")
}

func (f *fakeSession) Wait(states []state, d time.Duration) error {
	s := f.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting {
		s.fault("two waits at once")
	}
	f.waiting = true
	defer func() { f.waiting = false }()
	s.waits++
	timer := time.NewTimer(d)
	defer timer.Stop()
	listed := len(s.readers) // changes before the wait are not told: the caller lists
	for {
		if err := f.check("Wait"); err != nil {
			return err
		}
		news := s.noisy
		for i := range states {
			st := &states[i]
			switch cur, ok := s.flags[st.reader]; {
			case st.reader == pnp:
				st.now = st.was
				news = news || len(s.readers) != listed
			case !ok:
				return errRelist
			default:
				st.now = cur
			}
			if st.now != st.was {
				st.now |= flagChanged
				news = true
			}
		}
		if news {
			return nil
		}
		wake := s.wake
		s.mu.Unlock()
		var err error
		select {
		case <-wake:
		case <-f.cancel:
			err = errCancelled
		case <-timer.C:
			err = errTimeout
		}
		s.mu.Lock()
		if err != nil {
			return err
		}
	}
}

func (f *fakeSession) Connect(reader string) (handle, error) {
	f.s.mu.Lock()
	hold, refuse := f.s.hold, f.s.refuse
	f.s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if refuse != nil {
		return nil, refuse
	}
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.s.cards++
	return &fakeHandle{s: f.s, reader: reader}, f.check("Connect")
}

func (f *fakeSession) Features(reader string) ([]byte, error) {
	f.s.mu.Lock()
	hold := f.s.hold
	f.s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if err := f.check("Features"); err != nil {
		return nil, err
	}
	switch list, ok := f.s.features[reader]; {
	case f.s.refuse != nil:
		return nil, f.s.refuse
	case ok:
		return list, nil
	}
	return nil, errNoFeatures
}

func (f *fakeSession) Cancel() error {
	select {
	case f.cancel <- struct{}{}:
	default:
	}
	return nil
}

func (f *fakeSession) Release() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.released {
		f.s.fault("released twice")
	}
	f.released = true
	f.s.open--
	return nil
}

type fakeHandle struct {
	s      *service
	reader string
	off    bool
}

var _ handle = (*fakeHandle)(nil)

func (h *fakeHandle) Transmit(apdu []byte) ([]byte, error) { return h.s.answer(apdu) }
func (h *fakeHandle) ATR() []byte                          { return []byte(h.reader) }

func (h *fakeHandle) Unpower() error {
	h.s.mu.Lock()
	defer h.s.mu.Unlock()
	if h.off {
		h.s.fault("powered off twice")
	}
	h.off = true
	h.s.cards--
	return nil
}
