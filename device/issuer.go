// SPDX-License-Identifier: Apache-2.0

package device

import (
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"time"

	"madoguchi/card"
	"madoguchi/device/issue"
	"madoguchi/device/session"
	"madoguchi/sync/issuer"
)

// issuerTick is how often an operation that is open is told the time.
const issuerTick = time.Second

// issuerLink is the box's end of the issuer link: it gives device/issue what happens and carries out what that wants. The loop owns it, and a nil one does nothing. A PIN
// goes from the key-pad's slot to the card and through nothing here.
type issuerLink struct {
	d         *Device
	key       ed25519.PrivateKey
	authority ed25519.PublicKey
	seal      issuer.SealKey
	in        chan linkInput // from the card, the storage and the network side
	out       chan []byte    // sealed, to the network side

	line    *issuer.Line // of the operation that is open
	state   issue.State
	queue   []issue.Effect // due, in their order; a journal is on the disk before the next one begins
	keeping bool           // the first of queue is being stored
	want    bool           // the card is wanted
	present bool           // a card lies in the reader
	offered time.Time      // when it was offered last: a card that fails at once is not asked in a circle
	other   bool           // another one than the wanted lies there
	cases   issuer.Case
	ends    time.Time // last day of the certificate that was written

	no    uint32            // of the session's operation; 0: nobody waits for it
	told  session.IssueNews // to it
	first bool              // nothing was told yet
	after bool              // it is one that a power cut interrupted: the session waits for it without a number
	next  *session.Issue    // waits for an older one to end
	until time.Time         // not for ever
}

// A linkInput is one thing that happened to the issuer link outside the loop.
type linkInput struct {
	event  issue.Event // of the card
	frame  []byte      // of the authority, sealed
	stored bool        // the journal, or not: err
	err    error
}

func newIssuerLink(d *Device) (*issuerLink, error) {
	authority, err := d.cfg.issuerKey()
	if authority == nil || err != nil {
		return nil, err
	}
	l := &issuerLink{d: d, authority: authority, in: make(chan linkInput, 16), out: make(chan []byte, 8)}
	if l.seal, err = d.cfg.issuerSeal(); err != nil {
		return nil, err
	}
	if l.key, err = IssuerKey(d.cfg.DataDir); err != nil {
		return nil, err
	}
	d.log.Info("issuer link", "box_key", base64.StdEncoding.EncodeToString(l.key.Public().(ed25519.PublicKey)))
	return l, nil
}

func (l *issuerLink) inbox() <-chan linkInput {
	if l == nil {
		return nil
	}
	return l.in
}

func (l *issuerLink) outbox() <-chan []byte {
	if l == nil {
		return nil
	}
	return l.out
}

// busy tells whether time matters.
func (l *issuerLink) busy() bool { return l != nil && (l.state.Open() || l.next != nil) }

// put hands something in from another goroutine.
func (l *issuerLink) put(in linkInput) {
	select {
	case l.in <- in:
	case <-l.d.ctx.Done():
	}
}

// heard takes a frame of the network side; more than the loop can take are dropped, as any may be lost.
func (l *issuerLink) heard(frame []byte) {
	if l == nil {
		return
	}
	select {
	case l.in <- linkInput{frame: frame}:
	default:
	}
}

func (l *issuerLink) opts() issue.Opts {
	return issue.Opts{City: l.d.cfg.City, Device: l.d.cfg.DeviceID}
}

// recoverIssue goes on with an operation that a power cut interrupted. One that cannot be settled from here is told as doubt: the authority's book keeps it so, and the card's
// next proof says how it ended.
func (d *Device) recoverIssue() {
	b := d.box.Operation()
	if b == nil {
		return
	}
	j, err := issue.DecodeJournal(b)
	switch {
	case err != nil:
		d.log.Error("issuer link", "cause", err)
		if err := d.box.SetOperation(nil); err != nil {
			d.log.Error("issuer link", "cause", err)
		}
	case d.link == nil:
		d.log.Error("issuer link", "cause", "an operation is open and no link is configured")
	default:
		if err = d.link.open(); err == nil {
			d.link.after, d.link.first = true, true
			d.link.apply(issue.Recover{At: d.clock.Now(), Opts: d.link.opts(), Journal: j})
			return
		}
		d.log.Error("issuer link", "cause", err)
	}
	d.later = append(d.later, session.Event{Kind: session.Issuing, At: d.clock.Now(), Issue: session.IssueNews{Phase: session.IssueEnded, Outcome: session.IssueDoubt}})
}

// open makes the line of one operation: its key for answers is drawn anew.
func (l *issuerLink) open() (err error) {
	l.line, err = issuer.NewLine(l.d.cfg.City, l.d.cfg.DeviceID, l.key, l.authority, l.seal)
	return err
}

// begin begins an operation, or lets it wait for the end of an older one.
func (l *issuerLink) begin(e session.Issue) {
	l.no, l.first, l.after, l.told = e.No, true, false, session.IssueNews{}
	if l.state.Open() {
		l.next, l.until = &e, l.d.clock.Now().Add(issue.DefaultOpts.Reach)
		return
	}
	l.next = nil
	if e.First {
		l.cases = issuer.NewCase()
	}
	o := issuer.Order{Operation: operations[e.Op], Kind: issuerKinds[e.Kind], Procedure: linkedProcedures[e.Procedure], Case: l.cases, Opener: issuer.LabelOf(e.Opener)}
	l.ends, l.want, l.other = time.Time{}, false, false
	if err := l.open(); err != nil {
		l.d.log.Error("issuer link", "cause", err)
		l.tell(session.IssueNews{Phase: session.IssueEnded, Outcome: session.IssueOffline})
		return
	}
	l.apply(issue.Begin{At: l.d.clock.Now(), Opts: l.opts(), Open: issuer.Open{Token: issuer.NewToken(), Order: o}, Ready: true}) // the session begins none without a line
}

