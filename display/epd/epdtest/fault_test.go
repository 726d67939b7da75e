// SPDX-License-Identifier: Apache-2.0

package epdtest_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"madoguchi/display/epd/epdtest"
)

// host sends raw bytes to a panel.
type host struct {
	*epdtest.Emulator
	t *testing.T
}

// blames holds that the first misuse which the panel noticed has want in it; "": that it noticed none.
func (h host) blames(want string) {
	h.t.Helper()
	got := h.Faults()
	switch {
	case want == "" && len(got) > 0:
		h.t.Errorf("faults %q, want none", got)
	case want != "" && (len(got) == 0 || !strings.Contains(got[0], want)):
		h.t.Errorf("faults %q, want first of all %q", got, want)
	}
}

// newHost returns a panel with supply, out of reset, ready for commands. It must be called in a synctest bubble.
func newHost(t *testing.T, o epdtest.Opts) host {
	t.Helper()
	h := host{epdtest.NewSSD1683(&o), t}
	t.Cleanup(func() { h.SetPower(gpio.Low) })
	h.SetPower(gpio.High)
	time.Sleep(10 * time.Millisecond)
	h.SetReset(gpio.High)
	h.idle()
	return h
}

// idle waits until the controller can take commands again.
func (h host) idle() {
	time.Sleep(10 * time.Millisecond)
	for h.Busy() {
		time.Sleep(time.Millisecond)
	}
}

// send sends one command with its parameters.
func (h host) send(cmd byte, params ...byte) {
	h.Tx(false, []byte{cmd})
	if len(params) > 0 {
		h.data(params)
	}
}

func (h host) data(p []byte) {
	for len(p) > 0 {
		n := min(len(p), 4096)
		h.Tx(true, p[:n])
		p = p[n:]
	}
}

// run starts a sequence and waits for it.
func (h host) run(seq byte) {
	h.send(0x22, seq)
	h.send(0x20)
	h.idle()
}

// both fills both banks.
func (h host) both(v byte) {
	for _, bank := range []byte{0x24, 0x26} {
		h.send(bank)
		h.data(bytes.Repeat([]byte{v}, 15000))
	}
}

