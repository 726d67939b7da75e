// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"time"

	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/lamp"
	"madoguchi/pinpad"
	"madoguchi/sync/enrol"
	"madoguchi/sync/wall"
)

// Opts are what a new box has. Disk, Hardware's Pad, Panel and Wall must be there.
type Opts struct {
	Hardware device.Hardware // no reader
	Disk     enrol.Disk      // the PIN side's folder; the provisioning file lies in it as enrol.FileName
	Board    Board
	Clock    device.Clock // default device.SystemClock; the pad must use the same
	PeerUID  int          // user of the network side; wall.AnyUID: any
	Painter  display.PainterOpts
	Observe  func(device.Observed) // called at each change; nil in the firmware
	Log      *slog.Logger          // enumerated codes only; default none
}

// Waiting tells whether a folder holds a provisioning file and no configuration: whether Run has something to do.
func Waiting(disk enrol.Disk) bool {
	_, config := disk.Read(ConfigFile)
	_, file := disk.Read(enrol.FileName)
	return errors.Is(config, fs.ErrNotExist) && file == nil
}

// Run enrols the box. It returns nil when the configuration is kept and the last screen stood on the glass, and ctx's error when it ends.
func Run(ctx context.Context, o Opts) error {
	if err := play(ctx, o, &machine{lang: display.Japanese}, []any{openFile{}}); err != nil {
		return fmt.Errorf("enrolling: %w", err)
	}
	return nil
}

// Forget goes on with the wipe that the disk's mark tells of. It returns nil when nothing but enrol.WipedFile lies there and the last screen stood on the glass, and ctx's error when it ends.
// Of Board nothing is needed.
func Forget(ctx context.Context, o Opts) error {
	mark, _ := enrol.ReadMark(o.Disk)
	m := &forgetting{lang: display.Japanese, mark: mark}
	if err := play(ctx, o, m, m.begin()); err != nil {
		return fmt.Errorf("wiping: %w", err)
	}
	return nil
}

