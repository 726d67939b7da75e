// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/wall"
)

// TestBoardGoesWithTheBox: a tries board does not stay on the glass of a box that is switched off in order.
func TestBoardGoesWithTheBox(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.until("idle")
		r.reader.Insert(adult())
		r.until("idle.board")
		if err := r.off(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if !r.leftWhite {
			t.Error("the panel keeps the tries board")
		}
	})
}

// flaky fails its first Accept, as for want of descriptors.
type flaky struct {
	net.Listener
	failed bool
}

func (f *flaky) Accept() (net.Conn, error) {
	if !f.failed {
		f.failed = true
		return nil, errors.New("too many open files")
	}
	return f.Listener.Accept()
}

// TestWallAcceptsAgain: one failed wait for the network side does not cut the box off for good.
func TestWallAcceptsAgain(t *testing.T) {
	bubble(t, func(r *rig) {
		r.hw = func(h *device.Hardware) { h.Wall = &flaky{Listener: h.Wall} }
	}, func(r *rig) {
		r.until("idle")
		p := r.peer(wall.Up)
		p.conn.Close()
	})
}

// edgeless is a lid switch whose driver gives no edges: each wait returns at once.
type edgeless struct{ *lid }

func (edgeless) WaitForEdge(time.Duration) bool { return false }

// TestLidWithoutEdges: such a switch is looked at from time to time; it neither takes the processor nor is it forgotten.
func TestLidWithoutEdges(t *testing.T) {
	l := &lid{edge: make(chan struct{}, 1)}
	bubble(t, func(r *rig) {
		l.edge = make(chan struct{}, 1)
		r.hw = func(h *device.Hardware) { h.Lid = edgeless{l} }
	}, func(r *rig) {
		r.until("idle")
		l.open.Store(true)
		r.until("fault.lid")
		l.open.Store(false)
		r.until("idle")
	})
}

// TestKeypadFault: a cable is not called a key that stays down: tapping the keys would not help.
func TestKeypadFault(t *testing.T) {
	for want, fault := range map[string]func(*rig){
		"unplugged": func(r *rig) {
			for row := range 4 {
				r.keys.StickRow(row, gpio.Low)
			}
		},
		"stuck": func(r *rig) { r.keys.Press(pinpad.Key5) },
	} {
		t.Run(want, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.until("idle")
				fault(r)
				r.until("fault.keypad")
				if got := string(r.panel.Glass().Pix); got != r.drawn(display.Screen{ID: display.FaultKeypad, Lang: display.Japanese, Facts: display.Facts{Office: "市民課", Reason: want}}) {
					t.Error("the panel does not say what is wrong with the key-pad")
				}
				r.keys.Unstick()
				r.keys.SetClosed(0)
				r.until("idle")
			})
		})
	}
}

// drawn is what the panel shows of a screen.
func (r *rig) drawn(s display.Screen) string {
	d, err := display.NewRenderer(r.driver.Bounds())
	if err != nil {
		r.t.Fatal(err)
	}
	m, err := d.Render(s)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(m.Pix)
}

// TestTooManyClerks: with more clerks than can be compared in time nobody could open a case.
func TestTooManyClerks(t *testing.T) {
	c := device.DefaultConfig
	c.City, c.Office, c.OfficeGroup, c.DeviceID, c.DataDir = "nabari", "市民課", "g01", "box1", t.TempDir()
	for i := range 25 {
		if err := c.Check(); err != nil && i > 0 {
			t.Fatalf("%d clerks: %v", i, err)
		}
		c.Clerks = append(c.Clerks, device.Clerk{Label: fmt.Sprint("c", i), Hash: clerkHash()})
	}
	var f *device.FieldError
	if err := c.Check(); !errors.As(err, &f) || f.Key != "clerks" {
		t.Errorf("25 clerks: %v", err)
	}
}

// TestPadEnds: a box whose key-pad has ended ends too, in order, and says so.
func TestPadEnds(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.toPIN(pinpad.Key2, pinpad.Key1, adult(), "login")
		r.until("resident.pin.login")
		r.press(pinpad.Key1, pinpad.Key2)
		if err := r.pad.Halt(); err != nil {
			t.Fatal(err)
		}
		var exit *device.ExitError
		if err := r.gone(); !errors.As(err, &exit) || exit.Code != device.ExitPanic {
			t.Errorf("Run: %v, want exit code %d", err, device.ExitPanic)
		}
		if !r.leftWhite {
			t.Error("the panel was not left white")
		}
	})
}
