// SPDX-License-Identifier: Apache-2.0

package link

import (
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"

	"madoguchi/sync/enrol"
	"madoguchi/sync/wall"
)

// Counts counts what the link did not hand on.
type Counts struct {
	Dropped     atomic.Uint64 // record batches, claims, issuer messages and requests for parts of an update that came while the line was down or busy: the PIN side sends them again
	Unexpected  atomic.Uint64 // messages of the broker on no topic of ours, or too long
	Overflow    atomic.Uint64 // acknowledgements, answers and parts that the PIN side was too slow for: they are repeated or asked for again
	Connections atomic.Uint64 // broker connections tried
}

// ackQueue is how many acknowledgements, and how many answers, wait for the PIN side. The oldest go first when there are more: acknowledgements are cumulative, and what is not answered
// is asked again.
const ackQueue = 16

// Requests for parts of an update, and parts, that wait. The PIN side has at most 32 parts under way (package update), which it asks for one by one only on a line that bears eight.
const (
	wantQueue = 32
	partQueue = 32 // of 64 KiB at most
)

// hub is what the wall side and the broker side share. Everything in it may be lost.
type hub struct {
	counts *Counts

	up chan wall.Frame // records, claims and the issuer link's messages to the broker

	wants chan []byte // requests for parts to the broker, apart from what must not wait for them

	lastWord chan []byte   // of a box that is being wiped, to the broker
	forget   chan struct{} // the PIN side of such a box wants the network side to forget it

	asked    chan []byte // the newest request for a first certificate, to the broker
	enrolled chan []byte // answers to requests for certificates

	mu       sync.Mutex
	open     bool // a broker connection takes records
	state    wall.LinkState
	host     *bool       // city hall's word; nil: it said nothing
	why      wall.State  // while there is no connection
	acks     [][]byte    // to the wall
	answers  [][]byte    // to the wall
	issuer   [][]byte    // to the wall
	parts    [][]byte    // to the wall, after everything else
	desired  []byte      // newest, nil: none; kept for the next wall connection
	reported []byte      // newest, nil: none; kept for the next broker connection
	word     *enrol.Word // of the box's identity; nil: nothing is to be said
	gone     *enrol.Gone // to the wall; nil: nothing is to be said
	fresh    map[wall.Type]bool
	toWall   chan struct{} // something for the wall
	toBroker chan struct{} // something for the broker beside records
	sent     chan struct{} // records go out
	received chan struct{} // a receipt came
}

func newHub(counts *Counts, fingerprint string, now time.Time) *hub {
	h := &hub{
		counts: counts, up: make(chan wall.Frame, 8), wants: make(chan []byte, wantQueue),
		lastWord: make(chan []byte, 1), forget: make(chan struct{}, 1),
		asked: make(chan []byte, 1), enrolled: make(chan []byte, 4), fresh: map[wall.Type]bool{},
		toWall: make(chan struct{}, 1), toBroker: make(chan struct{}, 1),
		sent: make(chan struct{}, 1), received: make(chan struct{}, 1),
	}
	h.why = wall.Down
	h.state = wall.LinkState{State: h.why, Since: now.Truncate(time.Second), Fingerprint: fingerprint}
	return h
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fromWall takes a frame of the PIN side.
func (h *hub) fromWall(f wall.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Type {
	case wall.Records, wall.ClaimPut, wall.ClaimGet, wall.Issuer:
		if !h.open {
			h.counts.Dropped.Add(1)
			return
		}
		select {
		case h.up <- f:
		default:
			h.counts.Dropped.Add(1)
		}
	case wall.Want:
		if !h.open {
			h.counts.Dropped.Add(1)
			return
		}
		select {
		case h.wants <- f.Body:
		default:
			h.counts.Dropped.Add(1)
		}
	case wall.Enrol:
		select {
		case <-h.asked:
		default:
		}
		h.asked <- f.Body // only fromWall puts any in
	case wall.Wipe:
		h.farewell(f.Body)
	case wall.Reported:
		h.reported, h.fresh[wall.Reported] = f.Body, true
		poke(h.toBroker)
	}
}

// farewell takes what the PIN side of a box that is being wiped wants. Its last word waits for a connection; nothing that the box said before may come after it.
func (h *hub) farewell(body []byte) {
	f, err := enrol.ParseFarewell(body)
	switch {
	case err != nil:
		h.counts.Unexpected.Add(1)
	case len(f.Word) == 0:
		poke(h.forget)
	default:
		h.reported, h.fresh[wall.Reported] = nil, false
		select {
		case <-h.lastWord:
		default:
		}
		h.lastWord <- f.Word // only fromWall puts any in
	}
}

// answer tells the PIN side how far its farewell is.
func (h *hub) answer(g enrol.Gone) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone, h.fresh[wall.Wipe] = &g, true
	poke(h.toWall)
}

