// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/device/session"
	"madoguchi/display"
	"madoguchi/display/epd"
	"madoguchi/display/lamp"
	"madoguchi/pinpad/pin"
)

// Run is the box: it returns when ctx ends (nil), or when the box cannot go on (an *ExitError). On every way out all PINs are wiped, the card is powered off and,
// if a case or a tries board was on the panel, the panel is white.
func (d *Device) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	d.ctx = ctx
	defer func() {
		if v := recover(); v != nil {
			err = recovered("loop", v)
		}
		d.stop(cancel)
	}()
	if d.hw.Buzzer != nil {
		d.hw.Buzzer.Enable(d.config().Sound)
	}
	for name, f := range map[string]func(context.Context){
		"card": d.cards.run, "storage": d.store.run, "uplink": d.line.run, "keys": d.readPad, "reader": d.readReader,
		"reports": d.readReports, "lid": d.readLid, "updates": d.upd.run,
	} {
		d.spawn(name, func() { f(ctx) })
	}
	d.spawn("painter", func() { _ = d.paint.Run(ctx) })
	return d.loop(ctx)
}

// loop is the one goroutine that owns the session. Between events it sleeps: its only timer is the state's deadline.
func (d *Device) loop(ctx context.Context) error {
	d.step(d.startEvent())
	d.recoverIssue()
	d.drain()
	var due time.Time
	var alarm <-chan time.Time
	stop := func() {}
	defer func() { stop() }()
	beat, still := (<-chan time.Time)(nil), func() {}
	defer func() { still() }()
	for {
		if t := d.state.Deadline(); !t.Equal(due) {
			stop()
			due, alarm, stop = t, nil, func() {}
			if !t.IsZero() {
				alarm, stop = d.clock.Timer(t.Sub(d.clock.Now()))
			}
		}
		if beat == nil && d.link.busy() {
			beat, still = d.clock.Timer(issuerTick)
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-d.fatal:
			return err
		case ev := <-d.in:
			d.step(ev)
		case in := <-d.link.inbox():
			d.link.take(in)
		case <-beat:
			beat, still = nil, func() {}
			d.link.tick()
		case <-d.asked:
		case h := <-d.holds:
			h.answer <- d.hold(h.kind)
		case <-alarm:
			due = time.Time{}
			d.step(session.Event{Kind: session.Tick, At: d.clock.Now()})
		}
		d.drain()
	}
}

// step gives one event to the session and carries out what it wants.
func (d *Device) step(ev session.Event) {
	var effects []session.Effect
	d.state, effects = session.Step(d.state, ev)
	if dated := d.state.Dated(); d.trusted.Swap(dated) != dated && dated {
		d.line.stored() // what was held may go
	}
	for _, e := range effects {
		d.do(e)
	}
	if d.state.CaseOpen() {
		d.used.Store(ev.At.UnixNano())
	}
	if err := d.lock.set(d.cfg.DataDir, d.state.CaseOpen()); err != nil {
		d.log.Error("storage", "cause", err)
	}
	if v := d.state.Vitals(); d.vital.Load() == nil || *d.vital.Load() != v {
		d.vital.Store(&v)
	}
	d.noteCheck()
	d.observe()
	if ev.Kind == session.Reader {
		d.link.reader(ev.Presence)
	}
}

// drain gives the session what its own effects led to.
func (d *Device) drain() {
	for len(d.later) > 0 {
		ev := d.later[0]
		d.later = d.later[1:]
		d.step(ev)
	}
}

// do carries one effect out. Nothing here waits.
func (d *Device) do(e session.Effect) {
	switch e := e.(type) {
	case session.Show:
		d.paint.Show(e.Gen, e.Screen)
	case session.Keys:
		d.setKeys(e)
	case session.SlowKeys:
		d.hw.Pad.SetSlow(e.On)
	case session.SetLamp:
		d.setLamp(e.Lamp)
	case session.WipePINs:
		d.hw.Pad.Wipe()
		d.codes.wipe()
	case session.CheckCode:
		d.checkCode(e)
	case session.StoreCode:
		d.storeCode(e)
	case session.Examine:
		d.examine(e)
	case session.Inspect:
		d.inspect(e)
	case session.Beep:
		d.beep()
	case session.ReadBoard:
		d.cards.put(&order{reply: session.Event{Kind: session.BoardRead, No: e.No}})
	case session.Verify:
		d.cards.put(&order{reply: session.Event{Kind: session.Verified, No: e.No}, kind: e.Kind, left: e.Left,
			current: d.hw.Pad.Take(padSlots[session.SlotCurrent])})
	case session.Change:
		d.cards.put(&order{reply: session.Event{Kind: session.Changed, No: e.No}, kind: e.Kind, left: e.Left,
			current: d.hw.Pad.Take(padSlots[session.SlotCurrent]), next: d.hw.Pad.Take(padSlots[session.SlotNew])})
	case session.Issue:
		d.link.begin(e)
	case session.IssueTyped:
		d.link.typed(e.No)
	case session.IssueCancel:
		d.link.cancel(e.No)
	case session.Reveal:
		d.paint.Reveal(e.No, func(atlas []byte, show func([]byte)) error {
			return d.hw.Pad.Reveal(padSlots[e.Slot], e.At, atlas, show)
		})
	case session.Cover:
		d.paint.Cover()
	case session.EndCard:
		d.cards.put(&order{end: true})
	case session.FindClaim:
		d.line.find(e)
	case session.Journal, session.Finish, session.Misses, session.Afterwards, session.Look:
		select {
		case d.store.jobs <- e:
		default:
			d.fail(&ExitError{ExitPanic, errors.New("storage does not take jobs")})
		}
	default:
		d.fail(&ExitError{ExitPanic, fmt.Errorf("effect %T is not known", e)})
	}
}

