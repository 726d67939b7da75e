// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/card"
	"madoguchi/cmd/internal/wire"
)

// starter starts every child from one thread that lives as long as this
// process: the kernel sends a child its parent-death signal when the *thread*
// that made it ends (prctl(2), PR_SET_PDEATHSIG).
var starter = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

// start starts a child that dies with this process.
func start(cmd *exec.Cmd) error {
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	err := make(chan error)
	starter() <- func() { err <- cmd.Start() }
	return <-err
}

// runBox runs the PIN side once: fd 3 is the wire, fd 4 the wall's listening
// socket.
func (b *box) runBox(started func(error)) error {
	w := b.w
	config := w.folder.file("box", "counter.toml") // which the box writes itself
	if !w.opts.New {
		var err error
		if config, err = w.writeConfig(); err != nil {
			return err
		}
	}
	near, far, err := wire.Pair()
	if err != nil {
		return err
	}
	wall, err := b.wall.File()
	if err != nil {
		near.Close()
		far.Close()
		return fmt.Errorf("handing over the wall: %w", err)
	}
	cmd := w.opts.Command("box", "--config", config, "--card", w.opts.Card)
	if w.opts.New { // it has no configuration to say so
		cmd.Args = append(cmd.Args, "--panel", string(w.opts.Model))
	}
	cmd.ExtraFiles = []*os.File{far, wall}
	cmd.Stderr = &logLines{say: func(s string) { w.log.Warn("box", "said", s) }}
	err = start(cmd)
	far.Close()
	wall.Close()
	if err != nil {
		near.Close()
		return fmt.Errorf("starting box: %w", err)
	}
	b.note("box", cmd.Process)
	defer b.forget("box")

	mask := w.finger.closed()
	w.mu.Lock()
	hello := wire.Hello{Offset: w.ahead, Keys: mask, Presence: w.presence, Busy: w.panel.Busy(), LidOpen: w.lidOpen}
	conn, err := wire.NewWorld(near, b, hello)
	b.mu.Lock()
	b.wire = conn
	b.mu.Unlock()
	w.mu.Unlock()
	started(err)
	if err == nil {
		w.finger.since(mask)
		err = conn.Run()
	}
	cmd.Process.Kill()
	b.mu.Lock()
	b.wire = nil
	b.mu.Unlock()
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	w.unplugged()
	w.mu.Lock()
	if w.box == b {
		w.state = stateBoot
	}
	w.mu.Unlock()
	w.tellState()
	return err
}

// runLink runs the network side once: fd 3 ends when this process does.
func (b *box) runLink(started func(error)) error {
	w := b.w
	r, life, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("starting link: %w", err)
	}
	defer life.Close()
	cmd := w.opts.Command("link", "--broker", "tcp://"+w.line.addr(), "--city", w.city.code(), "--device", w.device, "--wall", b.path, "--state", w.folder.file("link"))
	if w.opts.New {
		cmd.Args = append(cmd.Args, "--new")
	}
	cmd.ExtraFiles = []*os.File{r}
	cmd.Stderr = &logLines{say: func(s string) { w.log.Warn("link", "said", s) }}
	err = start(cmd)
	r.Close()
	if err != nil {
		return fmt.Errorf("starting link: %w", err)
	}
	b.note("link", cmd.Process)
	defer b.forget("link")
	started(nil)
	return cmd.Wait()
}

var _ wire.Handler = (*box)(nil)

// SPI implements [wire.Handler].
func (b *box) SPI(dc bool, data []byte) { b.w.panel.Tx(dc, data) }

// Busy implements [wire.Handler].
func (b *box) Busy() bool { return b.w.panel.Busy() }

// Line implements [wire.Handler].
func (b *box) Line(l wire.Line, high bool) {
	switch l {
	case wire.LineReset:
		b.w.panel.SetReset(gpio.Level(high))
	case wire.LinePower:
		b.w.panel.SetPower(gpio.Level(high))
	default:
		b.w.light(l, high)
	}
}

// light takes a line of the lamp or the buzzer.
func (w *World) light(l wire.Line, high bool) {
	w.mu.Lock()
	switch l {
	case wire.LineRed:
		w.lights[0] = high
	case wire.LineYellow:
		w.lights[1] = high
	case wire.LineGreen:
		w.lights[2] = high
	case wire.LineBuzzer:
		w.buzzer = high
	}
	w.mu.Unlock()
	w.tellState()
}

// Observed implements [wire.Handler].
func (b *box) Observed(js []byte) { b.w.observed(js) }

// Scanned implements [wire.Handler].
func (b *box) Scanned(uint16) { b.w.finger.scanned() }

// Connect implements [wire.Handler].
func (b *box) Connect() (uint32, []byte, error) {
	if b.w.opts.Card != CardSim {
		return 0, nil, card.ErrNoReader
	}
	return b.w.pocket.connect()
}

// Transmit implements [wire.Handler].
func (b *box) Transmit(session uint32, apdu []byte) ([]byte, error) {
	answer, err := b.w.pocket.transmit(session, apdu)
	b.w.tellSwitches()
	return answer, err
}

// Unpower implements [wire.Handler].
func (b *box) Unpower(session uint32) { b.w.pocket.unpower(session) }
