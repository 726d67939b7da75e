// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display/epd/epdtest"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// TestPowerCut stops the box at each screen of a change without letting the case end, and switches it on again: one record, "interrupted" unless the case's own
// was stored before, and the start screen names the card step.
func TestPowerCut(t *testing.T) {
	for _, tc := range []struct {
		at   string
		want record.Outcome
	}{
		{"resident.language", record.Interrupted},
		{"resident.newpin.login", record.Interrupted},
		{"resident.changing", record.Interrupted},
		{"resident.changed", record.Done},
		{"resident.leavecheck.login", record.Done},
	} {
		t.Run(tc.at, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.opens(pinpad.Key2, pinpad.Key1)
				if tc.at != "resident.language" {
					r.press(pinpad.Key1)
					r.until("resident.card.insert")
					c := adult()
					if tc.at == "resident.changing" {
						hold := make(chan struct{})
						defer close(hold)
						c.Inject(simcard.Fault{At: 18, Hold: hold})
					}
					r.reader.Insert(c)
					r.goesOn(tc.at)
				}
				if err := r.off(); err != nil {
					t.Errorf("Run: %v", err)
				}
				if !r.leftWhite {
					t.Error("the panel keeps the case's screen")
				}
				r.reader.Remove()
				r.on()
				if tc.want == record.Interrupted {
					r.until("clerk.interrupted")
					r.press(pinpad.KeyEnter)
				}
				r.until("idle")
				if n := r.box.Stats().Created; n != 1 {
					t.Errorf("%d records, want 1", n)
				}
				p := r.peer(wall.Up)
				if b := p.batch(); len(b.Records) != 1 || b.Records[0].Outcome() != tc.want {
					t.Errorf("records %v, want one %v", b.Records, tc.want)
				}
				p.conn.Close()
				r.off()
				r.on() // and it is not told again
				r.until("idle")
				if n := r.box.Stats().Created; n != 1 {
					t.Errorf("%d records after another start, want 1", n)
				}
			})
		})
	}
}

// TestTimeouts: a resident who walks away in the middle of an entry.
func TestTimeouts(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
		r.until("resident.pin.login")
		r.press(pinpad.Key1, pinpad.Key2)
		r.until("resident.timeout")
		r.press(pinpad.Key7) // goes on; this key is not stored
		r.until("resident.pin.login")
		r.press(pinpad.Key3, pinpad.Key4, pinpad.KeyEnter)
		r.until("resident.done")
		r.rests()
		if n := r.box.Stats().Created; n != 1 {
			t.Errorf("%d records, want 1", n)
		}
	})
}

// TestThrottle: five wrong codes, and pulling the plug does not help.
func TestThrottle(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.until("idle")
		for range 5 {
			r.press(pinpad.KeyEnter)
			time.Sleep(5 * time.Second)
			r.until("clerk.code")
			r.digits("0000")
			time.Sleep(5 * time.Second)
			r.press(pinpad.KeyCancel)
			r.until("idle")
		}
		r.press(pinpad.KeyEnter)
		r.until("clerk.code.wait")
		r.off()
		r.on()
		r.until("idle")
		r.press(pinpad.KeyEnter)
		r.until("clerk.code.wait")
		r.until("idle")
		time.Sleep(time.Minute)
		r.press(pinpad.KeyEnter)
		r.until("clerk.code")
		r.digits(clerkCode)
		r.until("clerk.procedure")
	})
}

// TestReaderGone: unplugged at rest and in the middle of an entry.
func TestReaderGone(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.until("idle")
		r.reader.Unplug()
		r.until("fault.reader")
		r.press(pinpad.KeyEnter) // what needs it is not started
		time.Sleep(5 * time.Second)
		r.until("fault.reader")
		r.reader.Plug()
		r.until("idle")
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
		r.until("resident.pin.login")
		r.press(pinpad.Key1)
		r.reader.Unplug()
		r.until("resident.failed")
		r.reader.Plug()
		r.rests()
	})
}

// TestPanelFault: the panel hangs while a PIN is typed. Nothing goes on in front of it, the clerk's face waits until it is white, and then the box serves again.
func TestPanelFault(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
		r.until("resident.pin.login")
		r.panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = true })
		r.press(pinpad.Key1, pinpad.Key2)
		time.Sleep(2 * time.Minute)
		if s := r.state(); s.Screen != "wipe" || s.Lamp != "stopped" {
			t.Errorf("with a dead panel: %+v", s)
		}
		if n := pin.InUse(); n != 0 {
			t.Errorf("%d locked pages are in use", n)
		}
		r.panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = false })
		r.comes("clerk.closed")
		r.panel.ForgetFaults()
		r.press(pinpad.KeyEnter)
		r.until("fault.panel")
		r.press(pinpad.KeyEnter)
		r.until("idle")
		if n := r.box.Stats().Created; n != 1 {
			t.Errorf("%d records, want 1", n)
		}
	})
}

// comes waits five minutes of the bubble for a screen.
func (r *rig) comes(screen string) {
	r.t.Helper()
	for range 300 {
		if s := r.state(); s.Screen == screen && !s.Busy {
			return
		}
		time.Sleep(time.Second)
	}
	r.t.Fatalf("the box stays at %+v", r.state())
}

// TestCommandHangs: a command that never comes back is abandoned, its PIN is wiped, and the resident goes on with the card put in again.
func TestCommandHangs(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		c := adult()
		r.toPIN(pinpad.Key1, pinpad.Key1, c, "login")
		r.until("resident.pin.login")
		hold, reached := make(chan struct{}), make(chan struct{})
		c.Inject(simcard.Fault{At: 7, Hold: hold, Reached: reached}) // asking for the tries twice, then VERIFY
		r.digits("1234")
		<-reached
		r.until("resident.failed")
		close(hold)
		time.Sleep(time.Second)
		if n := pin.InUse(); n != 0 {
			t.Errorf("%d locked pages are in use", n)
		}
		r.press(pinpad.KeyEnter)
		r.until("resident.board")
		r.press(pinpad.KeyEnter)
		r.until("resident.about.login")
		r.press(pinpad.KeyEnter)
		r.until("resident.pin.login")
		r.digits("1234")
		r.until("resident.done")
		r.leaves()
	})
}

