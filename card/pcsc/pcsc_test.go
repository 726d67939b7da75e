// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
)

// bench runs f with a reader on a fake service and looks at the leftovers.
func bench(t *testing.T, s *service, o *Opts, f func(t *testing.T, r *Reader)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// Made here: channels must belong to the bubble.
		s.wake = make(chan struct{})
		r := open(o, s.establish)
		f(t, r)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
		for range r.Events() { // closed
		}
		synctest.Wait()
		if s.open != 0 || s.cards != 0 || len(s.faults) > 0 {
			t.Errorf("left: %d contexts, %d connections, faults %v", s.open, s.cards, s.faults)
		}
	})
}

// told takes every event that is there.
func told(r *Reader) (out []card.Presence) {
	synctest.Wait()
	for {
		select {
		case ev, ok := <-r.Events():
			if !ok {
				return out
			}
			out = append(out, ev.Presence)
		default:
			return out
		}
	}
}

func expect(t *testing.T, r *Reader, what string, want ...card.Presence) {
	t.Helper()
	if diff := cmp.Diff(want, told(r)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// pass lets fake time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestEvents(t *testing.T) {
	s := newService()
	bench(t, s, nil, func(t *testing.T, r *Reader) {
		expect(t, r, "no reader at first", card.NoReader)
		s.flags["A"] = 0x10
		s.list("A")
		pass(time.Second)
		expect(t, r, "reader plugged in", card.Empty)
		s.set("A", flagPresent, 1)
		expect(t, r, "card in", card.Present)
		s.set("A", flagPresent|0x100, 0) // in use: no news
		pass(time.Second)
		expect(t, r, "card in use")
		s.set("A", 0x10, 1)
		pass(time.Second)
		expect(t, r, "card out", card.Empty)
		s.set("A", flagPresent|flagMute, 1)
		pass(time.Second)
		expect(t, r, "card the wrong way round", card.Mute)
		s.set("A", 0x10, 1)
		pass(time.Second)
		s.set("A", flagPresent, 1)
		pass(time.Second)
		expect(t, r, "turned", card.Empty, card.Present)
		s.set("A", flagPresent, 2)
		pass(time.Second)
		expect(t, r, "out and in between two looks", card.Empty, card.Present)
		delete(s.flags, "A")
		s.list()
		pass(time.Second)
		expect(t, r, "reader unplugged", card.NoReader)
		pass(10 * time.Minute)
		expect(t, r, "a long wait")
	})
}

// TestServiceGone: pcscd dies and comes back; the pauses grow and are bounded.
func TestServiceGone(t *testing.T) {
	s := newService("A")
	s.flags["A"] = flagPresent
	s.down = true
	bench(t, s, &Opts{BackoffMin: time.Second, BackoffMax: 8 * time.Second}, func(t *testing.T, r *Reader) {
		ev := <-r.Events()
		if ev.Presence != card.NoReader || !errors.Is(ev.Err, ErrNoService) || !errors.Is(ev.Err, card.ErrNoReader) {
			t.Errorf("event %v, %v", ev.Presence, ev.Err)
		}
		if _, err := r.Connect(context.Background()); !errors.Is(err, card.ErrNoReader) {
			t.Errorf("connecting without service: %v", err)
		}
		pass(time.Minute)
		expect(t, r, "said once")
		s.kill(false)
		pass(8 * time.Second)
		expect(t, r, "service is back", card.Present)
		s.kill(true)
		pass(time.Millisecond)
		s.kill(false)
		expect(t, r, "service killed", card.NoReader)
		pass(time.Second)
		expect(t, r, "and back on a new context", card.Present)
		if s.opened != 2 {
			t.Errorf("%d contexts, want 2", s.opened)
		}
	})
}

// TestChoice: by part of the name, else the reader that holds a card.
func TestChoice(t *testing.T) {
	s := newService("Virtual 00 00", "Virtual 00 01")
	s.flags["Virtual 00 00"], s.flags["Virtual 00 01"] = 0x10, flagPresent
	bench(t, s, nil, func(t *testing.T, r *Reader) {
		expect(t, r, "second reader holds a card", card.Present)
		if got := r.String(); got != "PC/SC reader Virtual 00 01" {
			t.Errorf("String() = %q", got)
		}
		s.set("Virtual 00 00", flagPresent, 1)
		pass(time.Second)
		expect(t, r, "the first one too: told as another card", card.Empty, card.Present)
	})
	s = newService("Virtual 00 00", "Virtual 00 01")
	s.flags["Virtual 00 00"], s.flags["Virtual 00 01"] = 0x10, flagPresent
	bench(t, s, &Opts{Reader: "00 00"}, func(t *testing.T, r *Reader) {
		expect(t, r, "named reader is empty", card.Empty)
		if _, err := r.Connect(context.Background()); !errors.Is(err, card.ErrNoCard) {
			t.Errorf("connecting: %v", err)
		}
	})
	bench(t, newService("A", "C"), &Opts{Reader: "B"}, func(t *testing.T, r *Reader) {
		synctest.Wait()
		ev := <-r.Events()
		if want := `no card reader has "B" in its name; there are: A; C`; ev.Presence != card.NoReader || ev.Err == nil || ev.Err.Error() != want {
			t.Errorf("named reader is missing: %+v, want %s", ev, want)
		}
	})
	s = newService("A 00 00", "B 00 00")
	s.flags["A 00 00"], s.flags["B 00 00"] = flagPresent|flagMute, flagPresent
	bench(t, s, &Opts{Reader: "A"}, func(t *testing.T, r *Reader) {
		expect(t, r, "named reader holds something mute", card.Mute)
		want := []Slot{{"A 00 00", card.Mute, true}, {"B 00 00", card.NoReader, false}}
		if diff := cmp.Diff(want, r.Slots()); diff != "" {
			t.Errorf("slots (-want +got):\n%s", diff)
		}
	})
}

// TestNoisyService: a service that wakes us for nothing costs ten looks a second.
func TestNoisyService(t *testing.T) {
	s := newService("A")
	s.flags["A"], s.noisy = 0x10, true
	bench(t, s, nil, func(t *testing.T, r *Reader) {
		pass(10 * time.Second)
		expect(t, r, "nothing new", card.Empty)
		if s.waits > 110 {
			t.Errorf("%d waits in 10 s", s.waits)
		}
	})
}

func TestConnect(t *testing.T) {
	s := newService("A")
	s.flags["A"] = flagPresent
	s.answer = func(apdu []byte) ([]byte, error) { return []byte{0x90, 0x00}, nil }
	var traced []string
	bench(t, s, &Opts{Trace: func(line string) { traced = append(traced, line) }}, func(t *testing.T, r *Reader) {
		expect(t, r, "card", card.Present)
		l, err := r.Connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got := string(l.(interface{ ATR() []byte }).ATR()); got != "A" {
			t.Errorf("ATR %q", got)
		}
		if _, err := l.Transmit([]byte("\x00\x20\x00\x80\x041234")); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"00 20 [PIN]"}, traced); diff != "" {
			t.Errorf("trace (-want +got):\n%s", diff)
		}
		if _, err := l.Transmit(nil); err == nil {
			t.Error("an empty command was sent")
		}
		for range 2 {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := l.Transmit([]byte{0, 0x20, 0, 0x80}); !errors.Is(err, errClosed) {
			t.Errorf("after Close: %v", err)
		}
		s.refuse = card.ErrBusy
		if _, err := r.Connect(context.Background()); !errors.Is(err, card.ErrBusy) {
			t.Errorf("card in use: %v", err)
		}
	})
}

