// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"madoguchi/device/session"
	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// wantQueue is how many requests for parts of an update wait; the agent makes eight at a time on a line where it asks one by one.
const wantQueue = 32

// Times of the uplink.
const (
	resendMin = 5 * time.Second // a receipt on a good line takes less than one
	resendMax = 5 * time.Minute // a city hall that is busy is not helped by more

	acceptAgain = time.Second // after a wait for a peer that failed

	batchedMin  = 8                  // cases whose records leave together; fewer wait for the next time
	batchedMost = 7 * 24 * time.Hour // but not longer than this
	batchedRand = 30 * time.Minute   // so that the time of leaving says nothing
)

// uplink brings records to the network side and takes city hall's receipts back. The network side is not trusted: it carries bytes. A receipt counts only with
// city hall's signature, for this box, this outbox and records that were sent.
type uplink struct {
	d       *Device
	l       *wall.Listener
	counts  wall.Counts
	refused atomic.Uint64 // receipts
	wake    chan struct{} // a record was stored
	news    chan struct{} // the state of the updates has changed
	times   chan struct{} // the times of release have
	wants   chan []byte   // requests for parts of an update

	received    atomic.Int64           // when city hall's latest receipt came, ns since 1970; 0: none since the start
	fingerprint atomic.Pointer[string] // of the line's certificate, as the network side says

	// Of the goroutine.
	link   session.Link
	shown  session.Link
	waits  int // records
	told   bool
	resend time.Duration
	alarm  <-chan time.Time // of the batch in flight
	stop   func()
	last   time.Time // records left the box

	claims claims

	said       reported // the latest state document that went out; zero: none
	again      bool     // the peer is new and has not had it
	saidAt     time.Time
	reportDue  <-chan time.Time
	stopReport func()
}

func newUplink(d *Device) *uplink {
	u := &uplink{d: d, wake: make(chan struct{}, 1), news: make(chan struct{}, 1), times: make(chan struct{}, 1),
		wants: make(chan []byte, wantQueue), resend: resendMin, claims: newClaims(), stop: func() {}, stopReport: func() {}, last: d.clock.Now()}
	if d.hw.Wall != nil {
		u.l = wall.NewListener(d.hw.Wall, d.opts.PeerUID, wall.Opts{Counts: &u.counts})
		u.link = session.LinkDown
	}
	return u
}

// stored tells that a record was stored. It never waits.
func (u *uplink) stored() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// retime tells that the times of release have changed. It never waits.
func (u *uplink) retime() {
	select {
	case u.times <- struct{}{}:
	default:
	}
}

// retell lets the line look for what is to be told of the box. It never waits.
func (u *uplink) retell() {
	select {
	case u.news <- struct{}{}:
	default:
	}
}

// close stops listening, which ends accept.
func (u *uplink) close() {
	if u.l != nil {
		_ = u.l.Close()
	}
}

// run releases records and serves the network side until ctx ends.
func (u *uplink) run(ctx context.Context) {
	peers, frames := make(chan *wall.Conn), make(chan wall.Frame)
	if u.l != nil {
		u.d.spawn("wall", func() { u.accept(ctx, peers) })
	}
	var conn *wall.Conn
	var lost chan struct{}
	if u.d.cfg.Release == "at_once" {
		u.release() // what a power cut left between storing and releasing
	}
	batch, stopBatch := u.nextRelease()
	defer u.claims.quiet()
	defer func() { stopBatch(); u.stop(); u.stopReport() }()
	u.tell(ctx)
	for {
		select {
		case <-ctx.Done():
			if conn != nil {
				conn.Close()
			}
			return
		case conn = <-peers:
			lost, u.link = make(chan struct{}), session.LinkDown // until it says otherwise
			u.quiet()
			u.claims.quiet()
			u.again = true
			c, gone := conn, lost
			u.d.spawn("wall peer", func() { u.read(ctx, c, frames, gone) })
		case <-lost:
			conn, lost, u.link = nil, nil, session.LinkDown
			u.quiet()
			u.claimsCut(ctx)
		case f := <-frames:
			u.frame(ctx, f, conn)
		case <-u.wake:
			if u.d.cfg.Release == "at_once" {
				u.release()
			}
			if u.alarm == nil {
				u.send(conn)
			}
			u.putClaim(conn)
		case e := <-u.claims.asks:
			u.findClaim(ctx, e, conn)
		case <-u.claims.getDue:
			u.claimSilent(ctx)
		case <-u.claims.putDue:
			u.claims.resend = min(2*u.claims.resend, resendMax)
			u.putClaim(conn)
		case <-u.news:
		case w := <-u.wants:
			u.want(w, conn)
		case <-u.times:
			stopBatch()
			batch, stopBatch = u.nextRelease()
		case <-u.alarm:
			u.resend = min(2*u.resend, resendMax)
			u.send(conn)
		case b := <-u.d.link.outbox():
			u.sendIssuer(conn, b)
		case <-u.reportDue:
			u.reportDue = nil
		case <-batch:
			u.releaseBatch()
			batch, stopBatch = u.nextRelease()
			if u.alarm == nil {
				u.send(conn)
			}
		}
		u.report(conn)
		u.tell(ctx)
	}
}