// lamps are the lamp's states for the session's.
var lamps = [...]lamp.State{
	session.LampOff: lamp.Off, session.LampWaiting: lamp.Waiting, session.LampTyping: lamp.Typing, session.LampChecking: lamp.Checking,
	session.LampDone: lamp.Done, session.LampHelp: lamp.Help, session.LampStopped: lamp.Stopped,
}

func (d *Device) setLamp(l session.Lamp) {
	if d.hw.Lamp == nil {
		return
	}
	if err := d.hw.Lamp.Set(lamps[l]); err != nil {
		d.log.Error("lamp", "cause", err)
	}
}

// readReports hands on what the painter has painted.
func (d *Device) readReports(ctx context.Context) {
	classed, _ := d.hw.Panel.(interface{ Class() epd.Class })
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-d.paint.Reports():
			if r.Glimpse != 0 {
				d.send(ctx, session.Event{At: r.At, Kind: session.Revealed, No: r.Glimpse, Bad: r.Err != nil})
				continue
			}
			d.panelFailed.Store(r.Err != nil)
			if r.Err != nil {
				d.log.Error("panel", "screen", r.ID, "cause", r.Err)
			} else if classed != nil && classed.Class() != epd.ClassUnknown {
				d.log.Info("panel", "class", classed.Class()) // glass of one name is sold with two speeds
				classed = nil
			}
			d.send(ctx, session.Event{At: r.At, Kind: session.Shown, Gen: r.Gen, Bad: r.Err != nil})
		}
	}
}

// A single wait for the lid's edge, shorter than Limits.Wipe because a Halt that comes before the wait is lost; and how often the switch is looked at
// if its driver gives no edges.
const (
	lidWait = 10 * time.Second
	lidLook = 500 * time.Millisecond
)

// readLid watches the lid switch. A switch that cannot be read is an open lid.
func (d *Device) readLid(ctx context.Context) {
	if d.hw.Lid == nil {
		return
	}
	if err := d.hw.Lid.In(gpio.PullUp, gpio.BothEdges); err != nil {
		d.log.Error("lid", "cause", err)
		d.send(ctx, session.Event{Kind: session.Lid, Bad: true})
		return
	}
	closed := true
	for ctx.Err() == nil {
		if now := d.hw.Lid.Read() == gpio.Low; now != closed {
			closed = now
			d.send(ctx, session.Event{Kind: session.Lid, Bad: !closed})
		}
		if begun := d.clock.Now(); d.hw.Lid.WaitForEdge(lidWait) || d.clock.Now().Sub(begun) >= lidWait/2 {
			continue
		}
		d.pause(ctx, lidLook)
	}
}

// pause waits, or until ctx ends.
func (d *Device) pause(ctx context.Context, t time.Duration) {
	due, stop := d.clock.Timer(t)
	defer stop()
	select {
	case <-due:
	case <-ctx.Done():
	}
}

// stop ends everything, wipes first, and never waits without a limit.
func (d *Device) stop(cancel context.CancelFunc) {
	d.hw.Pad.Off(0)
	d.hw.Pad.Wipe()
	d.codes.wipe()
	d.cards.wipeAll()
	cancel()
	d.line.close()
	if d.hw.Lid != nil {
		_ = d.hw.Lid.Halt()
	}
	done := make(chan struct{})
	go func() { d.running.Wait(); close(done) }()
	timeout, halt := d.clock.Timer(d.opts.Limits.Wipe)
	defer halt()
	select {
	case <-done:
		if d.state.CaseOpen() || d.state.View().Screen == display.IdleBoard { // the board goes with the card, or with the box
			d.whiten()
		}
	case <-timeout:
		d.log.Error("goroutines do not end")
	}
	d.cards.wipeAll()
	d.hw.Pad.Wipe()
	d.codes.wipe()
	d.setLamp(session.LampOff)
	_ = d.lock.set(d.cfg.DataDir, false)
	if err := d.box.Close(); err != nil {
		d.log.Error("storage", "cause", err)
	}
	if n := pin.InUse(); n > 0 {
		d.log.Error("locked pages in use at the end", "pages", n)
	}
}

// whiten makes the panel white; the painter has ended.
func (d *Device) whiten() {
	ctx, cancel := context.WithTimeout(context.Background(), d.opts.Limits.Wipe)
	defer cancel()
	if err := d.hw.Panel.Wipe(ctx); err != nil {
		d.log.Error("panel", "screen", display.Wipe, "cause", err)
	}
}