// deaf is a reader whose Connect never comes back.
type deaf struct {
	*simcard.Reader
	deaf  bool
	never chan struct{}
}

func (d *deaf) Connect(ctx context.Context) (card.Link, error) {
	if d.deaf {
		<-d.never
	}
	return d.Reader.Connect(ctx)
}

// TestServiceHangs: when connecting hangs too, only a new process helps.
func TestServiceHangs(t *testing.T) {
	d := &deaf{never: make(chan struct{})}
	bubble(t, func(r *rig) {
		d.Reader, d.never = r.reader, make(chan struct{})
		r.hw = func(h *device.Hardware) { h.Reader = d }
	}, func(r *rig) {
		r.until("idle")
		d.deaf = true
		r.reader.Insert(adult())
		err := r.gone()
		var e *device.ExitError
		if !errors.As(err, &e) || e.Code != device.ExitReader {
			t.Errorf("Run: %v, want exit code %d", err, device.ExitReader)
		}
		close(d.never)
	})
}

// TestPanic: whatever breaks, PINs and panel are wiped and the exit code says so.
func TestPanic(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
		r.until("resident.pin.login")
		var once sync.Once
		r.mu.Lock()
		r.watch = func(device.Observed) { once.Do(func() { panic("1234 must not be printed") }) }
		r.mu.Unlock()
		r.press(pinpad.Key1)
		err := r.gone()
		var e *device.ExitError
		if !errors.As(err, &e) || e.Code != device.ExitPanic {
			t.Fatalf("Run: %v, want exit code %d", err, device.ExitPanic)
		}
		if strings.Contains(err.Error(), "1234") {
			t.Errorf("the error holds the panic's value: %v", err)
		}
		if n := pin.InUse(); n != 0 {
			t.Errorf("%d locked pages are in use", n)
		}
		if !r.leftWhite {
			t.Error("the panel keeps the entry screen")
		}
	})
}

// TestForgedReceipts: the network side cannot make records go away.
func TestForgedReceipts(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.opens(pinpad.Key1, pinpad.Key1)
		r.press(pinpad.Key1)
		r.until("resident.card.insert")
		r.press(pinpad.KeyCancel)
		r.until("resident.cancel")
		r.press(pinpad.KeyCancel)
		r.leaves()
		p := r.peer(wall.Up)
		b := p.batch()
		good := r.key
		_, r.key, _ = ed25519.GenerateKey(nil)
		p.ack(b, b.Last()) // not city hall's key
		r.key = good
		p.ack(b, b.Last()+1) // more than was sent
		other := b
		other.Epoch++
		p.ack(other, b.Last()) // another outbox
		time.Sleep(time.Second)
		if s := r.box.Stats(); s.Out != 1 {
			t.Errorf("after forged receipts: %+v", s)
		}
		if _, _, n := r.box.Refused(); n != 3 {
			t.Errorf("%d receipts are counted as refused, want 3", n)
		}
		if again := p.batch(); len(again.Records) != 1 || again.Records[0] != b.Records[0] { // no receipt: it comes again
			t.Errorf("sent again: %v", again)
		}
		p.ack(b, b.Last())
		time.Sleep(time.Second)
		if s := r.box.Stats(); s.Out != 0 {
			t.Errorf("after the true receipt: %+v", s)
		}
		p.link(wall.Down)
		time.Sleep(time.Second)
		p.conn.Close()
	})
}

// TestQuarantine: a damaged record file is put aside and said.
func TestQuarantine(t *testing.T) {
	bubble(t, func(r *rig) {
		if err := os.WriteFile(filepath.Join(r.dir, "outbox.db"), []byte(strings.Repeat("broken ", 4000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}, func(r *rig) {
		r.until("fault.storage")
		r.press(pinpad.KeyEnter)
		r.until("idle")
	})
}

// lid is a switch: high is open.
type lid struct {
	gpio.PinIn
	open atomic.Bool
	edge chan struct{}
}

func (l *lid) In(gpio.Pull, gpio.Edge) error { return nil }
func (l *lid) Read() gpio.Level              { return gpio.Level(l.open.Load()) }
func (l *lid) Halt() error                   { l.set(l.open.Load()); return nil }

func (l *lid) set(open bool) {
	l.open.Store(open)
	select {
	case l.edge <- struct{}{}:
	default:
	}
}

func (l *lid) WaitForEdge(d time.Duration) bool {
	select {
	case <-l.edge:
		return true
	case <-time.After(d):
		return false
	}
}

// TestLid: with the lid open no PIN step starts, and one that runs ends.
func TestLid(t *testing.T) {
	var l *lid
	bubble(t, func(r *rig) {
		l = &lid{edge: make(chan struct{}, 1)}
		r.hw = func(h *device.Hardware) { h.Lid = l }
	}, func(r *rig) {
		r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
		r.until("resident.pin.login")
		r.press(pinpad.Key1)
		l.set(true)
		r.until("resident.stopped")
		r.press(pinpad.KeyEnter)
		r.until("resident.card.take")
		r.reader.Remove()
		r.until("resident.turnback")
		r.press(pinpad.KeyEnter)
		r.until("clerk.closed")
		r.press(pinpad.KeyEnter)
		r.until("fault.lid")
		l.set(false)
		r.until("idle")
	})
}
