// SPDX-License-Identifier: Apache-2.0

package link

import (
	"strings"
	"testing"

	"madoguchi/sync/wall"
)

// Of two brokers one is not there: the box is at the other after one try, and goes back and forth as they fall.
func TestAnotherBroker(t *testing.T) {
	h := newHall(t)
	_, a := startBroker(t, h)
	_, b := startBroker(t, h)
	lines := []*cutter{newCutter(t, a, 0), newCutter(t, b, 0)}
	lines[0].down.Store(true)
	c := newCounter(t, h.public(), 100, 4)
	var counts Counts
	start(t, config(t, lines[0].url()+", "+lines[1].url(), c), quick(&counts))
	for i := range 4 {
		c.await(wall.Up)
		lines[i%2].down.Store(false)
		lines[1-i%2].down.Store(true)
		lines[1-i%2].cut()
		c.await(wall.Down)
	}
	c.drained(h)
	tried := counts.Connections.Load()
	if tried > 20 {
		t.Errorf("%d connections", tried)
	}
}

// Messages of the issuer link pass both ways as they are, and none is kept for a box that was not there.
func TestIssuer(t *testing.T) {
	broker, addr := startBroker(t, nil)
	topics := NewTopics("nabari", "box-1")
	ups := listenTo(t, broker, topics.IssuerUp, 2)
	c := newCounter(t, newHall(t).public(), 0, 64)
	w := newCutter(t, addr, 0)
	var counts Counts
	start(t, config(t, w.url(), c), quick(&counts))
	c.await(wall.Up)
	long := strings.Repeat("x", 4<<10)
	for _, text := range []string{"sealed", long} {
		c.send <- wall.Frame{Type: wall.Issuer, Body: []byte(text)}
		if pk := next(t, ups); string(pk.Payload) != text || pk.FixedHeader.Retain {
			t.Errorf("%d bytes, retained %v", len(pk.Payload), pk.FixedHeader.Retain)
		}
		must(t, broker.Publish(topics.IssuerDown, []byte(text), false, 1))
		if f := next(t, c.frames); f.Type != wall.Issuer || string(f.Body) != text {
			t.Errorf("%v of %d bytes", f.Type, len(f.Body))
		}
	}
	must(t, broker.Publish(topics.IssuerDown, []byte(long+"x"), false, 1)) // longer than the wall takes
	must(t, broker.Publish(topics.IssuerDown, []byte("next"), false, 1))
	if f := next(t, c.frames); string(f.Body) != "next" {
		t.Errorf("%v of %d bytes", f.Type, len(f.Body))
	}
	if counts.Unexpected.Load() == 0 {
		t.Error("the long message was not counted")
	}
}

// Claims go up on topics of their own and their answers come down to the PIN side; while the line is down they are dropped and counted, for the PIN side sends them again.
func TestClaims(t *testing.T) {
	broker, addr := startBroker(t, nil)
	topics := NewTopics("nabari", "box-1")
	puts, gets := listenTo(t, broker, topics.ClaimPut, 2), listenTo(t, broker, topics.ClaimGet, 3)
	c := newCounter(t, newHall(t).public(), 0, 64)
	w := newCutter(t, addr, 0)
	var counts Counts
	start(t, config(t, w.url(), c), quick(&counts))
	c.await(wall.Up)
	c.send <- wall.Frame{Type: wall.ClaimPut, Body: []byte("put")}
	if pk := next(t, puts); string(pk.Payload) != "put" || pk.FixedHeader.Retain {
		t.Errorf("%q, retained %v", pk.Payload, pk.FixedHeader.Retain)
	}
	c.send <- wall.Frame{Type: wall.ClaimGet, Body: []byte("get")}
	if pk := next(t, gets); string(pk.Payload) != "get" || pk.FixedHeader.Retain {
		t.Errorf("%q, retained %v", pk.Payload, pk.FixedHeader.Retain)
	}
	must(t, broker.Publish(topics.Claim, []byte("answer"), false, 1))
	if f := next(t, c.frames); f.Type != wall.Claim || string(f.Body) != "answer" {
		t.Errorf("%v %q", f.Type, f.Body)
	}
	must(t, broker.Publish(topics.Claim, []byte(strings.Repeat("x", 513)), false, 1)) // longer than the wall takes
	must(t, broker.Publish(topics.Claim, []byte("next"), false, 1))
	if f := next(t, c.frames); string(f.Body) != "next" {
		t.Errorf("%v of %d bytes", f.Type, len(f.Body))
	}
	if counts.Unexpected.Load() == 0 {
		t.Error("the long answer was not counted")
	}
	w.down.Store(true)
	w.cut()
	c.await(wall.Down)
	before := counts.Dropped.Load()
	c.send <- wall.Frame{Type: wall.ClaimPut, Body: []byte("lost")}
	c.send <- wall.Frame{Type: wall.Reported, Body: []byte("{}")} // the one after it was taken: so was it
	w.down.Store(false)
	c.await(wall.Up)
	if counts.Dropped.Load() != before+1 {
		t.Errorf("%d dropped, want %d", counts.Dropped.Load(), before+1)
	}
}
