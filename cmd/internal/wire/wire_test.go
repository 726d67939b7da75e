// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"madoguchi/card"
	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// panel is a world that writes down what reaches it. BUSY is high after
// command 20 until freed.
type panel struct {
	mu      sync.Mutex
	log     []string
	busy    bool
	state   []byte
	session uint32
	card    func(apdu []byte) ([]byte, error)
	waiting chan struct{} // closed APDUs wait for it, if not nil
}

func (p *panel) note(s string) { p.log = append(p.log, s) }
func (p *panel) SPI(dc bool, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(map[bool]string{false: "command ", true: "data "}[dc] + string(hexOf(data)))
	p.busy = p.busy || (!dc && data[0] == 0x20)
}
func (p *panel) Line(l Line, high bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(l.String() + map[bool]string{false: " low", true: " high"}[high])
}
func (p *panel) Busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy
}
func (p *panel) free() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
}
func (p *panel) Observed(js []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = slices.Clone(js)
}
func (p *panel) Connect() (uint32, []byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.card == nil {
		return 0, nil, card.ErrNoCard
	}
	p.session++
	return p.session, []byte{0x3b, 0x80}, nil
}
func (p *panel) Transmit(s uint32, apdu []byte) ([]byte, error) {
	if p.waiting != nil {
		<-p.waiting
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s != p.session {
		return nil, card.ErrRemoved
	}
	return p.card(apdu)
}
func (p *panel) Unpower(s uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == p.session {
		p.session++
		p.note("unpower")
	}
}

func (p *panel) Scanned(closed uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note(fmt.Sprintf("scanned %04x", closed))
}

func hexOf(b []byte) []byte {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return out
}

// join connects a box to h and ends both with the test.
func join(t *testing.T, h Handler, hello Hello, opts *BoxOpts) (*Box, *World) {
	t.Helper()
	near, file, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	far, err := FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWorld(near, h, hello)
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBox(far, opts)
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- w.Run() }()
	t.Cleanup(func() {
		b.Close()
		if err := <-ran; err != nil {
			t.Errorf("world: %v", err)
		}
	})
	return b, w
}

