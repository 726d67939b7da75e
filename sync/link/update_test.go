// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"testing"
	"time"

	"madoguchi/sync/wall"
)

// Requests reach the depot, parts reach the PIN side, and a part that the wall does not take goes nowhere.
func TestParts(t *testing.T) {
	broker, addr := startBroker(t, nil)
	topics := NewTopics("nabari", "box-1")
	asked := listenTo(t, broker, topics.Req, 2)
	c := newCounter(t, newHall(t).public(), 0, 64)
	var counts Counts
	start(t, config(t, "tcp://"+addr, c), quick(&counts))
	c.await(wall.Up)
	for _, want := range []string{"first", "second"} {
		c.send <- wall.Frame{Type: wall.Want, Body: []byte(want)}
		if pk := next(t, asked); string(pk.Payload) != want || pk.FixedHeader.Qos != 0 || pk.FixedHeader.Retain {
			t.Errorf("asked %q with %+v, want %q", pk.Payload, pk.FixedHeader, want)
		}
	}
	must(t, broker.Publish(topics.Chunk, make([]byte, wall.Bytes.Limit(wall.Network)+1), false, 0))
	must(t, broker.Publish(topics.Chunk, nil, false, 0))
	part := bytes.Repeat([]byte("p"), wall.Bytes.Limit(wall.Network))
	must(t, broker.Publish(topics.Chunk, part, false, 0))
	if f := next(t, c.frames); f.Type != wall.Bytes || !bytes.Equal(f.Body, part) {
		t.Errorf("%v of %d bytes", f.Type, len(f.Body))
	}
	if n := counts.Unexpected.Load(); n != 2 {
		t.Errorf("%d refused, want the long one and the empty one", n)
	}
}

// TestPartsGoLast: of everything that waits for the PIN side parts go last, one at a time, and no more than a few wait.
func TestPartsGoLast(t *testing.T) {
	var counts Counts
	h := newHub(&counts, "", time.Now())
	for range partQueue + 3 {
		h.fromBroker(wall.Bytes, []byte("part"))
	}
	if n := counts.Overflow.Load(); n != 3 {
		t.Errorf("%d dropped, want 3", n)
	}
	h.fromBroker(wall.Ack, []byte("receipt"))
	h.fromBroker(wall.Desired, []byte("assignment"))
	first := h.forWall()
	if len(first) != 3 || first[2].Type != wall.Bytes {
		t.Errorf("first go %v, want receipt, assignment and one part", first)
	}
	for range partQueue - 1 {
		<-h.toWall
		h.fromBroker(wall.Ack, []byte("receipt"))
		if got := h.forWall(); len(got) != 2 || got[0].Type != wall.Ack || got[1].Type != wall.Bytes {
			t.Fatalf("then go %v, want the receipt and a part", got)
		}
	}
	if len(h.parts) != 0 {
		t.Errorf("%d parts are left", len(h.parts))
	}
	h.fromBroker(wall.Bytes, []byte("part"))
	h.wallOpened()
	if got := h.forWall(); len(got) != 2 { // state and assignment
		t.Errorf("a new wall connection gets %v", got)
	}
}

// TestWantsBounded: a PIN side that asks without end fills nothing.
func TestWantsBounded(t *testing.T) {
	var counts Counts
	h := newHub(&counts, "", time.Now())
	want := wall.Frame{Type: wall.Want, Body: []byte("w")}
	h.fromWall(want)
	if n := counts.Dropped.Load(); n != 1 || len(h.wants) != 0 {
		t.Errorf("without a line %d dropped and %d wait, want 1 and 0", n, len(h.wants))
	}
	h.connected(time.Now(), time.Now())
	for range wantQueue + 2 {
		h.fromWall(want)
	}
	if n := counts.Dropped.Load(); n != 3 || len(h.wants) != wantQueue {
		t.Errorf("%d dropped and %d wait, want 3 and %d", n, len(h.wants), wantQueue)
	}
	h.lost(time.Now(), wall.Down)
	if len(h.wants) != 0 {
		t.Errorf("%d wait after the line was lost", len(h.wants))
	}
}

// TestRecordsDuringDownload: parts come as fast as the broker sends them, and every record is confirmed all the same.
func TestRecordsDuringDownload(t *testing.T) {
	h := newHall(t)
	broker, addr := startBroker(t, h)
	c := newCounter(t, h.public(), 500, 16)
	got := make(chan int, 1)
	end := make(chan struct{})
	go func() { // the PIN side takes what comes
		n := 0
		for {
			select {
			case f := <-c.frames:
				n += len(f.Body)
			case <-end:
				got <- n
				return
			}
		}
	}()
	var counts Counts
	start(t, config(t, "tcp://"+addr, c), quick(&counts))
	c.await(wall.Up)
	chunk := NewTopics("nabari", "box-1").Chunk
	flood := make(chan struct{})
	go func() {
		defer close(flood)
		part := make([]byte, 64<<10)
		for {
			select {
			case <-c.empty:
				return
			case <-time.After(time.Millisecond): // about 60 MiB a second: thirty times what the wall lets through
				if err := broker.Publish(chunk, part, false, 0); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	c.drained(h)
	<-flood
	close(end)
	if n := <-got; n == 0 {
		t.Error("no part came through beside the records")
	}
	t.Logf("%d parts dropped", counts.Overflow.Load())
}
