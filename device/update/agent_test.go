// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/update"
)

// bench is a city, a box and its agent under a clock that waits for nobody.
type bench struct {
	*city
	t     *testing.T
	slot  *slot
	more  map[update.Kind]update.Installer // of other kinds, or in the slot's place
	dir   string
	down  atomic.Bool // the line
	busy  atomic.Bool // a case is open
	held  atomic.Bool // no case may open
	lost  atomic.Bool // the time is not known
	mu    sync.Mutex  // a sleep in a bubble orders nothing for the race detector
	told  []update.Status
	sent  atomic.Int64
	line  *slowLine // nil: answers come at once
	agent *update.Agent
	stop  func()
	ended chan error
	home  *home                           // nil: it cannot be wiped
	image string                          // version of the running one
	wrap  func(update.Store) update.Store // nil: as it is
}

func newBench(t *testing.T, reboots bool) *bench {
	return &bench{city: newCity(t), t: t, slot: &slot{reboots: reboots}, dir: t.TempDir()}
}

// start starts the box: a new agent over what was stored.
func (b *bench) start() {
	b.t.Helper()
	b.open()
	b.run()
}

// open is a start up to Run.
func (b *bench) open() {
	b.t.Helper()
	b.slot.start()
	b.held.Store(false)
	kind := update.Policy
	if b.slot.reboots {
		kind = update.Firmware
	}
	installers := map[update.Kind]update.Installer{kind: b.slot}
	maps.Copy(installers, b.more)
	var store update.Store = cutStore{b.store, b.slot}
	if b.wrap != nil {
		store = b.wrap(store)
	}
	var wiper update.Wiper
	if b.home != nil {
		wiper = b.home
	}
	var err error
	b.agent, err = update.NewAgent(update.AgentOpts{Device: "box", Root: b.first, Store: store, Dir: b.dir,
		Box:        update.Box{Product: "counter", Hardware: "rpi4", City: "nabari", Version: b.image},
		Installers: installers,
		Send: func(w update.Want) error {
			b.sent.Add(1)
			if b.down.Load() {
				return errors.New("line down")
			}
			for _, one := range w.Each() {
				p := b.answer(one)
				body, err := p.Encode()
				if err != nil {
					return err
				}
				var wait time.Duration
				if b.line != nil {
					wait = time.Until(b.line.arrives(time.Now(), len(p.Data)))
				}
				agent := b.agent
				time.AfterFunc(wait, func() { _ = agent.Part(body) })
			}
			return nil
		},
		Now:  func() update.Moment { return update.Moment{At: day.Add(time.Since(zero)), Trusted: !b.lost.Load()} },
		Hold: b.hold, Wipe: wiper,
		Changed: func(s update.Status) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.told = append(b.told, s)
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// run runs the agent that was opened.
func (b *bench) run() {
	ctx, cancel := context.WithCancel(context.Background())
	b.ended = make(chan error, 1)
	go func() { b.ended <- b.agent.Run(ctx) }()
	b.stop = func() { cancel(); <-b.ended }
}

// hold is the counter's: while it is held no case opens, and while one is open it cannot be held.
func (b *bench) hold(update.Kind) (func(), bool) {
	if b.busy.Load() {
		return nil, false
	}
	if !b.held.CompareAndSwap(false, true) {
		b.t.Error("held twice")
	}
	return func() { b.held.Store(false) }, true
}

// zero is the first moment of a synctest bubble.
var zero = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// reboot waits for the agent's wish and starts the box.
func (b *bench) reboot() {
	b.t.Helper()
	select {
	case err := <-b.ended:
		if !errors.Is(err, update.ErrReboot) {
			b.t.Fatalf("run: %v, want ErrReboot", err)
		}
	case <-time.After(30 * 24 * time.Hour):
		b.stop()
		b.t.Fatal("no wish to start again in thirty days")
	}
	b.start()
}

// states are the states told since the last call.
func (b *bench) states() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, s := range b.told {
		text := string(s.State)
		if s.Code != "" {
			text += " " + s.Code
		}
		if len(out) == 0 || out[len(out)-1] != text {
			out = append(out, text)
		}
	}
	b.told = nil
	return out
}

func (b *bench) expect(want ...string) {
	b.t.Helper()
	if d := cmp.Diff(want, b.states()); d != "" {
		b.t.Errorf("states (-want +got):\n%s", d)
	}
}

func TestAgentLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		path, m := b.release(t, update.Policy, "2", 2, noise(t, 200<<10))
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, path))
		time.Sleep(time.Hour)
		b.expect("fetching", "installing", "trial", "committed", "idle")
		if b.at().committed != m.SHA256 {
			t.Error("another payload is in force")
		}
		b.agent.Desired(b.assign(t, "box", 1, path)) // again, and an older one: nothing happens
		time.Sleep(time.Hour)
		b.expect("idle")
		b.stop()
		b.start() // nor after a start
		time.Sleep(24 * time.Hour)
		b.stop()
		if got := slices.Index(b.at().calls[3:], "install"); got >= 0 {
			t.Errorf("installed again: %v", b.at().calls)
		}
	})
}

