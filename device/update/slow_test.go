// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/device/update"
)

// slowLine is a line that carries one answer after another: each waits for those before it.
type slowLine struct {
	bps  int           // bits a second
	trip time.Duration // there and back, of an empty answer
	mu   sync.Mutex
	free time.Time // when the last answer that was given to it has arrived
	sent int       // bytes that it carried
}

// head is what MQTT, TLS, TCP and IP lay around a part.
const head = 200

// arrives is when an answer that is asked for now has arrived.
func (l *slowLine) arrives(now time.Time, n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.Add(l.trip)
	if l.free.After(at) {
		at = l.free
	}
	l.sent += n + head
	l.free = at.Add(time.Duration(n+head) * 8 * time.Second / time.Duration(l.bps))
	return l.free
}

// slowest are a branch's line in the evening and a modem's, and one that is fast and far.
var slowest = []struct {
	bps     int
	trip    time.Duration
	most    float64 // times the time that the bare bytes take
	payload int
}{
	{64_000, 300 * time.Millisecond, 1.25, 2 << 20},
	{9_600, 600 * time.Millisecond, 1.25, 512 << 10},
	{2_400, 600 * time.Millisecond, 1.4, 128 << 10},
	{100_000_000, 600 * time.Millisecond, 60, 8 << 20}, // 8 requests for each trip
}

// TestTransferSlowLine: a transfer ends on a slow line, close to as soon as the line can carry it, and pays for no chunk twice.
func TestTransferSlowLine(t *testing.T) {
	for _, tt := range slowest {
		t.Run(fmt.Sprint(tt.bps), func(t *testing.T) {
			payload := noise(t, tt.payload)
			c, m, list := released(t, payload)
			tr := open(t, t.TempDir(), m, list, nil)
			line := &slowLine{bps: tt.bps, trip: tt.trip}
			type coming struct {
				at time.Time
				update.Part
			}
			var way []coming
			now := day
			for tr.Left() > 0 {
				wants, wake, err := tr.Next(now)
				if err != nil {
					t.Fatalf("after %s, with %d of %d chunks left: %v", now.Sub(day), tr.Left(), len(list), err)
				}
				for _, w := range each(wants) {
					p := c.answer(w)
					way = append(way, coming{line.arrives(now, len(p.Data)), p})
				}
				if len(way) == 0 || !wake.IsZero() && wake.Before(way[0].at) {
					now = wake
					continue
				}
				next := way[0]
				way, now = way[1:], next.at
				if err := tr.Deliver(next.Part, now); err != nil {
					t.Fatal(err)
				}
			}
			finish(t, tr, payload)
			took, least := now.Sub(day), time.Duration(len(payload))*8*time.Second/time.Duration(tt.bps)
			t.Logf("%d KiB at %d bit/s: %s, the bytes alone %s, %+v", len(payload)>>10, tt.bps, took.Round(time.Second), least.Round(time.Millisecond), tr.Tally())
			if took > time.Duration(tt.most*float64(least)) {
				t.Errorf("%s, at most %.2f times %s was to be", took, tt.most, least)
			}
			if bad := tr.Tally().Bad; bad > m.Size/20 {
				t.Errorf("%d of %d bytes came in vain", bad, m.Size)
			}
		})
	}
}

// TestTransferOverloaded: the line's other traffic leaves a transfer a tenth for a while. It asks for less, and for more afterwards.
func TestTransferOverloaded(t *testing.T) {
	payload := noise(t, 2<<20)
	c, m, list := released(t, payload)
	tr := open(t, t.TempDir(), m, list, nil)
	line := &slowLine{bps: 1_000_000, trip: 50 * time.Millisecond}
	type coming struct {
		at time.Time
		update.Part
	}
	var way []coming
	now := day
	for tr.Left() > 0 {
		switch {
		case tr.Tally().Received > 1536<<10:
			line.bps = 1_000_000
		case tr.Tally().Received > 512<<10:
			line.bps = 20_000
		}
		wants, wake, err := tr.Next(now)
		if err != nil {
			t.Fatalf("after %s: %v", now.Sub(day), err)
		}
		for _, w := range each(wants) {
			p := c.answer(w)
			way = append(way, coming{line.arrives(now, len(p.Data)), p})
		}
		if len(way) == 0 || !wake.IsZero() && wake.Before(way[0].at) {
			now = wake
			continue
		}
		next := way[0]
		way, now = way[1:], next.at
		if err := tr.Deliver(next.Part, now); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, tr, payload)
	t.Logf("%s, %+v", now.Sub(day), tr.Tally())
	if took := now.Sub(day); took > 10*time.Minute || tr.Tally().Bad > 600<<10 {
		t.Errorf("%s, %+v", took, tr.Tally())
	}
}

// TestAgentSlowLine: metadata, manifest, chunk list and payload all come over such a line, and the box commits.
func TestAgentSlowLine(t *testing.T) {
	for _, tt := range slowest[:2] {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, false)
			b.line = &slowLine{bps: tt.bps, trip: tt.trip}
			path, m := b.release(t, update.Policy, "2", 2, noise(t, tt.payload))
			b.start()
			began := time.Now()
			b.agent.Desired(b.assign(t, "box", 1, path))
			for b.at().committed != m.SHA256 && time.Since(began) < 3*time.Hour {
				time.Sleep(time.Minute)
				synctest.Wait()
			}
			took := time.Since(began)
			if got := b.states(); !slices.Contains(got, "committed") || slices.Contains(got, "failed line") {
				t.Errorf("%d bit/s: states %v after %s", tt.bps, got, took)
			}
			t.Logf("%d bit/s: %d KiB in %s with the soak, %d bytes over the line", tt.bps, tt.payload>>10, took, b.line.sent)
			if b.line.sent > tt.payload*11/10+64<<10 {
				t.Errorf("%d bit/s: %d bytes came for a payload of %d", tt.bps, b.line.sent, tt.payload)
			}
			b.stop()
		})
	}
}