func TestPanelOverWire(t *testing.T) {
	p := &panel{}
	b, w := join(t, p, Hello{}, nil)
	port, dc := b.Port()
	c, err := port.Connect(10*physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.(conn.Limits).MaxTxSize(); got != MaxSPI {
		t.Errorf("MaxTxSize = %d, want %d", got, MaxSPI)
	}
	rst, busy := b.Out(LineReset), b.Busy()
	if err := busy.In(gpio.PullNoChange, gpio.FallingEdge); err != nil {
		t.Fatal(err)
	}
	steps := []func() error{
		func() error { return b.Out(LinePower).Out(gpio.High) },
		func() error { return rst.Out(gpio.Low) },
		func() error { return rst.Out(gpio.Low) }, // stands already: not sent
		func() error { return rst.Out(gpio.High) },
		func() error { return dc.Out(gpio.Low) },
		func() error { return c.Tx([]byte{0x24}, nil) },
		func() error { return dc.Out(gpio.High) },
		func() error { return c.Tx([]byte{0xff, 0x00}, nil) },
		func() error { return dc.Out(gpio.Low) },
		func() error { return c.Tx([]byte{0x20}, nil) },
	}
	for i, s := range steps {
		if err := s(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if busy.Read() != gpio.High {
		t.Error("BUSY is low right after command 20: the answer must carry it")
	}
	p.free()
	if err := w.Busy(false); err != nil {
		t.Fatal(err)
	}
	if !busy.WaitForEdge(5*time.Second) || busy.Read() != gpio.Low {
		t.Error("falling edge of BUSY did not arrive")
	}
	// A pulse that is over before anybody looks still leaves its edge.
	if err := busy.In(gpio.PullNoChange, gpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	for _, level := range []bool{true, false} {
		if err := w.Busy(level); err != nil {
			t.Fatal(err)
		}
	}
	if !busy.WaitForEdge(5 * time.Second) {
		t.Error("the edge of a short pulse did not arrive")
	}
	want := []string{"PWR high", "RST low", "RST high", "command 24", "data ff00", "command 20"}
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := cmp.Diff(want, p.log); d != "" {
		t.Errorf("what reached the world (-want +got):\n%s", d)
	}
}

func TestPortRefuses(t *testing.T) {
	b, _ := join(t, &panel{}, Hello{}, nil)
	port, _ := b.Port()
	if _, err := port.Connect(physic.MegaHertz, spi.Mode3, 8); err == nil {
		t.Error("mode 3 was taken")
	}
	if _, err := port.Connect(40*physic.MegaHertz, spi.Mode0, 8); err == nil {
		t.Error("40 MHz was taken")
	}
	c, err := port.Connect(physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := port.Connect(physic.MegaHertz, spi.Mode0, 8); err == nil {
		t.Error("second Connect was taken")
	}
	for name, tx := range map[string][2][]byte{
		"empty": {nil, nil}, "too long": {make([]byte, MaxSPI+1), nil}, "read": {{1}, {0}},
	} {
		if err := c.Tx(tx[0], tx[1]); err == nil {
			t.Errorf("%s transfer was taken", name)
		}
	}
}

func TestLid(t *testing.T) {
	b, w := join(t, &panel{}, Hello{LidOpen: true}, nil)
	lid := b.Lid()
	if err := lid.In(gpio.PullUp, gpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	if lid.Read() != gpio.High {
		t.Error("the lid was open when the power came on")
	}
	for _, open := range []bool{false, true, false} {
		if err := w.Lid(open); err != nil {
			t.Fatal(err)
		}
		if !lid.WaitForEdge(time.Minute) || lid.Read() != gpio.Level(open) {
			t.Errorf("lid open %t: reads %v", open, lid.Read())
		}
	}
	ended := make(chan bool)
	go func() { ended <- lid.WaitForEdge(time.Minute) }()
	for done := false; !done; { // a Halt before the wait is lost
		if err := lid.Halt(); err != nil {
			t.Fatal(err)
		}
		select {
		case edge := <-ended:
			if done = true; edge {
				t.Error("Halt looked like an edge")
			}
		case <-time.After(time.Millisecond):
		}
	}
	if err := lid.Out(gpio.Low); err == nil {
		t.Error("the lid was driven")
	}
}

func TestKeysClockObserved(t *testing.T) {
	keys := make(chan uint16, 4)
	p := &panel{}
	b, w := join(t, p, Hello{Keys: 0x0001, Offset: 48 * time.Hour}, &BoxOpts{Keys: func(m uint16) { keys <- m }})
	if err := w.Keys(0x8421); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]uint16{0x0001, 0x8421}, []uint16{<-keys, <-keys}); d != "" {
		t.Errorf("closures (-want +got):\n%s", d)
	}
	if ahead := time.Until(b.Clock().Now()); ahead < 47*time.Hour || ahead > 49*time.Hour {
		t.Errorf("clock is %v ahead, want 48 h", ahead)
	}
	due, _ := b.Clock().Timer(90 * time.Second)
	given, stop := b.Clock().Timer(90 * time.Second)
	stop()
	far, _ := b.Clock().Timer(time.Hour)
	if err := w.Clock(48*time.Hour + 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	<-due
	select {
	case <-given:
		t.Error("a timer fired that was given up")
	case <-far:
		t.Error("a timer of an hour fired after two minutes")
	default:
	}
	if err := b.Observe([]byte(`{"face":"idle"}`)); err != nil {
		t.Fatal(err)
	}
	if err := b.Observe(make([]byte, MaxObserved+1)); err == nil {
		t.Error("oversized state was taken")
	}
	if err := b.Scanned(0x8421); err != nil {
		t.Fatal(err)
	}
	b.Out(LineReset).Out(gpio.High) // answered, so what came before has arrived
	p.mu.Lock()
	defer p.mu.Unlock()
	if string(p.state) != `{"face":"idle"}` {
		t.Errorf("state = %s", p.state)
	}
	if !slices.Contains(p.log, "scanned 8421") {
		t.Errorf("log %q lacks the scanned closures", p.log)
	}
}

func TestWorldGone(t *testing.T) {
	near, file, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	far, err := FromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWorld(near, &panel{}, Hello{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBox(far, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	<-b.Done()
	if !errors.Is(b.Err(), io.EOF) {
		t.Errorf("Err = %v, want io.EOF", b.Err())
	}
	if err := b.Out(LineReset).Out(gpio.High); err == nil {
		t.Error("a line moved without a world")
	}
	if b.Busy().WaitForEdge(-1) {
		t.Error("an edge came from nowhere")
	}
	if _, err := b.Reader().Connect(t.Context()); err == nil {
		t.Error("a card answered without a world")
	}
}

func TestBoxRefusesUnasked(t *testing.T) {
	for name, f := range map[string][]byte{
		"level":    frame(KindLevel, []byte{1, 1}[:1]),
		"card":     frame(KindCard, []byte{0, 0, 0, 0, 1, 0x90, 0}),
		"hello":    frame(KindHello, make([]byte, helloLen)),
		"presence": frame(KindPresence, []byte{9}),
		"flag":     frame(KindBusy, []byte{2}),
		"status":   frame(KindCard, []byte{77, 0, 0, 0, 1}),
	} {
		t.Run(name, func(t *testing.T) {
			near, file, err := Pair()
			if err != nil {
				t.Fatal(err)
			}
			far, err := FromFile(file)
			if err != nil {
				t.Fatal(err)
			}
			defer near.Close()
			hello := make([]byte, helloLen)
			hello[0] = Version
			if _, err := near.Write(append(frame(KindHello, hello), slices.Concat(f, f)...)); err != nil {
				t.Fatal(err)
			}
			b, err := OpenBox(far, nil)
			if err != nil {
				t.Fatal(err)
			}
			<-b.Done()
			var fe *FrameError
			if !errors.As(b.Err(), &fe) {
				t.Errorf("Err = %v, want a FrameError", b.Err())
			}
		})
	}
}
