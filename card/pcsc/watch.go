// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"madoguchi/card"
)

// settle is the shortest pause between two waits that told nothing new, should
// the service keep waking us.
const settle = 100 * time.Millisecond

// cancelAgain is how often Close repeats its Cancel.
const cancelAgain = 50 * time.Millisecond

// errNoReader says what a person can do.
var errNoReader = fmt.Errorf("%w: plug it in; if it is, its model may be missing from libccid", card.ErrNoReader)

// ended waits a moment for the watch to end.
func (r *Reader) ended() bool { return wait(r.done, cancelAgain) }

// wait waits for ch or for d, and tells whether ch was first.
func wait(ch <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ch:
		return true
	case <-t.C:
		return false
	}
}

// closing tells whether Close has been called.
func (r *Reader) closing() bool {
	select {
	case <-r.quit:
		return true
	default:
		return false
	}
}

// watch follows one context after the other: a context whose pcscd has died
// stays dead (measured with pcscd 1.9.9).
func (r *Reader) watch() {
	defer close(r.done)
	defer close(r.events)
	pause := r.opts.BackoffMin
	for !r.closing() {
		s, err := r.establish()
		if err == nil {
			var lived bool
			lived, err = r.follow(s)
			if lived {
				pause = r.opts.BackoffMin
			}
		}
		if r.closing() {
			return
		}
		r.tell(news{presence: card.NoReader, err: err})
		if wait(r.quit, pause) {
			return
		}
		pause = min(2*pause, r.opts.BackoffMax)
	}
}

// follow watches until s fails; lived says that it worked for a while.
func (r *Reader) follow(s session) (lived bool, err error) {
	r.mu.Lock()
	r.watching = s
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.watching = nil
		r.mu.Unlock()
		_ = s.Release()
	}()
	states := []state{{reader: pnp}}
	for !r.closing() {
		names, err := s.Readers()
		if err != nil {
			return lived, err
		}
		states = r.merge(states, names)
		r.list(states, names)
		if len(states) == 1 {
			r.tell(news{presence: card.NoReader, err: r.noReader(names)})
		}
		lived = true
		before := slices.Clone(states)
		err = s.Wait(states, r.opts.Wait)
		switch {
		case errors.Is(err, errTimeout):
			continue
		case errors.Is(err, errCancelled):
			return lived, err
		case errors.Is(err, errRelist):
			states = states[:1]
			if wait(r.quit, settle) {
				return lived, nil
			}
			continue
		case err != nil:
			return lived, err
		}
		for i := range states {
			states[i].was = states[i].now &^ flagChanged
		}
		r.list(states, names)
		if again := r.judge(before, states); !again && wait(r.quit, settle) {
			return lived, nil
		}
	}
	return lived, nil
}

// noReader says why none of the readers is used.
func (r *Reader) noReader(names []string) error {
	if len(names) == 0 {
		return errNoReader
	}
	return fmt.Errorf("%w has %q in its name; there are: %s", card.ErrNoReader, r.opts.Reader, strings.Join(names, "; "))
}

// list keeps what Slots tells.
func (r *Reader) list(states []state, names []string) {
	slots := make([]Slot, 0, len(names))
	for _, n := range names {
		s := Slot{Name: n, Chosen: strings.Contains(n, r.opts.Reader)}
		if i := slices.IndexFunc(states, func(s state) bool { return s.reader == n }); i >= 0 {
			s.Presence = presence(states[i].was)
			if states[i].was&(flagUnknown|flagUnavailable) != 0 {
				s.Presence = card.NoReader
			}
		}
		slots = append(slots, s)
	}
	r.mu.Lock()
	r.slots = slots
	r.mu.Unlock()
}

// merge keeps what is known of readers that are still there, in the service's
// order after the pseudo reader.
func (r *Reader) merge(old []state, names []string) []state {
	out := []state{old[0]}
	for _, n := range names {
		if n == pnp || !strings.Contains(n, r.opts.Reader) {
			continue
		}
		if i := slices.IndexFunc(old, func(s state) bool { return s.reader == n }); i > 0 {
			out = append(out, old[i])
			continue
		}
		out = append(out, state{reader: n})
	}
	return out
}

// judge tells what the readers hold, and whether anything was new. A card that
// went out and came back between two looks is told as both.
func (r *Reader) judge(before, now []state) (changed bool) {
	best := news{presence: card.Empty}
	usable, swapped := false, false
	for i, s := range now {
		if s.was != before[i].was {
			changed = true
		}
		if s.reader == pnp || s.was&(flagUnknown|flagUnavailable) != 0 {
			continue
		}
		usable = true
		p := presence(s.was)
		if rank(p) > rank(best.presence) {
			best = news{presence: p, reader: s.reader}
			old := before[i].was
			swapped = presence(old) == p && s.was.count()-old.count() >= 2 && old != 0
		}
	}
	switch {
	case usable:
		r.mu.Lock()
		moved := r.told.reader != "" && best.reader != "" && r.told.reader != best.reader
		r.mu.Unlock()
		if swapped || moved {
			r.tell(news{presence: card.Empty})
		}
		r.tell(best)
	case len(now) > 1: // listed, but going
		r.tell(news{presence: card.NoReader, err: errNoReader})
	}
	return changed
}

func presence(f flag) card.Presence {
	switch {
	case f&flagPresent == 0:
		return card.Empty
	case f&flagMute != 0:
		return card.Mute
	}
	return card.Present
}

// rank orders what several readers hold: a card, something mute, nothing.
func rank(p card.Presence) int {
	switch p {
	case card.Present:
		return 2
	case card.Mute:
		return 1
	}
	return 0
}

// tell sends one event, unless it says what the last one said.
func (r *Reader) tell(n news) {
	n.any = true
	r.mu.Lock()
	same := r.told.same(n)
	if old := r.told; old.presence == card.Present && (n.presence != card.Present || n.reader != old.reader) {
		r.losses++
		close(r.lost)
		r.lost = make(chan struct{})
	}
	r.told = n
	r.mu.Unlock()
	if same {
		return
	}
	ev := card.Event{At: r.opts.Now(), Presence: n.presence, Err: n.err}
	ev.Deliver(r.events)
}