// full shows one colour by a full refresh, as it should be done.
func (h host) full(v byte) {
	h.send(0x18, 0x80)
	h.both(v)
	h.send(0x21, 0x40, 0x00)
	h.run(0xF7)
	h.send(0x21, 0x00, 0x00)
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name string
		opts epdtest.Opts
		do   func(host)
		want string // part of the only fault; empty: none
	}{
		{"right full refresh", epdtest.Opts{}, func(h host) { h.full(0xFF) }, ""},
		{"right partial refresh", epdtest.Opts{}, func(h host) { h.full(0xFF); h.send(0x24, 0xF0); h.run(0xFF) }, ""},
		{"command while busy", epdtest.Opts{}, func(h host) { h.send(0x12); h.send(0x01) }, "command 01 while busy resetting by software"},
		{"command right after 20, before BUSY rises", epdtest.Opts{BusyLate: 5 * time.Millisecond}, func(h host) { h.full(0xFF); h.send(0x22, 0xFF); h.send(0x20); h.send(0x7F); h.idle() }, "command 7F while busy refreshing"},
		{"data while busy", epdtest.Opts{}, func(h host) { h.send(0x12); h.Tx(true, []byte{1, 2}) }, "2 data bytes while busy"},
		{"two commands in one transfer, the first makes busy", epdtest.Opts{}, func(h host) { h.Tx(false, []byte{0x12, 0x7F}) }, "command 7F while busy"},
		{"data before a command", epdtest.Opts{}, func(h host) { h.data([]byte{1}) }, "1 data bytes without a command"},
		{"too few parameters", epdtest.Opts{}, func(h host) { h.send(0x44, 0); h.send(0x7F) }, "command 44 with 1 of 2 parameters"},
		{"too few parameters at the end", epdtest.Opts{}, func(h host) { h.send(0x45, 0, 0) }, "command 45 with 2 of 4 parameters"},
		{"too many parameters", epdtest.Opts{}, func(h host) { h.send(0x11, 3, 3) }, "command 11 with 1 parameters more than 1"},
		{"parameters for a command without", epdtest.Opts{}, func(h host) { h.send(0x7F, 0) }, "command 7F with 1 parameters more than 0"},
		{"waveform of another controller", epdtest.Opts{}, func(h host) { h.send(0x32, make([]byte, 153)...); h.send(0x7F) }, "command 32 with 153 of 227"},
		{"unknown command", epdtest.Opts{}, func(h host) { h.send(0x13) }, "command 13 is not one"},
		{"reading", epdtest.Opts{}, func(h host) { h.send(0x2F) }, "command 2F is not one"},
		{"window beyond the right edge", epdtest.Opts{}, func(h host) { h.send(0x44, 0, 0x32) }, "window X 00 32"},
		{"window turned round", epdtest.Opts{}, func(h host) { h.send(0x44, 9, 8) }, "window X 09 08"},
		{"window beyond the bottom", epdtest.Opts{}, func(h host) { h.send(0x45, 0, 0, 0x2C, 1) }, "window Y 0–300"},
		{"window Y turned round", epdtest.Opts{}, func(h host) { h.send(0x45, 9, 0, 8, 0) }, "window Y 9–8"},
		{"counter in pixels", epdtest.Opts{}, func(h host) { h.send(0x4E, 80) }, "counter X 50"},
		{"counter beyond the bottom", epdtest.Opts{}, func(h host) { h.send(0x4F, 0x2C, 1) }, "counter Y 300"},
		{"counter outside the window", epdtest.Opts{}, func(h host) { h.send(0x44, 4, 8); h.send(0x24, 0) }, "outside the window"},
		{"more bytes than the window", epdtest.Opts{}, func(h host) { h.send(0x24); h.data(make([]byte, 15001)) }, "more than the window's 15000"},
		{"transfer too long", epdtest.Opts{}, func(h host) { h.send(0x24); h.Tx(true, make([]byte, 4097)) }, "transfer of 4097 bytes"},
		{"entry mode", epdtest.Opts{}, func(h host) { h.send(0x11, 0x01) }, "entry mode 01"},
		{"gate lines of another panel", epdtest.Opts{}, func(h host) { h.send(0x01, 0x27, 0x01, 0) }, "27 01 00"},
		{"source mode of another controller", epdtest.Opts{}, func(h host) { h.send(0x21, 0, 0x80) }, "second byte 80"},
		{"unknown sequence", epdtest.Opts{}, func(h host) { h.run(0xC5) }, "sequence C5 is unknown"},
		{"display without waveform", epdtest.Opts{}, func(h host) { h.both(0); h.send(0x21, 0x40, 0); h.run(0xC7) }, "C7 with no waveform"},
		{"display after a loaded waveform", epdtest.Opts{}, func(h host) {
			h.send(0x18, 0x80)
			h.run(0xB1)
			h.both(0)
			h.send(0x21, 0x40, 0)
			h.run(0xC7)
		}, ""},
		{"reset forgets the waveform", epdtest.Opts{}, func(h host) {
			h.full(0)
			h.send(0x12)
			time.Sleep(10 * time.Millisecond)
			h.send(0x21, 0x40, 0)
			h.run(0xC7)
		}, "C7 with no waveform"},
		{"hot waveform without temperature", epdtest.Opts{}, func(h host) { h.both(0); h.send(0x21, 0x40, 0); h.run(0xD7) }, "D7 without a temperature"},
		{"external sensor", epdtest.Opts{}, func(h host) { h.both(0); h.send(0x21, 0x40, 0); h.run(0xF7) }, "external sensor"},
		{"red", epdtest.Opts{}, func(h host) { h.send(0x18, 0x80); h.both(0xFF); h.run(0xF7) }, "would drive red"},
		{"no red in an empty bank", epdtest.Opts{}, func(h host) { h.send(0x18, 0x80); h.both(0); h.run(0xF7) }, ""},
		{"partial first", epdtest.Opts{}, func(h host) { h.send(0x18, 0x80); h.both(0); h.run(0xFF) }, "partial refresh before a full one"},
		{"partial after deep sleep", epdtest.Opts{}, func(h host) {
			h.full(0xFF)
			h.send(0x10, 0x03)
			h.SetReset(gpio.Low)
			h.SetReset(gpio.High)
			h.idle()
			h.send(0x18, 0x80)
			h.both(0xFF)
			h.run(0xFF)
		}, "partial refresh before a full one"},
		{"partial after sleep that keeps RAM", epdtest.Opts{}, func(h host) {
			h.full(0xFF)
			h.send(0x10, 0x01)
			h.SetReset(gpio.Low)
			h.SetReset(gpio.High)
			h.idle()
			h.send(0x18, 0x80)
			h.run(0xFF)
		}, ""},
		{"stale bank", epdtest.Opts{}, func(h host) { h.full(0xFF); h.send(0x24, 0); h.run(0xFF); h.run(0xFF) }, "unlike the glass in 8 pixels"},
		{"banks change places by themselves", epdtest.Opts{PingPong: true}, func(h host) { h.full(0xFF); h.send(0x24, 0); h.run(0xFF); h.run(0xFF) }, ""},
		{"too many partials", epdtest.Opts{MaxPartials: 3}, func(h host) {
			h.full(0xFF)
			for range 6 {
				h.run(0xFF)
			}
		}, "more than 3 partial refreshes"},
		{"enough full ones", epdtest.Opts{MaxPartials: 3}, func(h host) {
			for range 3 {
				h.full(0xFF)
				for range 3 {
					h.run(0xFF)
				}
			}
		}, ""},
		{"voltages left on", epdtest.Opts{}, func(h host) { h.full(0xFF); h.run(0xFC); time.Sleep(6 * time.Second) }, "voltages left on for more than 5s"},
		{"voltages on for 4 s", epdtest.Opts{}, func(h host) {
			h.full(0xFF)
			h.run(0xFC)
			time.Sleep(4 * time.Second)
			h.run(0xFC)
			time.Sleep(4 * time.Second)
			h.run(0x83)
			time.Sleep(time.Hour)
		}, ""},
		{"display without voltages", epdtest.Opts{}, func(h host) { h.full(0xFF); h.send(0x21, 0x40, 0); h.run(0xC0); h.run(0x83); h.run(0x80) }, ""},
		{"traffic in deep sleep", epdtest.Opts{}, func(h host) { h.send(0x10, 0x03); h.send(0x7F) }, "1 bytes in deep sleep"},
		{"deep sleep with voltages on", epdtest.Opts{}, func(h host) { h.full(0xFF); h.run(0xFC); h.send(0x10, 0x03) }, "deep sleep with drive voltages on"},
		{"no such deep sleep", epdtest.Opts{}, func(h host) { h.send(0x10, 0x02) }, "deep sleep mode 02"},
		{"no supply", epdtest.Opts{}, func(h host) { h.SetPower(gpio.Low); h.send(0x7F) }, "1 bytes without supply"},
		{"in reset", epdtest.Opts{}, func(h host) { h.SetReset(gpio.Low); h.send(0x7F) }, "1 bytes while RST is low"},
		{"long reset on a clever board", epdtest.Opts{Clever: true}, func(h host) { h.SetReset(gpio.Low); time.Sleep(9 * time.Millisecond); h.SetReset(gpio.High); h.idle() }, "RST low for 9ms"},
		{"short reset on a clever board", epdtest.Opts{Clever: true}, func(h host) { h.SetReset(gpio.Low); time.Sleep(2 * time.Millisecond); h.SetReset(gpio.High); h.idle() }, ""},
		{"long reset on another", epdtest.Opts{}, func(h host) { h.SetReset(gpio.Low); time.Sleep(9 * time.Millisecond); h.SetReset(gpio.High); h.idle() }, ""},
		{"auto-fill", epdtest.Opts{}, func(h host) {
			h.send(0x47, 0xE6)
			h.idle()
			h.send(0x46, 0x66)
			h.idle()
			h.send(0x18, 0x80)
			h.run(0xF7)
		}, ""},
		{"auto-fill while busy", epdtest.Opts{}, func(h host) { h.send(0x47, 0xE6); h.send(0x46, 0x66) }, "command 46 while busy filling RAM"},
		{"no such auto-fill", epdtest.Opts{}, func(h host) { h.send(0x47, 0xE7) }, "auto-fill E7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHost(t, tt.opts)
				tt.do(h)
				h.blames(tt.want)
				if h.ForgetFaults(); len(h.Faults()) > 1 {
					t.Errorf("faults not forgotten: %q", h.Faults())
				}
			})
		})
	}
}

