// SPDX-License-Identifier: Apache-2.0

package epdtest_test

import (
	"bytes"
	"image"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// mean is the mean of what a rectangle reflects.
func mean(m *image.Gray, r image.Rectangle) int {
	sum, n := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			sum, n = sum+int(m.GrayAt(x, y).Y), n+1
		}
	}
	return sum / n
}

// corner is the part of the glass that the tests write to: 8 × 300 pixels on the left.
var corner = image.Rect(0, 0, 8, 300)

// column writes the leftmost 8 pixels of all lines into one bank.
func (h host) column(bank, v byte) {
	h.send(0x44, 0, 0)
	h.send(0x45, 0, 0, 0x2B, 1)
	h.send(0x4E, 0)
	h.send(0x4F, 0, 0)
	h.send(bank)
	h.data(slices.Repeat([]byte{v}, 300))
	h.send(0x44, 0, 0x31)
}

// partial makes the column black or white by a partial refresh and keeps the banks right.
func (h host) partial(v byte) {
	h.column(0x24, v)
	h.run(0xFF)
	h.column(0x26, v)
	h.column(0x24, v)
}

func TestFullRefreshFlashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, epdtest.Opts{})
		h.full(0xFF)
		h.send(0x18, 0x80)
		h.both(0x00)
		h.send(0x21, 0x40, 0)
		h.send(0x22, 0xF7)
		h.send(0x20)
		var seen []int
		last := -1
		for range 410 {
			time.Sleep(10 * time.Millisecond)
			l := mean(h.Snapshot(), corner)
			if l != last && (l == int(epdtest.InkBlack) || l == int(epdtest.PaperWhite)) && (len(seen) == 0 || seen[len(seen)-1] != l) {
				seen = append(seen, l)
			}
			last = l
		}
		w, b := int(epdtest.PaperWhite), int(epdtest.InkBlack)
		if diff := cmp.Diff([]int{b, w, b, w, b}, seen); diff != "" {
			t.Errorf("what an eye sees (-want +got):\n%s", diff)
		}
		if h.Busy() {
			t.Error("busy after 4 s")
		}
	})
}

func TestPartialRefreshMovesOnlyWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, epdtest.Opts{})
		h.full(0xFF)
		h.column(0x24, 0)
		h.send(0x22, 0xFC)
		h.send(0x20)
		levels := []int{mean(h.Snapshot(), corner)}
		for range 46 {
			time.Sleep(10 * time.Millisecond)
			s := h.Snapshot()
			levels = append(levels, mean(s, corner))
			if l := mean(s, image.Rect(8, 0, 400, 300)); l != int(epdtest.PaperWhite) {
				t.Fatalf("the rest reflects %d", l)
			}
		}
		if !slices.IsSortedFunc(levels, func(a, b int) int { return b - a }) || levels[0] != int(epdtest.PaperWhite) || levels[46] != int(epdtest.InkBlack) {
			t.Errorf("levels %v, want a way from white to black", levels)
		}
		if steps := len(slices.Compact(slices.Clone(levels))); steps < 10 {
			t.Errorf("%d steps, want a gradual change", steps)
		}
	})
}

func TestGhost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, epdtest.Opts{})
		h.full(0xFF)
		clean := int(epdtest.PaperWhite)
		var levels []int
		for range 4 {
			h.partial(0x00)
			h.partial(0xFF)
			levels = append(levels, mean(h.Snapshot(), corner))
		}
		for i, l := range levels {
			if before := append([]int{clean}, levels...)[i]; l >= before {
				t.Errorf("after %d erasings it reflects %d, not less than %d", i+1, l, before)
			}
		}
		if !h.Glass().Equal(mono.New(400, 300)) {
			t.Error("the residue is taken for ink")
		}
		for range 40 {
			h.partial(0x00)
			h.partial(0xFF)
		}
		if l := mean(h.Snapshot(), corner); l < clean-60 {
			t.Errorf("much residue reflects %d", l)
		}
		ghost := mean(h.Snapshot(), corner)
		h.both(0xFF)
		h.send(0x1A, 0x6E)
		h.send(0x21, 0x40, 0)
		h.run(0xD7)
		if l := mean(h.Snapshot(), corner); l <= ghost || l == clean {
			t.Errorf("after a quick refresh it reflects %d, want between %d and %d", l, ghost, clean)
		}
		h.full(0xFF)
		if l := mean(h.Snapshot(), corner); l != clean {
			t.Errorf("after a full refresh it reflects %d, want %d", l, clean)
		}
		if got, want := h.Counts(), (epdtest.Counts{Full: 2, Quick: 1, Partial: 88}); got.Full != want.Full || got.Quick != want.Quick || got.Partial != want.Partial {
			t.Errorf("counts %+v, want %+v", got, want)
		}
		if f := h.Faults(); f != nil {
			t.Errorf("faults %q", f)
		}
	})
}

func TestGlassSurvivesAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := mono.New(400, 300)
		left.Fill(image.Rect(100, 100, 200, 200), false)
		h := newHost(t, epdtest.Opts{Glass: left})
		if d := h.Glass().Diff(left); !d.Empty() {
			t.Errorf("the glass from before differs in %v", d)
		}
		h.full(0xFF)
		h.column(0x24, 0)
		h.send(0x22, 0xFC)
		h.send(0x20)
		time.Sleep(200 * time.Millisecond)
		h.SetPower(gpio.Low)
		half := h.Snapshot()
		if l := mean(half, corner); l < int(epdtest.InkBlack)+20 || l > int(epdtest.PaperWhite)-20 {
			t.Errorf("half-drawn column reflects %d", l)
		}
		time.Sleep(time.Hour)
		if !bytes.Equal(half.Pix, h.Snapshot().Pix) {
			t.Error("the glass changed without supply")
		}
		if h.Busy() {
			t.Error("BUSY is high without supply")
		}
		before := h.Bank(0x24)
		h.SetPower(gpio.High)
		if h.Bank(0x24).Equal(before) || h.Bank(0x24).Equal(mono.New(400, 300)) {
			t.Error("RAM survived the cut")
		}
	})
}

func TestSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, epdtest.Opts{Speed: 10})
		at := time.Now()
		h.full(0xFF)
		if d := time.Since(at); d < 400*time.Millisecond || d > 420*time.Millisecond {
			t.Errorf("full refresh in %v, want 400ms", d)
		}
	})
}

// What the other end of a wire needs: BUSY levels in order, and a word when the picture changes.
func TestWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, epdtest.Opts{})
		h.full(0xFF)
		for len(h.BusyEdge()) > 0 {
			<-h.BusyEdge()
		}
		for len(h.Changed()) > 0 {
			<-h.Changed()
		}
		at := time.Now()
		h.column(0x24, 0)
		h.send(0x22, 0xFF)
		h.send(0x20)
		if h.Busy() {
			t.Error("BUSY rises at once")
		}
		frames := 0
		for high := false; ; {
			select {
			case l := <-h.BusyEdge():
				if l == high || l != h.Busy() {
					t.Errorf("edge to %v, before it was %v", l, high)
				}
				high = l
			case <-h.Changed():
				frames++
			case <-time.After(time.Second):
				if high || frames < 10 || frames > 20 {
					t.Errorf("BUSY %v after the end, %d changes seen", high, frames)
				}
				if d := time.Since(at) - time.Second; d != 725*time.Millisecond { // 1 + 96 + 360 + 268
					t.Errorf("took %v", d)
				}
				return
			}
		}
	})
}

func TestTuneBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, epdtest.Opts{})
		tests := []struct {
			name string
			tune func(*epdtest.Opts)
			want bool
		}{
			{"stuck high", func(o *epdtest.Opts) { o.StuckHigh = true }, true},
			{"free", func(o *epdtest.Opts) { o.StuckHigh = false }, false},
			{"inverted", func(o *epdtest.Opts) { o.Inverted = true }, true},
			{"unplugged", func(o *epdtest.Opts) { o.Unplugged = true }, false},
			{"stuck low", func(o *epdtest.Opts) { o.Unplugged, o.StuckLow = false, true }, false},
		}
		for _, tt := range tests {
			if h.Tune(tt.tune); h.Busy() != tt.want {
				t.Errorf("%s: BUSY %v, want %v", tt.name, h.Busy(), tt.want)
			}
		}
	})
}