// TestHanging: nothing can stop SCardTransmit or SCardConnect, so neither Close
// nor a deadline waits for them; the card loses its power when they return.
func TestHanging(t *testing.T) {
	s := newService("A")
	s.flags["A"] = flagPresent
	bench(t, s, nil, func(t *testing.T, r *Reader) {
		expect(t, r, "card", card.Present)
		hang := make(chan struct{})
		s.answer = func([]byte) ([]byte, error) { <-hang; return []byte{0x90, 0x00}, nil }
		l, err := r.Connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		go func() {
			_, err := l.Transmit([]byte{0, 0x20, 0, 0x80})
			failed <- err
		}()
		synctest.Wait()
		if _, err := l.Transmit([]byte{0, 0x20, 0, 0x80}); !errors.Is(err, card.ErrBusy) {
			t.Errorf("second command: %v", err)
		}
		if err := l.Close(); err != nil || s.cards != 1 {
			t.Errorf("close under a command: %v, %d connections", err, s.cards)
		}
		close(hang)
		if err := <-failed; !errors.Is(err, errClosed) {
			t.Errorf("the command that hung: %v", err)
		}
		synctest.Wait()
		if s.cards != 0 {
			t.Error("the card kept its power")
		}

		s.hold = make(chan struct{})
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if _, err := r.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("connecting: %v", err)
		}
		close(s.hold)
	})
}

// TestNewest: a receiver that sleeps finds the newest state last.
func TestNewest(t *testing.T) {
	s := newService("A")
	s.flags["A"] = 0x10
	bench(t, s, nil, func(t *testing.T, r *Reader) {
		for range 20 {
			s.set("A", flagPresent, 1)
			pass(time.Second)
			s.set("A", 0x10, 1)
			pass(time.Second)
		}
		s.set("A", flagPresent, 1)
		pass(time.Second)
		got := told(r)
		if len(got) != cap(r.events) || got[len(got)-1] != card.Present {
			t.Errorf("events %v", got)
		}
	})
}

// TestNoCgo builds card without cgo.
func TestNoCgo(t *testing.T) {
	cmd := exec.Command("go", "build", "madoguchi/card/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("building without cgo: %v\n%s", err, out)
	}
	if !built {
		if _, err := Open(nil); !errors.Is(err, ErrNotBuilt) {
			t.Errorf("Open: %v, want %v", err, ErrNotBuilt)
		}
	}
}