// TestSettled asks while a command's parameters are on their way: only one that never gets them is a fault, and what comes after it does not hide that.
func TestSettled(t *testing.T) {
	const lacks = "command 45 with 0 of 4 parameters"
	for _, tt := range []struct {
		name string
		then func(host)
		want string
	}{
		{"they come", func(h host) { h.Tx(true, []byte{0, 0, 1, 0}) }, ""},
		{"they come, and another command", func(h host) { h.Tx(true, []byte{0, 0, 1, 0}); h.Tx(false, []byte{0x44}) }, ""},
		{"some of them come", func(h host) { h.Tx(true, []byte{0, 0}) }, "command 45 with 2 of 4 parameters"},
		{"none comes", func(host) {}, lacks},
		{"another command comes", func(h host) { h.Tx(false, []byte{0x44}) }, lacks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHost(t, epdtest.Opts{})
				h.Tx(false, []byte{0x45})
				h.blames(lacks)
				go func() {
					time.Sleep(time.Second)
					tt.then(h)
				}()
				if got := strings.Join(h.Settled(15*time.Second), "\n"); got != tt.want {
					t.Errorf("faults %q, want %q", got, tt.want)
				}
				synctest.Wait()
			})
		})
	}
}

func TestLinesAreGuarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := epdtest.NewSSD1683(nil)
		pins := e.Pins()
		if err := pins.Busy.Out(gpio.High); err == nil {
			t.Error("BUSY can be driven by the host")
		}
		for _, p := range []gpio.PinIO{pins.DC, pins.RST, pins.PWR} {
			if err := p.In(gpio.PullUp, gpio.NoEdge); err == nil {
				t.Errorf("%s can be read", p)
			}
			p.Read()
		}
		pins.Busy.WaitForEdge(time.Second) // before In
		if err := pins.Busy.In(gpio.PullDown, gpio.BothEdges); err != nil {
			t.Fatal(err)
		}
		pins.Busy.WaitForEdge(-1)
		pins.Busy.WaitForEdge(0)
		if n := len(e.Faults()); n != 7 {
			t.Errorf("%d faults, want 7: %q", n, e.Faults())
		}
	})
}