// typed says that the new PIN lies in its slot.
func (l *issuerLink) typed(no uint32) {
	if no != l.no || l.state.Step != issue.Typing {
		l.d.hw.Pad.Wipe()
		return
	}
	l.apply(issue.Typed{At: l.d.clock.Now()})
}

// cancel gives an operation up; what is left of it is between box and authority.
func (l *issuerLink) cancel(no uint32) {
	if no != l.no {
		return
	}
	l.no = 0
	if l.next != nil {
		l.next = nil
		return
	}
	l.apply(issue.Cancel{At: l.d.clock.Now()})
}

// reader says whether a card lies there.
func (l *issuerLink) reader(p card.Presence) {
	if l == nil {
		return
	}
	was := l.present
	if l.present = p == card.Present; l.present == was || !l.state.Open() {
		return
	}
	if l.other = false; l.present {
		l.offer()
	} else {
		l.apply(issue.Gone{At: l.d.clock.Now()})
	}
}

// offer gives the card to an operation that wants it and that people still wait for: a resident's card in a later case is none of its business.
func (l *issuerLink) offer() {
	now := l.d.clock.Now()
	if l.want && l.present && !l.other && !l.state.Told && now.Sub(l.offered) >= issuerTick {
		l.want, l.offered = false, now
		l.apply(issue.Here{At: now})
	}
}

// tick lets time pass.
func (l *issuerLink) tick() {
	now := l.d.clock.Now()
	if l.state.Open() {
		l.offer()
		l.apply(issue.Tick{At: now})
	}
	switch e := l.next; {
	case e == nil:
	case !l.state.Open():
		l.begin(*e)
	case now.After(l.until):
		l.next = nil
		l.tell(session.IssueNews{Phase: session.IssueEnded, Outcome: session.IssueOffline})
	}
}

// take goes on with what card, storage or authority said.
func (l *issuerLink) take(in linkInput) {
	switch {
	case in.event != nil:
		l.apply(in.event)
	case in.frame != nil:
		if l.line == nil || !l.state.Open() {
			return
		}
		m, err := l.line.Open(in.frame)
		if err != nil { // of an older operation, or not of the authority
			l.d.log.Info("issuer message refused", "cause", err)
			return
		}
		l.apply(issue.Heard{At: l.d.clock.Now(), Message: m})
	default:
		l.kept(in.err)
	}
}

// apply gives an event to the operation, and tells the session what is new.
func (l *issuerLink) apply(e issue.Event) {
	told := l.state.Told
	var out []issue.Effect
	l.state, out = issue.Apply(l.state, e)
	for _, f := range out {
		if _, ok := f.(issue.Wipe); ok && told { // nobody types for it any more; somebody may for something else
			continue
		}
		l.queue = append(l.queue, f)
	}
	l.run()
	l.news()
}

// run carries effects out, as far as no journal is on its way to the disk.
func (l *issuerLink) run() {
	for len(l.queue) > 0 && !l.keeping {
		f := l.queue[0]
		l.queue = l.queue[1:]
		l.do(f)
	}
}

// kept goes on when a journal is on the disk. If it is not, what it announces must not be done: no last command goes out, and nothing begins.
func (l *issuerLink) kept(err error) {
	l.keeping = false
	if err != nil {
		l.d.log.Error("storage", "cause", err)
		waiting := l.queue
		if i := slices.IndexFunc(waiting, func(f issue.Effect) bool { _, ok := f.(issue.Activate); return ok }); i >= 0 {
			l.queue = nil
			l.apply(issue.Card{At: l.d.clock.Now(), Seq: waiting[i].(issue.Activate).Seq, Err: issue.Failed})
			return
		}
		if l.state.Step < issue.Activating {
			l.queue = nil
			l.apply(issue.Cancel{At: l.d.clock.Now()})
			return
		}
	}
	l.run()
	l.news()
}

// store writes the journal; nil removes it.
func (l *issuerLink) store(b []byte) {
	l.keeping = true
	l.d.spawn("operation", func() {
		err := l.d.box.SetOperation(b)
		l.put(linkInput{stored: true, err: err})
	})
}

// operations and issuerKinds are the link's for the session's.
var (
	operations = map[session.IssueOp]issuer.Operation{
		session.IssueReset: issuer.PinReset, session.IssueNew: issuer.CertIssue, session.IssueRenewal: issuer.CertRenewal, session.IssueRelease: issuer.SuspensionRelease,
	}
	issuerKinds = map[card.Kind]issuer.Kind{
		0: issuer.NoKind, card.KindLogin: issuer.Login, card.KindSigning: issuer.Signing, card.KindCardInfo: issuer.CardInfo, card.KindRegister: issuer.Register,
	}
	cardKinds = func() map[issuer.Kind]card.Kind {
		all := map[issuer.Kind]card.Kind{}
		for k, i := range issuerKinds {
			all[i] = k
		}
		return all
	}()
)
