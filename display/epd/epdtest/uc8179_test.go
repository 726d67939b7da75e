// SPDX-License-Identifier: Apache-2.0

package epdtest_test

import (
	"bytes"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// large sends raw bytes to a 7.5" panel.
type large struct{ host }

// newLarge returns a panel with supply, out of reset, with its registers written and drive voltages on.
func newLarge(t *testing.T, o epdtest.Opts) large {
	t.Helper()
	h := large{host{epdtest.NewUC8179(&o), t}}
	t.Cleanup(func() { h.SetPower(gpio.Low) })
	h.SetPower(gpio.High)
	time.Sleep(10 * time.Millisecond)
	h.begin()
	return h
}

// begin ends a reset and initialises.
func (h large) begin() {
	h.SetReset(gpio.High)
	time.Sleep(20 * time.Millisecond)
	h.send(0x00, 0x1F)
	h.send(0x01, 0x07, 0x07, 0x3F, 0x3F, 0x09)
	h.send(0x06, 0x17, 0x17, 0x28, 0x17)
	h.send(0x61, 0x03, 0x20, 0x01, 0xE0)
	h.send(0x15, 0x00)
	h.send(0x50, 0x29, 0x07)
	h.send(0x60, 0x22)
	h.send(0xE3, 0x22)
	h.do(0x04)
}

// do sends a command and waits for what it starts.
func (h large) do(cmd byte, params ...byte) {
	h.send(cmd, params...)
	time.Sleep(10 * time.Millisecond)
	for !h.Busy() {
		time.Sleep(time.Millisecond)
	}
}

// fill fills a bank with one byte.
func (h large) fill(cmd, v byte) {
	h.send(cmd)
	h.data(bytes.Repeat([]byte{v}, 48000))
}

// full shows one colour by a full refresh, as it should be done.
func (h large) full(v byte) {
	h.fill(0x10, ^v)
	h.fill(0x13, v)
	h.send(0xE0, 0x00)
	h.send(0x41, 0x00)
	h.do(0x12)
}

// corner writes 16 × 2 pixels in the top left through the window.
func (h large) corner(v byte) {
	h.send(0x91)
	h.send(0x90, 0, 0, 0, 15, 0, 0, 0, 1, 1)
	h.send(0x13, v, v, v, v)
	h.send(0x92)
}

// partial refreshes by the waveform that does not flash.
func (h large) partial() {
	h.send(0xE0, 0x02)
	h.send(0xE5, 0x6E)
	h.do(0x12)
}

func TestFaultsUC8179(t *testing.T) {
	tests := []struct {
		name string
		opts epdtest.Opts
		do   func(large)
		want string // part of the first fault; empty: none
	}{
		{"right full refresh", epdtest.Opts{}, func(h large) { h.full(0xFF) }, ""},
		{"right partial refresh", epdtest.Opts{}, func(h large) { h.full(0xFF); h.corner(0); h.partial(); h.corner(0xFF); h.partial() }, ""},
		{"right quick refresh", epdtest.Opts{}, func(h large) {
			h.fill(0x10, 0)
			h.fill(0x13, 0xFF)
			h.send(0xE0, 2)
			h.send(0xE5, 0x5A)
			h.do(0x12)
		}, ""},
		{"command while busy", epdtest.Opts{}, func(h large) { h.full(0xFF); h.send(0x12); h.send(0x92) }, "command 92 while busy refreshing"},
		{"command before BUSY falls", epdtest.Opts{BusyLate: 5 * time.Millisecond}, func(h large) { h.send(0x02); h.send(0x92) }, "command 92 while busy turning"},
		{"data while busy", epdtest.Opts{}, func(h large) { h.send(0x02); h.data([]byte{1}) }, "1 data bytes while busy"},
		{"command right after a reset", epdtest.Opts{}, func(h large) { h.SetReset(gpio.Low); h.SetReset(gpio.High); h.send(0x92) }, "command 92 while busy starting after a reset"},
		{"data before a command", epdtest.Opts{}, func(h large) { h.SetReset(gpio.Low); h.SetReset(gpio.High); time.Sleep(time.Second); h.data([]byte{1}) }, "1 data bytes without a command"},
		{"too few parameters", epdtest.Opts{}, func(h large) { h.send(0x61, 3, 0x20); h.send(0x92) }, "command 61 with 2 of 4 parameters"},
		{"too many parameters", epdtest.Opts{}, func(h large) { h.send(0x50, 0x29, 7, 7) }, "command 50 with 1 parameters more than 2"},
		{"the other controller's command", epdtest.Opts{}, func(h large) { h.send(0x44) }, "command 44 is not one of the UC8179"},
		{"reading", epdtest.Opts{}, func(h large) { h.send(0x71) }, "command 71 is not one"},
		{"refresh without voltages", epdtest.Opts{}, func(h large) { h.do(0x02); h.full(0xFF) }, "refresh with drive voltages off"},
		{"window starts inside a byte", epdtest.Opts{}, func(h large) { h.send(0x90, 0, 4, 0, 15, 0, 0, 0, 1, 1) }, "window X 4–15"},
		{"window ends exclusive", epdtest.Opts{}, func(h large) { h.send(0x90, 0, 0, 0, 16, 0, 0, 0, 1, 1) }, "window X 0–16"},
		{"window of one byte", epdtest.Opts{}, func(h large) { h.send(0x90, 0, 8, 0, 15, 0, 0, 0, 1, 1) }, "window X 8–15"},
		{"window of one line", epdtest.Opts{}, func(h large) { h.send(0x90, 0, 0, 0, 15, 0, 7, 0, 7, 1) }, "window Y 7–7"},
		{"window beyond the right edge", epdtest.Opts{}, func(h large) { h.send(0x90, 0, 0, 3, 0x27, 0, 0, 0, 1, 1) }, "window X 0–807"},
		{"window beyond the bottom", epdtest.Opts{}, func(h large) { h.send(0x90, 0, 0, 0, 15, 0, 0, 1, 0xE0, 1) }, "window Y 0–480"},
		{"fewer bytes than the window", epdtest.Opts{}, func(h large) {
			h.full(0xFF)
			h.send(0x91)
			h.send(0x90, 0, 0, 0, 15, 0, 0, 0, 1, 1)
			h.send(0x13, 0)
			h.send(0x92)
		}, "command 13 with 1 of the window's 4 bytes"},
		{"more bytes than the window", epdtest.Opts{}, func(h large) {
			h.full(0xFF)
			h.send(0x91)
			h.send(0x90, 0, 0, 0, 15, 0, 0, 0, 1, 1)
			h.send(0x13, 1, 2, 3, 4, 5)
		}, "command 13 with more than the window's 4 bytes"},
		{"refresh in the middle of a frame", epdtest.Opts{}, func(h large) { h.full(0xFF); h.send(0x13, 1, 2); h.send(0x12) }, "command 13 with 2 of the window's 48000 bytes"},
		{"frame without its end", epdtest.Opts{}, func(h large) { h.send(0x10, 1, 2) }, "command 10 with 2 of the window's 48000 bytes"},
		{"resolution of the default", epdtest.Opts{}, func(h large) { h.send(0x61, 3, 0x20, 2, 0x58); h.fill(0x13, 0xFF) }, "resolution of (800,600)"},
		{"transfer too long", epdtest.Opts{}, func(h large) { h.send(0x13); h.Tx(true, make([]byte, 4097)) }, "transfer of 4097 bytes"},
		{"polarity changed after writing", epdtest.Opts{}, func(h large) { h.full(0xFF); h.corner(0); h.send(0x50, 0x28, 7); h.partial() }, "polarity changed since 13 was written"},
		{"the other polarity throughout", epdtest.Opts{}, func(h large) { h.send(0x50, 0x28, 7); h.full(0xFF); h.corner(0); h.partial() }, ""},
		{"without an old picture", epdtest.Opts{}, func(h large) { h.send(0x50, 0x2B, 7); h.full(0xFF) }, "without an old picture"},
		{"partial first", epdtest.Opts{}, func(h large) { h.fill(0x10, 0xFF); h.fill(0x13, 0xFF); h.partial() }, "partial refresh before a full one"},
		{"RAM never written", epdtest.Opts{}, func(h large) { h.partial() }, "before a whole frame was written with 13"},
		{"window by the long waveform", epdtest.Opts{}, func(h large) { h.full(0xFF); h.corner(0); h.do(0x12) }, "E0 02 and E5 6E are missing"},
		{"temperature without a waveform", epdtest.Opts{}, func(h large) { h.full(0xFF); h.corner(0); h.send(0xE0, 2); h.do(0x12) }, "temperature fixed at 00"},
		{"old picture not kept", epdtest.Opts{}, func(h large) { h.send(0x50, 0x21, 7); h.full(0xFF); h.corner(0); h.partial() }, "bank 10 unlike the glass in 384000 pixels"},
		{"refresh inside the window only", epdtest.Opts{}, func(h large) { h.full(0xFF); h.corner(0); h.send(0x91); h.partial() }, "partial window on"},
		{"external sensor", epdtest.Opts{}, func(h large) { h.send(0x41, 0x80) }, "external sensor"},
		{"voltages of the default", epdtest.Opts{}, func(h large) { h.send(0x01, 0x07, 0x17, 0x3A, 0x3A, 0x03); h.full(0xFF) }, "drive voltages 07 17 3A 3A 03"},
		{"waveforms from registers", epdtest.Opts{}, func(h large) { h.send(0x00, 0x3F) }, "panel setting 3F"},
		{"automatic sequence", epdtest.Opts{}, func(h large) { h.send(0x17, 0xA5) }, "command 17 is not modelled"},
		{"too many partials", epdtest.Opts{MaxPartials: 3}, func(h large) {
			h.full(0xFF)
			for range 4 {
				h.partial()
			}
		}, "more than 3 partial refreshes"},
		{"voltages left on", epdtest.Opts{}, func(h large) { h.full(0xFF); time.Sleep(6 * time.Second) }, "voltages left on for more than 5s"},
		{"voltages off in time", epdtest.Opts{}, func(h large) { h.full(0xFF); time.Sleep(4 * time.Second); h.do(0x02); time.Sleep(time.Hour) }, ""},
		{"deep sleep with voltages on", epdtest.Opts{}, func(h large) { h.full(0xFF); h.send(0x07, 0xA5) }, "deep sleep with drive voltages on"},
		{"deep sleep without check code", epdtest.Opts{}, func(h large) { h.do(0x02); h.send(0x07, 0x00) }, "check code 00"},
		{"traffic in deep sleep", epdtest.Opts{}, func(h large) { h.do(0x02); h.send(0x07, 0xA5); h.send(0x92) }, "1 bytes in deep sleep"},
		{"partial after deep sleep", epdtest.Opts{}, func(h large) {
			h.full(0xFF)
			h.do(0x02)
			h.send(0x07, 0xA5)
			h.SetReset(gpio.Low)
			h.begin()
			h.partial()
		}, "before a whole frame was written"},
		{"full after deep sleep", epdtest.Opts{}, func(h large) {
			h.full(0xFF)
			h.do(0x02)
			h.send(0x07, 0xA5)
			h.SetReset(gpio.Low)
			h.begin()
			h.full(0)
		}, ""},
		{"no supply", epdtest.Opts{}, func(h large) { h.SetPower(gpio.Low); h.send(0x92) }, "1 bytes without supply"},
		{"long reset on a clever board", epdtest.Opts{Clever: true}, func(h large) { h.SetReset(gpio.Low); time.Sleep(9 * time.Millisecond); h.SetReset(gpio.High) }, "RST low for 9ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newLarge(t, tt.opts)
				tt.do(h)
				h.blames(tt.want)
			})
		})
	}
}