func TestBusIsGuarded(t *testing.T) {
	e := epdtest.NewSSD1683(nil)
	for _, c := range []struct {
		f    physic.Frequency
		mode spi.Mode
		bits int
	}{{0, spi.Mode0, 8}, {21 * physic.MegaHertz, spi.Mode0, 8}, {physic.MegaHertz, spi.Mode3, 8}, {physic.MegaHertz, spi.Mode0 | spi.NoCS, 8}, {physic.MegaHertz, spi.Mode0, 9}} {
		if _, err := e.Port().Connect(c.f, c.mode, c.bits); err == nil {
			t.Errorf("%v taken", c)
		}
	}
	p := e.Port()
	c, err := p.Connect(10*physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Connect(10*physic.MegaHertz, spi.Mode0, 8); err == nil {
		t.Error("connected twice")
	}
	if err := c.Tx(make([]byte, 4097), nil); err == nil {
		t.Error("long transfer taken")
	}
	if err := c.Tx([]byte{0}, make([]byte, 1)); err == nil {
		t.Error("read taken")
	}
}

// The supply is the driver's to cut only in peace.
func TestCutByTheDriver(t *testing.T) {
	tests := []struct {
		name   string
		before func(host)
		want   string
	}{
		{"in peace", func(h host) { h.full(0xFF); h.send(0x10, 0x03); time.Sleep(2 * time.Second) }, ""},
		{"too early", func(h host) { h.full(0xFF); h.send(0x10, 0x03); time.Sleep(time.Second) }, "supply cut 1s after deep sleep"},
		{"with voltages on", func(h host) { h.full(0xFF); h.run(0xFC) }, "supply cut with drive voltages on"},
		{"in a refresh", func(h host) { h.full(0xFF); h.send(0x22, 0xFC); h.send(0x20) }, "supply cut while refreshing partially"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHost(t, epdtest.Opts{})
				tt.before(h)
				if err := h.Pins().PWR.Out(gpio.Low); err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(h.Faults(), "\n"); got != tt.want && (tt.want == "" || !strings.HasPrefix(got, tt.want)) {
					t.Errorf("faults %q, want %q", got, tt.want)
				}
			})
		})
	}
}
