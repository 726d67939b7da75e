// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"madoguchi/cmd/internal/wire"
	"periph.io/x/conn/v3/gpio"
)

// box is the box under power: its two processes, and what the world keeps for
// them as a service manager would.
type box struct {
	w    *World
	wall *net.UnixListener
	path string // of the wall's socket
	temp string // folder made for it, "" if it lies in the data folder

	off   chan struct{} // closed when the power is cut
	wait  sync.WaitGroup
	mu    sync.Mutex
	wire  *wire.World // nil while the process is not there
	procs map[string]*os.Process
}

// SetPower switches the power on, which boots the box, or cuts it: both
// processes are killed at once, the glass keeps what it shows.
func (w *World) SetPower(on bool) error {
	w.switching.Lock()
	defer w.switching.Unlock()
	defer w.tellState()
	select {
	case <-w.ended:
		return errors.New("the simulator is ending")
	default:
	}
	if !on {
		w.cut()
		return nil
	}
	if w.powered() != nil {
		return nil
	}
	if err := w.recard(); err != nil {
		return err
	}
	return w.boot()
}

// powered returns the box if it has power.
func (w *World) powered() *box {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.box
}

// running returns the wire to the box's process, nil if there is none.
func (w *World) running() *wire.World {
	b := w.powered()
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wire
}

// boot starts both processes.
func (w *World) boot() error {
	b := &box{w: w, off: make(chan struct{}), procs: map[string]*os.Process{}}
	if err := b.listen(); err != nil {
		return err
	}
	w.mu.Lock()
	w.box, w.state = b, stateBoot
	w.mu.Unlock()
	started := make(chan error, 2)
	b.wait.Go(func() { b.keep("box", b.runBox, started) })
	b.wait.Go(func() { b.keep("link", b.runLink, started) })
	if err := errors.Join(<-started, <-started); err != nil {
		w.cut()
		return fmt.Errorf("booting: %w", err)
	}
	return nil
}

// cut takes the power away.
func (w *World) cut() {
	w.mu.Lock()
	b := w.box
	w.box, w.state, w.lights, w.buzzer = nil, stateOff, [3]bool{}, false
	w.mu.Unlock()
	if b == nil {
		return
	}
	close(b.off)
	b.mu.Lock()
	for _, p := range b.procs {
		p.Kill()
	}
	b.mu.Unlock()
	b.wait.Wait()
	w.unplugged()
	b.wall.Close()
	os.Remove(b.path)
	if b.temp != "" {
		os.Remove(b.temp)
	}
}

// unplugged is what the wires do when nothing drives them any more.
func (w *World) unplugged() {
	w.panel.SetReset(gpio.Low)
	w.panel.SetPower(gpio.Low)
	w.pocket.drop()
	w.finger.lost()
	w.mu.Lock()
	w.lights, w.buzzer = [3]bool{}, false
	w.mu.Unlock()
}

// maxSocket is the longest path of a unix socket (sun_path less its zero byte).
const maxSocket = 107

// listen makes the wall's socket, as systemd does for the real box.
func (b *box) listen() error {
	b.path = b.w.folder.file("wall")
	if len(b.path) > maxSocket {
		dir, err := os.MkdirTemp("", "madoguchi-")
		if err != nil {
			return fmt.Errorf("making the wall's socket: %w", err)
		}
		b.temp, b.path = dir, filepath.Join(dir, "wall")
	}
	if err := os.Remove(b.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("making the wall's socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: b.path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("making the wall's socket: %w", err)
	}
	if err := os.Chmod(b.path, 0o600); err != nil {
		l.Close()
		return fmt.Errorf("making the wall's socket: %w", err)
	}
	b.wall = l
	return nil
}

// keep runs a process until the power is cut, and starts it again when it ends
// by itself. started is told once whether it could be started.
func (b *box) keep(role string, run func(started func(error)) error, started chan<- error) {
	var once sync.Once
	tell := func(err error) { once.Do(func() { started <- err }) }
	for {
		err := run(tell)
		tell(err)
		select {
		case <-b.off:
			return
		default:
		}
		b.w.log.Warn("a process of the box ended by itself; starting it again", "process", role, "err", err)
		t := time.NewTimer(b.w.opts.Restart)
		select {
		case <-b.off:
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// note remembers a process, so that the power cut finds it. One that was
// started while the power went is killed here.
func (b *box) note(role string, p *os.Process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.procs[role] = p
	select {
	case <-b.off:
		p.Kill()
	default:
	}
}

func (b *box) forget(role string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.procs, role)
}

// Processes returns the ids of the box's processes, by role "box" and "link";
// empty without power.
func (w *World) Processes() map[string]int {
	ids := map[string]int{}
	b := w.powered()
	if b == nil {
		return ids
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for role, p := range b.procs {
		ids[role] = p.Pid
	}
	return ids
}

// environment is all that a child gets to know of this one's.
func environment() []string {
	env := []string{"TZ=Asia/Tokyo", "LANG=C.UTF-8"}
	for _, name := range []string{"GOCOVERDIR", "GOTRACEBACK"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// logLines hands a child's lines to the log.
type logLines struct {
	say  func(line string)
	rest []byte
}

// maxLine is where a line without an end is cut.
const maxLine = 4096

func (l *logLines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := strings.Cut(string(l.rest), "\n")
		if !ok && len(l.rest) < maxLine {
			return len(p), nil
		}
		if line = strings.TrimRight(line, "\r"); line != "" {
			l.say(line)
		}
		l.rest = []byte(rest)
	}
}