// fromBroker takes a message for the PIN side.
func (h *hub) fromBroker(t wall.Type, body []byte) {
	if len(body) == 0 || len(body) > t.Limit(wall.Network) {
		h.counts.Unexpected.Add(1)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch t {
	case wall.Ack:
		h.acks = h.queue(h.acks, body)
		poke(h.received)
	case wall.Claim:
		h.answers = h.queue(h.answers, body)
	case wall.Issuer:
		h.issuer = h.queue(h.issuer, body)
	case wall.Bytes:
		if len(h.parts) == partQueue { // the newest goes: those before it are asked for sooner
			h.counts.Overflow.Add(1)
			return
		}
		h.parts = append(h.parts, body)
	case wall.Desired:
		h.desired, h.fresh[wall.Desired] = body, true
	case wall.Enrol:
		select {
		case h.enrolled <- body:
		default:
			h.counts.Overflow.Add(1) // who asked asks again
		}
		return
	}
	poke(h.toWall)
}

func (h *hub) queue(q [][]byte, body []byte) [][]byte {
	if len(q) == ackQueue {
		q = q[1:]
		h.counts.Overflow.Add(1)
	}
	return append(q, body)
}

// set changes the state of the line; the PIN side hears of it if it is another.
func (h *hub) set(now time.Time, change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	s := h.why
	switch {
	case h.open && h.host != nil && !*h.host:
		s = wall.NoHost
	case h.open:
		s = wall.Up
	}
	if s == h.state.State {
		return
	}
	h.state.State, h.state.Since = s, now.Truncate(time.Second)
	h.fresh[wall.Link] = true
	poke(h.toWall)
}

// say changes what the PIN side is told of the box's identity.
func (h *hub) say(change func(*enrol.Word)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.word == nil {
		h.word = new(enrol.Word)
	}
	change(h.word)
	h.fresh[wall.Enrol] = true
	poke(h.toWall)
}

// known tells the PIN side of the box's certificate.
func (h *hub) known(c *tls.Certificate) {
	h.say(func(w *enrol.Word) { *w = enrol.Word{Certificate: c.Leaf.Raw} })
}

// shown notes by which certificate the line that is being opened stands.
func (h *hub) shown(c *tls.Certificate) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state.Fingerprint = print(c)
}

// connected opens the way for records; lost closes it and forgets what was on it. hint is what the PIN side may take the time for.
func (h *hub) connected(now, hint time.Time) {
	h.set(now, func() {
		h.open, h.state.TimeHint = true, hint.Truncate(time.Second)
		h.fresh[wall.Reported] = h.reported != nil
		poke(h.toBroker)
	})
}

// The state is why there is no line.
func (h *hub) lost(now time.Time, why wall.State) {
	h.set(now, func() {
		h.open, h.host, h.why, h.state.TimeHint = false, nil, why, time.Time{}
		for {
			select {
			case <-h.up:
				h.counts.Dropped.Add(1)
				continue
			case <-h.wants:
				continue
			case <-h.sent:
				continue
			case <-h.received:
				continue
			default:
			}
			break
		}
	})
}

// wallOpened marks what a new wall connection has to hear first.
func (h *hub) wallOpened() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts = nil // of requests of a start before
	h.fresh[wall.Link] = true
	h.fresh[wall.Desired] = h.desired != nil
	h.fresh[wall.Enrol] = h.word != nil
	poke(h.toWall)
}

// forWall takes what waits for the PIN side, state first. Of the parts it takes one at a time: whatever comes while that is written goes before the next.
func (h *hub) forWall() []wall.Frame {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []wall.Frame
	if h.fresh[wall.Link] {
		if body, err := h.state.Encode(); err == nil {
			all = append(all, wall.Frame{Type: wall.Link, Body: body})
		}
	}
	if h.fresh[wall.Enrol] {
		if body, err := h.word.Encode(); err == nil {
			all = append(all, wall.Frame{Type: wall.Enrol, Body: body})
		}
	}
	if h.fresh[wall.Wipe] {
		if body, err := h.gone.Encode(); err == nil {
			all = append(all, wall.Frame{Type: wall.Wipe, Body: body})
		}
	}
	for _, a := range h.acks {
		all = append(all, wall.Frame{Type: wall.Ack, Body: a})
	}
	for _, a := range h.answers {
		all = append(all, wall.Frame{Type: wall.Claim, Body: a})
	}
	for _, m := range h.issuer {
		all = append(all, wall.Frame{Type: wall.Issuer, Body: m})
	}
	h.acks, h.answers, h.issuer = nil, nil, nil
	if h.fresh[wall.Desired] {
		all = append(all, wall.Frame{Type: wall.Desired, Body: h.desired})
	}
	h.fresh[wall.Link], h.fresh[wall.Desired], h.fresh[wall.Enrol], h.fresh[wall.Wipe] = false, false, false, false
	if len(h.parts) > 0 {
		all = append(all, wall.Frame{Type: wall.Bytes, Body: h.parts[0]})
		if h.parts = h.parts[1:]; len(h.parts) > 0 {
			poke(h.toWall)
		}
	}
	return all
}

// forBroker takes the state document if it is to be published.
func (h *hub) forBroker() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.fresh[wall.Reported] {
		return nil
	}
	h.fresh[wall.Reported] = false
	return h.reported
}