// accept hands peers on. The listener itself refuses a second one and strangers. A wait that fails (no descriptors left) begins anew: the line must not
// stay down until the box is switched off.
func (u *uplink) accept(ctx context.Context, peers chan<- *wall.Conn) {
	for {
		c, err := u.l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
				return
			}
			u.d.log.Error("wall", "cause", err)
			u.d.pause(ctx, acceptAgain)
			continue
		}
		select {
		case peers <- c:
		case <-ctx.Done():
			c.Close()
			return
		}
	}
}

// read hands a peer's frames on until it goes.
func (u *uplink) read(ctx context.Context, c *wall.Conn, frames chan<- wall.Frame, gone chan<- struct{}) {
	defer close(gone)
	defer c.Close()
	for {
		f, err := c.Read()
		if err != nil {
			u.d.log.Info("wall peer gone", "cause", err)
			return
		}
		if f.Type == wall.Bytes { // past the loop: a download holds up nothing
			u.refuse(u.d.upd.part(f.Body))
			continue
		}
		select {
		case frames <- f:
		case <-ctx.Done():
			return
		}
	}
}

// lines are the states of the line as the session knows them. A city hall whose collector is away takes no records.
var lines = map[wall.State]session.Link{wall.Down: session.LinkDown, wall.Untrusted: session.LinkUntrusted, wall.Refused: session.LinkRefused, wall.NoHost: session.LinkDown, wall.Up: session.LinkUp}

// frame takes one frame of the network side. Kinds that this box does not use yet are dropped.
func (u *uplink) frame(ctx context.Context, f wall.Frame, conn *wall.Conn) {
	switch f.Type {
	case wall.Issuer:
		u.d.link.heard(f.Body)
	case wall.Ack:
		u.receipt(f.Body, conn)
	case wall.Desired:
		u.d.upd.desired(f.Body)
	case wall.Claim:
		u.claimAnswer(ctx, f.Body, conn)
	case wall.Link:
		s, err := wall.DecodeLinkState(f.Body)
		if err != nil {
			u.refused.Add(1)
			u.d.log.Error("link state refused", "cause", err)
			return
		}
		u.fingerprint.Store(&s.Fingerprint)
		was := u.link
		u.link = lines[s.State]
		switch {
		case u.link == session.LinkUp && was != session.LinkUp:
			u.resend, u.claims.resend = resendMin, resendMin
			u.send(conn)
			u.putClaim(conn)
		case u.link != session.LinkUp:
			u.quiet()
			u.claimsCut(ctx)
		}
	}
}

// want asks for a part of an update. Without a line it is dropped: who asked asks again.
func (u *uplink) want(body []byte, conn *wall.Conn) {
	if conn == nil || u.link != session.LinkUp {
		return
	}
	if err := conn.Write(wall.Want, body); err != nil {
		u.d.log.Error("asking for an update", "cause", err)
	}
}

// refuse counts what of the network side is none.
func (u *uplink) refuse(err error) {
	if err != nil {
		u.refused.Add(1)
		u.d.log.Error("part of an update refused", "cause", err)
	}
}