// play runs a script to its end.
func play(ctx context.Context, o Opts, m script, first []any) error {
	if o.Clock == nil {
		o.Clock = device.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Board.Panel = o.Hardware.Panel.Bounds()
	renderer, err := display.NewRenderer(o.Board.Panel)
	if err != nil {
		return err
	}
	o.Painter.Clock = o.Clock
	ctx, cancel := context.WithCancel(ctx)
	b := &box{o: o, m: m, renderer: renderer, paint: display.NewPainter(o.Hardware.Panel, renderer, &o.Painter), in: make(chan any, 16)}
	defer b.wait.Wait()
	defer cancel()
	b.wait.Go(func() { _ = b.paint.Run(ctx) })
	b.wait.Go(func() { b.listen(ctx) })
	return b.loop(ctx, first)
}

// A script is what a box without its own program does: enrolling, or being wiped.
type script interface {
	handle(now time.Time, ev any) []any // what is to be done
	screen(now time.Time) display.Screen
	language() display.Lang
}

var (
	_ script = (*machine)(nil)
	_ script = (*forgetting)(nil)
)

// box runs a script.
type box struct {
	o        Opts
	m        script
	renderer *display.Renderer
	paint    *display.Painter
	in       chan any
	wait     sync.WaitGroup

	gen   uint32
	seen  uint32 // generation on the glass
	last  display.Screen
	stuck bool

	mu   sync.Mutex
	peer *wall.Conn
}

func (b *box) loop(ctx context.Context, first []any) error {
	b.o.Hardware.Pad.Menu(1)
	defer b.o.Hardware.Pad.Off(2)
	b.do(ctx, first)
	b.show()
	for {
		alarm, stop := b.o.Clock.Timer(time.Second)
		var ev any
		select {
		case <-ctx.Done():
			stop()
			return ctx.Err()
		case e := <-b.o.Hardware.Pad.Events():
			ev = b.key(e)
		case r := <-b.paint.Reports():
			if r.Err == nil && r.Gen == b.gen {
				b.seen = r.Gen
				ev = shown{}
				b.observe()
			}
		case ev = <-b.in:
		case <-alarm:
			ev = tick{}
		}
		stop()
		if ev == nil {
			continue
		}
		if b.do(ctx, b.m.handle(b.o.Clock.Now(), ev)) {
			return nil
		}
		b.show()
	}
}

// key is what the pad says, if it counts on the present screen.
func (b *box) key(e pinpad.Event) any {
	switch e.Kind {
	case pinpad.EventStuck:
		b.stuck = true
	case pinpad.EventIdle:
		b.stuck = false
	case pinpad.EventPress:
		if info, _ := b.last.ID.Info(); info.Seen && b.seen != b.gen {
			return nil
		}
		return e.Key
	default:
		return nil
	}
	return tick{}
}

// do carries out what the machine wants; true: all is done.
func (b *box) do(ctx context.Context, all []any) bool {
	for _, what := range all {
		switch what := what.(type) {
		case openFile:
			b.wait.Go(func() { b.tell(ctx, readFile(b.o.Disk, b.o.Board, b.o.Clock.Now(), what.over)) })
		case hashCode:
			b.wait.Go(func() {
				key, err := enrol.CodeKey(what.digits, what.serial)
				if err != nil {
					b.o.Log.Error("one-time code", "cause", err)
				}
				b.tell(ctx, hashed{key})
			})
		case keepRequest:
			b.tellLater(ctx, kept{b.log("keeping request", b.o.Disk.Keep(requestFile, what.raw))})
		case dropRequest:
			_ = b.log("erasing request", b.o.Disk.Erase(requestFile)) // one that stays is sent again, and refused again
		case sendRequest:
			b.send(wall.Enrol, what.raw)
		case commit:
			b.wait.Go(func() {
				b.tell(ctx, committed{b.log("keeping configuration", keepBox(b.o.Disk, what.file, b.o.Board))})
			})
		case eraseData:
			b.wait.Go(func() { b.tell(ctx, erased{b.log("wiping", enrol.EraseAll(b.o.Disk, enrol.MarkFile))}) })
		case keepMark:
			b.tellLater(ctx, marked{b.log("keeping mark", enrol.KeepMark(b.o.Disk, what.mark))})
		case dropMark:
			b.tellLater(ctx, marked{b.log("ending wipe", endWipe(b.o.Disk))})
		case farewell:
			if text, err := (enrol.Farewell{Word: what.word}).Encode(); b.log("saying farewell", err) == nil {
				b.send(wall.Wipe, text)
			}
		case finish:
			return true
		}
	}
	return false
}

// endWipe leaves of a wiped box that it was wiped: the mark goes last.
func endWipe(disk enrol.Disk) error {
	if err := disk.Keep(enrol.WipedFile, nil); err != nil {
		return err
	}
	return enrol.EraseAll(disk, enrol.WipedFile)
}

func (b *box) log(what string, err error) error {
	if err != nil {
		b.o.Log.Error(what, "cause", err)
	}
	return err
}

func (b *box) tell(ctx context.Context, ev any) {
	select {
	case b.in <- ev:
	case <-ctx.Done():
	}
}

// tellLater is tell from the loop itself.
func (b *box) tellLater(ctx context.Context, ev any) { b.wait.Go(func() { b.tell(ctx, ev) }) }

// show brings the machine's screen to the panel if it is another.
func (b *box) show() {
	s := b.m.screen(b.o.Clock.Now())
	if b.stuck {
		s = display.Screen{ID: display.FaultKeypad, Lang: b.m.language(), Facts: display.Facts{Reason: "stuck"}}
	}
	if b.gen > 0 && s.Equal(b.last) {
		return
	}
	b.gen++
	b.last = s
	b.paint.Show(b.gen, s)
	if b.o.Hardware.Lamp != nil {
		_ = b.o.Hardware.Lamp.Set(light(s))
	}
	b.observe()
}

// light is the lamp's state for a screen.
func light(s display.Screen) lamp.State {
	switch s.ID {
	case display.ServiceEnrolCode:
		return lamp.Typing
	case display.ServiceEnrolWait:
		return lamp.Checking
	case display.ServiceEnrolStop, display.FaultKeypad, display.ServiceWipeAlone:
		return lamp.Stopped
	case display.ServiceWipe:
		return lamp.Checking
	case display.ServiceEnrolDone, display.ServiceWiped:
		return lamp.Done
	}
	return lamp.Waiting
}

func (b *box) observe() {
	if b.o.Observe == nil {
		return
	}
	info, _ := b.last.ID.Info()
	b.o.Observe(device.Observed{Face: string(info.Face), Screen: string(b.last.ID), Lamp: light(b.last).String(), Busy: b.seen != b.gen, Words: b.renderer.Text(b.last)})
}

// listen serves the network side.
func (b *box) listen(ctx context.Context) {
	l := wall.NewListener(b.o.Hardware.Wall, b.o.PeerUID, wall.Opts{})
	for ctx.Err() == nil {
		c, err := acceptUntil(ctx, b.o.Hardware.Wall, l)
		if err != nil {
			if ctx.Err() == nil {
				b.o.Log.Error("wall", "cause", err)
			}
			return
		}
		b.serve(ctx, c)
	}
}

// A deadlined listener can be given up without being closed: the box's next program part goes on with it.
type deadlined interface{ SetDeadline(time.Time) error }

// acceptUntil waits for a peer until ctx ends.
func acceptUntil(ctx context.Context, raw net.Listener, l *wall.Listener) (*wall.Conn, error) {
	d, ok := raw.(deadlined)
	if !ok {
		return nil, fmt.Errorf("listener %T cannot be given up", raw)
	}
	stop := context.AfterFunc(ctx, func() { _ = d.SetDeadline(time.Unix(1, 0)) })
	c, err := l.Accept()
	if !stop() { // it ran, or runs: what it set is taken back
		_ = d.SetDeadline(time.Time{})
		if err == nil {
			c.Close()
		}
		return nil, ctx.Err()
	}
	return c, err
}

func (b *box) serve(ctx context.Context, c *wall.Conn) {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	defer c.Close()
	b.mu.Lock()
	b.peer = c
	b.mu.Unlock()
	b.tell(ctx, arrived{})
	for {
		f, err := c.Read()
		if err != nil {
			break
		}
		switch f.Type {
		case wall.Enrol:
			w, err := enrol.ParseWord(f.Body)
			if err != nil {
				b.o.Log.Error("word refused", "cause", err)
				continue
			}
			b.tell(ctx, heard{w})
		case wall.Wipe:
			g, err := enrol.ParseGone(f.Body)
			if err != nil {
				b.o.Log.Error("answer to the farewell refused", "cause", err)
				continue
			}
			b.tell(ctx, said{g})
		}
	}
	b.mu.Lock()
	b.peer = nil
	b.mu.Unlock()
	b.tell(ctx, away{})
}

func (b *box) send(t wall.Type, raw []byte) {
	b.mu.Lock()
	c := b.peer
	b.mu.Unlock()
	if c == nil {
		return // asked again
	}
	if err := c.Write(t, raw); err != nil {
		b.o.Log.Info("not sent", "frame", t, "cause", err)
	}
}