// The window is where the bytes go; the copy follows the refresh.
func TestWindowUC8179(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLarge(t, epdtest.Opts{})
		h.full(0xFF)
		want := mono.New(800, 480)
		box := image.Rect(160, 100, 640, 228)
		want.Fill(box, false)
		h.send(0x91)
		h.send(0x90, 0x00, 0xA0, 0x02, 0x7F, 0x00, 0x64, 0x00, 0xE3, 0x01)
		h.send(0x13)
		h.data(make([]byte, box.Dx()/8*box.Dy()))
		h.send(0x92)
		if d := h.Bank(0x13).Diff(want); !d.Empty() {
			t.Errorf("picture differs in %v", d)
		}
		if d := h.Bank(0x10).Diff(mono.New(800, 480)); !d.Empty() {
			t.Errorf("old picture changed before the refresh, in %v", d)
		}
		h.partial()
		for _, m := range []*mono.Image{h.Bank(0x10), h.Glass()} {
			if d := m.Diff(want); !d.Empty() {
				t.Errorf("after the refresh: differs in %v", d)
			}
		}
	})
}

// A full refresh takes residue only from pixels that move.
func TestResidueUC8179(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLarge(t, epdtest.Opts{})
		h.full(0xFF)
		spot := image.Rect(0, 0, 16, 2)
		for range 3 {
			h.corner(0)
			h.partial()
			h.corner(0xFF)
			h.partial()
		}
		ghost := mean(h.Snapshot(), spot)
		h.fill(0x13, 0xFF) // the old picture is white as well
		h.send(0xE0, 0x00)
		h.do(0x12)
		if l := mean(h.Snapshot(), spot); l != ghost || l >= int(epdtest.PaperWhite) {
			t.Errorf("unmoved pixels reflect %d, before %d", l, ghost)
		}
		h.full(0xFF)
		if l := mean(h.Snapshot(), spot); l != int(epdtest.PaperWhite) {
			t.Errorf("moved pixels reflect %d", l)
		}
	})
}

func TestBusUC8179(t *testing.T) {
	e := epdtest.NewUC8179(nil)
	if _, err := e.Port().Connect(11*physic.MegaHertz, spi.Mode0, 8); err == nil {
		t.Error("11 MHz taken")
	}
	if _, err := e.Port().Connect(10*physic.MegaHertz, spi.Mode0, 8); err != nil {
		t.Error(err)
	}
	if e.Bounds() != image.Rect(0, 0, 800, 480) || e.String() != "epdtest.UC8179" {
		t.Errorf("%v %s", e.Bounds(), e)
	}
}