func TestAgentReverts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		good, _ := b.release(t, update.Policy, "1", 1, []byte("good rules"))
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, good))
		time.Sleep(time.Hour)
		b.states()
		kept := b.at().committed
		bad, _ := b.release(t, update.Policy, "2", 2, []byte("sick rules"))
		b.slot.sick = errors.New("does not draw")
		b.agent.Desired(b.assign(t, "box", 2, bad))
		time.Sleep(time.Hour)
		b.expect("fetching", "installing", "trial", "reverted health")
		if b.at().running != kept {
			t.Error("the good version does not run")
		}
		time.Sleep(24 * time.Hour) // the same assignment is not tried again, and why stays said
		b.expect("reverted health")
		b.agent.Desired(b.assign(t, "box", 3, good)) // it is withdrawn: nothing is wrong any more
		time.Sleep(time.Hour)
		b.expect("idle")
		b.stop()
	})
}

func TestAgentRefuses(t *testing.T) {
	tests := map[string]struct {
		prepare func(b *bench) []byte
		want    []string
	}{
		"a payload that the kind does not take": {func(b *bench) []byte {
			b.slot.refuse = errors.New("line 3")
			path, _ := b.release(b.t, update.Policy, "2", 2, []byte("x"))
			return b.assign(b.t, "box", 1, path)
		}, []string{"fetching", "failed check"}},
		"a kind that this box does not install": {func(b *bench) []byte {
			path, _ := b.release(b.t, update.Firmware, "2", 2, []byte("x"))
			return b.assign(b.t, "box", 1, path)
		}, []string{"failed refused.installer"}},
		"another product": {func(b *bench) []byte {
			m := manifest(update.Policy, "2", 2)
			m.Product = "kiosk"
			if _, err := b.Release("policy/2/any.json", m, bytes.NewReader([]byte("x"))); err != nil {
				b.t.Fatal(err)
			}
			if err := b.Publish(day); err != nil {
				b.t.Fatal(err)
			}
			return b.assign(b.t, "box", 1, "policy/2/any.json")
		}, []string{"failed refused.product"}},
		"no clock": {func(b *bench) []byte {
			b.lost.Store(true)
			path, _ := b.release(b.t, update.Policy, "2", 2, []byte("x"))
			return b.assign(b.t, "box", 1, path)
		}, []string{"failed refused.clock"}},
		"another box's assignment": {func(b *bench) []byte {
			path, _ := b.release(b.t, update.Policy, "2", 2, []byte("x"))
			return b.assign(b.t, "twin", 1, path)
		}, []string{"failed assignment"}},
		"chunks that the depot has dropped": {func(b *bench) []byte {
			path, m := b.release(b.t, update.Policy, "2", 2, []byte("x"))
			delete(b.depot, update.ChunkName(m.SHA256)) // of one chunk, so the payload's own digest
			return b.assign(b.t, "box", 1, path)
		}, []string{"fetching", "failed gone"}},
		"a manifest of other bytes": {func(b *bench) []byte {
			path, m := b.release(b.t, update.Policy, "2", 2, []byte("x"))
			raw, err := m.Encode()
			if err != nil {
				b.t.Fatal(err)
			}
			b.depot[update.ObjectName(update.Sum(raw))] = bytes.Replace(raw, []byte(`"2"`), []byte(`"3"`), 1)
			return b.assign(b.t, "box", 1, path)
		}, []string{"failed manifest"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false)
				raw := tt.prepare(b)
				b.start()
				b.agent.Desired(raw)
				time.Sleep(time.Hour)
				b.expect(tt.want...)
				if slices.Contains(b.at().calls, "install") {
					t.Error("something was installed")
				}
				b.stop()
			})
		})
	}
}

func TestAgentSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true)
		path, m := b.release(t, update.Firmware, "2", 2, noise(t, 300<<10))
		b.start()
		b.busy.Store(true) // a case is open
		b.agent.Desired(b.assign(t, "box", 1, path))
		time.Sleep(10 * time.Hour)
		b.expect("fetching", "waiting")
		b.busy.Store(false)
		b.reboot()
		time.Sleep(10 * time.Minute)
		b.expect("installing", "rebooting", "trial") // committed is not said before the soak's end
		time.Sleep(time.Hour)
		b.expect("committed", "idle")
		if b.at().committed != m.SHA256 {
			t.Error("another firmware is committed")
		}
		b.stop()
	})
}

func TestAgentFallsBack(t *testing.T) {
	for name, tt := range map[string]struct {
		break_ func(s *slot)
		want   string
	}{
		"does not start":         {func(s *slot) { s.noStart = true }, "reverted fell_back"},
		"starts and is not well": {func(s *slot) { s.sick = errors.New("no reader") }, "reverted health"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, true)
				path, m := b.release(t, update.Firmware, "2", 2, []byte("bad"))
				tt.break_(b.slot)
				b.start()
				b.agent.Desired(b.assign(t, "box", 1, path))
				b.reboot()
				if !b.slot.noStart {
					b.reboot() // by the health gate
				}
				time.Sleep(time.Second)
				if got := b.states(); !slices.Contains(got, tt.want) || slices.Contains(got, "committed") {
					t.Errorf("states %v, want %q and never committed", got, tt.want)
				}
				if b.at().running == m.SHA256 {
					t.Error("the bad one runs")
				}
				b.stop()
			})
		})
	}
}

func TestAgentLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		path, _ := b.release(t, update.Policy, "2", 2, noise(t, 400<<10))
		b.start()
		b.down.Store(true)
		b.agent.Desired(b.assign(t, "box", 1, path))
		time.Sleep(3 * time.Hour)
		if n := b.sent.Load(); n > 400 {
			t.Errorf("%d requests in three hours without a line", n)
		}
		b.expect("failed line")
		b.down.Store(false)
		time.Sleep(time.Hour)
		if got := b.states(); !slices.Contains(got, "committed") {
			t.Errorf("states %v after the line came back, want committed", got)
		}
		b.stop()
	})
}

func TestAgentSuperseded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true)
		first, _ := b.release(t, update.Firmware, "2", 2, []byte("withdrawn"))
		second, m := b.release(t, update.Firmware, "3", 3, []byte("wanted"))
		b.busy.Store(true)
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, first))
		time.Sleep(time.Hour)
		b.agent.Desired(b.assign(t, "box", 2, second))
		time.Sleep(time.Hour)
		b.busy.Store(false)
		b.reboot()
		time.Sleep(time.Hour)
		if b.at().committed != m.SHA256 || slices.Index(b.at().calls, "install") != slices.Index(b.at().calls, "activate")-1 {
			t.Errorf("calls %v, want the second one installed alone", b.at().calls)
		}
		b.stop()
	})
}
