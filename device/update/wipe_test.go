// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/update"
)

// home is a box as far as wiping goes.
type home struct {
	mu    sync.Mutex
	code  string // why it is not ready
	begun []update.Wipe
	fails error
}

// stands sets why the box is not ready.
func (h *home) stands(code string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.code = code
}

// keeps sets whether it can keep the mark.
func (h *home) keeps(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fails = err
}

// times is how often it was wiped.
func (h *home) times() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.begun)
}

func (h *home) Ready(w update.Wipe) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.EvenUnsent {
		return ""
	}
	return h.code
}

func (h *home) Begin(w update.Wipe) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fails != nil {
		return h.fails
	}
	h.begun = append(h.begun, w)
	return nil
}

var wipeSerial = strings.Repeat("5e", 16)

// ordered is an assignment that has the box wiped.
func (b *bench) ordered(device string, gen int64, change func(*update.Wipe)) []byte {
	b.t.Helper()
	o := update.Order{Device: device, Wipe: &update.Wipe{Serial: wipeSerial, Until: day.AddDate(0, 0, 14)}}
	if change != nil {
		change(o.Wipe)
	}
	raw, err := b.Repository.Assign(gen, o, nil, day.AddDate(0, 1, 0))
	if err != nil {
		b.t.Fatal(err)
	}
	return raw
}

// wiping is the code that was told last of an order; "-": none stands.
func (b *bench) wiping() string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.told); n > 0 && b.told[n-1].Wipe != nil {
		return b.told[n-1].Wipe.Code
	}
	return "-"
}

// TestWipe: an order is carried out when nothing stands in its way, by this box only, once, before its end, and never without the director's signature.
func TestWipe(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(*bench, *home)
		raw   func(*bench) []byte
		code  string              // what is told after a minute; "wiped": nothing more
		then  func(*bench, *home) // what changes
		after string
	}{
		{name: "at rest", code: "wiped"},
		{name: "another box's", raw: func(b *bench) []byte { return b.ordered("box-2", 1, nil) }, code: "-"},
		{name: "signed by nobody", raw: func(b *bench) []byte {
			raw := b.ordered("box", 1, nil)
			return []byte(strings.Replace(string(raw), wipeSerial, strings.Repeat("5f", 16), 1))
		}, code: "-"},
		{name: "an older assignment again", set: func(b *bench, _ *home) { b.agent.Desired(b.assign(b.t, "box", 7)) }, code: "-"},
		{name: "after its end", raw: func(b *bench) []byte {
			return b.ordered("box", 1, func(w *update.Wipe) { w.Until = day.Add(-time.Hour) })
		}, code: "expired"},
		{name: "it ends while it waits", set: func(_ *bench, h *home) { h.stands("unsent") }, raw: func(b *bench) []byte {
			return b.ordered("box", 1, func(w *update.Wipe) { w.Until = day.Add(2 * time.Minute) })
		}, code: "unsent", then: func(_ *bench, h *home) { time.Sleep(3 * time.Minute); h.stands("") }, after: "expired"},
		{name: "no serial", raw: func(b *bench) []byte { return b.ordered("box", 1, func(w *update.Wipe) { w.Serial = "" }) }, code: "-"},
		{name: "no end", raw: func(b *bench) []byte { return b.ordered("box", 1, func(w *update.Wipe) { w.Until = time.Time{} }) }, code: "-"},
		{name: "clock not known", set: func(b *bench, _ *home) { b.lost.Store(true) }, code: "clock", then: func(b *bench, _ *home) { b.lost.Store(false) }, after: "wiped"},
		{name: "records lie here", set: func(_ *bench, h *home) { h.stands("unsent") }, code: "unsent", then: func(_ *bench, h *home) { h.stands("") }, after: "wiped"},
		{name: "records lie here, and two people let them go", set: func(_ *bench, h *home) { h.stands("unsent") },
			raw: func(b *bench) []byte { return b.ordered("box", 1, func(w *update.Wipe) { w.EvenUnsent = true }) }, code: "wiped"},
		{name: "an open case, of which nobody learns", set: func(b *bench, _ *home) { b.busy.Store(true) }, code: "", then: func(b *bench, _ *home) { b.busy.Store(false) }, after: "wiped"},
		{name: "no room for the mark", set: func(_ *bench, h *home) { h.keeps(errors.New("no room")) }, code: "storage", then: func(_ *bench, h *home) { h.keeps(nil) }, after: "wiped"},
		{name: "taken back", set: func(_ *bench, h *home) { h.stands("unsent") }, code: "unsent", then: func(b *bench, h *home) {
			b.agent.Desired(b.assign(b.t, "box", 2))
			time.Sleep(time.Minute)
			h.stands("")
			b.agent.Desired(b.ordered("box", 1, nil)) // by a broker that remembers
		}, after: "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, h := newBench(t, false), &home{}
				b.home = h
				b.start()
				if c.set != nil {
					c.set(b, h)
				}
				time.Sleep(time.Minute)
				if c.raw == nil {
					c.raw = func(b *bench) []byte { return b.ordered("box", 1, nil) }
				}
				b.agent.Desired(c.raw(b))
				look := func(want string) {
					t.Helper()
					time.Sleep(time.Minute)
					got := b.wiping()
					if h.times() > 0 {
						got = "wiped"
					}
					if got != want {
						t.Errorf("%q, want %q", got, want)
					}
				}
				look(c.code)
				if c.then != nil {
					c.then(b, h)
					look(c.after)
				}
				if h.times() == 0 {
					b.stop()
					return
				}
				if err := <-b.ended; !errors.Is(err, update.ErrWipe) || !b.held.Load() || h.times() != 1 {
					t.Errorf("it ends with %v, held %v, begun %d times", err, b.held.Load(), h.times())
				}
			})
		})
	}
}

// TestWipeUnable: a box whose settings lie elsewhere says so, and takes updates as before.
func TestWipeUnable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		b.start()
		b.agent.Desired(b.ordered("box", 1, nil))
		time.Sleep(time.Minute)
		if got := b.wiping(); got != "unable" {
			t.Errorf("%q", got)
		}
		b.stop()
	})
}

// TestWipeInWindow: firmware that waits for its night holds no wipe up.
func TestWipeInWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, h := newBench(t, true), &home{code: "unsent"}
		b.home = h
		path, _ := b.release(t, update.Firmware, "1.5.0", 2, noise(t, 10<<10))
		b.start()
		o := update.Order{Device: "box", Window: update.Window{From: "01:00", To: "01:01"}, Wipe: &update.Wipe{Serial: wipeSerial, Until: day.AddDate(0, 0, 14)}}
		raw, err := b.Repository.Assign(1, o, []string{path}, day.AddDate(0, 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		b.agent.Desired(raw)
		time.Sleep(time.Minute)
		if d := cmp.Diff([]string{"fetching", "waiting"}, b.states()); d != "" {
			t.Error(d)
		}
		h.stands("")
		time.Sleep(time.Minute)
		synctest.Wait()
		if h.times() != 1 {
			t.Fatal("it was not wiped")
		}
		<-b.ended
	})
}