// receipt applies city hall's receipt.
func (u *uplink) receipt(body []byte, conn *wall.Conn) {
	a, err := record.OpenAck(u.d.key, body)
	if err == nil {
		before := u.d.box.Stats()
		if err = u.d.box.Apply(a); err == nil {
			u.received.Store(u.d.clock.Now().UnixNano())
			// More may go out: the window moved, gaps were named, or a city hall that came back from a backup lacks what it had.
			if after := u.d.box.Stats(); after.Upto > before.Upto || after.Hall > before.Hall || len(a.Missing) > 0 {
				u.resend = resendMin
				u.send(conn)
			}
			return
		}
	}
	u.refused.Add(1)
	u.d.log.Error("receipt refused", "cause", err)
}

// send sends the batch that is due, and waits for its receipt.
func (u *uplink) send(conn *wall.Conn) {
	u.quiet()
	if conn == nil || u.link != session.LinkUp {
		return
	}
	b, ok := u.d.box.Next(record.MaxRecords)
	if !ok {
		if u.d.box.Stats().Out > 0 { // the disk is not sure of them yet
			u.later()
		}
		return
	}
	b.Policy = uint32(u.d.rules.Load().Version)
	body, err := b.Encode()
	if err == nil {
		err = conn.Write(wall.Records, body)
	}
	if err != nil {
		u.d.log.Error("sending records", "cause", err)
	}
	u.later()
}

// later sets when the next attempt to send is due.
func (u *uplink) later() {
	u.alarm, u.stop = u.d.clock.Timer(u.resend + time.Duration(rand.Int64N(int64(u.resend/4))))
}

// sendIssuer hands a message of the issuer link on. One that finds no line is dropped: the operation sends it again.
func (u *uplink) sendIssuer(conn *wall.Conn, body []byte) {
	if conn == nil || u.link != session.LinkUp {
		return
	}
	if err := conn.Write(wall.Issuer, body); err != nil {
		u.d.log.Error("sending issuer message", "cause", err)
	}
}

// quiet ends the wait for a receipt.
func (u *uplink) quiet() {
	u.stop()
	u.alarm, u.stop = nil, func() {}
}

// release numbers every record that waits, once the clock is believed: until then they are held, for their weeks may be wrong.
func (u *uplink) release() {
	if !u.d.trusted.Load() {
		return
	}
	n, err := u.d.box.Release(outbox.All)
	if err != nil {
		u.d.log.Error("releasing records", "cause", err)
	}
	if n > 0 {
		u.last = u.d.clock.Now()
	}
}

// releaseBatch releases if enough records wait, or have waited long enough.
func (u *uplink) releaseBatch() {
	n := u.d.box.Stats().Hold
	if n >= batchedMin*perCase(*u.d.recording.Load()) || n > 0 && u.d.clock.Now().Sub(u.last) >= batchedMost {
		u.release()
	}
}

// nextRelease waits for the next time of day at which records may leave. Without such times, or if they leave at once, it waits for nothing.
func (u *uplink) nextRelease() (<-chan time.Time, func()) {
	if u.d.cfg.Release == "at_once" || len(u.d.config().ReleaseAt) == 0 {
		return nil, func() {}
	}
	now := u.d.clock.Now().In(japan)
	var next time.Time
	for _, at := range u.d.config().ReleaseAt {
		t, err := time.Parse("15:04", at)
		if err != nil {
			continue
		}
		for day := range 2 {
			due := time.Date(now.Year(), now.Month(), now.Day()+day, t.Hour(), t.Minute(), 0, 0, japan)
			if due.After(now) && (next.IsZero() || due.Before(next)) {
				next = due
			}
		}
	}
	return u.d.clock.Timer(next.Sub(now) + time.Duration(rand.Int64N(int64(batchedRand))))
}

// japan has had no other offset since 1951.
var japan = time.FixedZone("JST", 9*60*60)

// tell puts a changed line or queue on the idle screen.
func (u *uplink) tell(ctx context.Context) {
	s := u.d.box.Stats()
	if waits := s.Hold + s.Out; !u.told || waits != u.waits || u.link != u.shown {
		u.told, u.waits, u.shown = true, waits, u.link
		u.d.send(ctx, session.Event{Kind: session.LinkState, Link: u.link, Queue: u.d.box.Cases()}) // a clerk counts cases, not facets
	}
}
