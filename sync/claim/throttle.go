// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"sync"
	"time"
)

// Throttle is a box's own brake on guessing: every fifth number that checks and opens nothing costs a wait of 1, 5, then 15 minutes. It is a value for the box to store, so that
// pulling the plug does not reset it.
type Throttle struct {
	Misses uint32
	Until  time.Time // zero: no wait
}

// waits are those of the clerk code.
var waits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// free is how many misses go without a wait.
const free = 5

// Wait is how long the next number has to wait. A clock that was set back makes it at most the longest wait.
func (t Throttle) Wait(now time.Time) time.Duration {
	return min(max(0, t.Until.Sub(now)), waits[len(waits)-1])
}

// Miss is t after a number that opened nothing. One that does not check (ErrCheck, ErrForm) is no miss.
func (t Throttle) Miss(now time.Time) Throttle {
	t.Misses++
	if t.Misses%free == 0 {
		i := min(int(t.Misses/free)-1, len(waits)-1)
		t.Until = now.Add(waits[i]).Truncate(time.Second)
	}
	return t
}

// Left is how many misses go without another wait.
func (t Throttle) Left() int { return free - int(t.Misses%free) }

// Guard is city hall's brake, for a box that has been taken over does not brake itself: each box may ask for so many numbers at once and so many an hour, and all boxes of
// the city together for ten times that.
type Guard struct {
	// Burst is how many questions a box may ask at once (default 10), PerHour how many in the long run (default 30).
	Burst, PerHour int

	mu    sync.Mutex
	boxes map[string]*tokens
	all   tokens
}

type tokens struct {
	left float64
	last time.Time
}

// Defaults of a Guard.
const (
	defaultBurst   = 10
	defaultPerHour = 30
	cityFactor     = 10
)

// Allow says whether a box may ask now. An unknown or idle box is forgotten when its tokens are full again, so that the list does not grow.
func (g *Guard) Allow(device string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	burst, hour := g.Burst, g.PerHour
	if burst == 0 {
		burst = defaultBurst
	}
	if hour == 0 {
		hour = defaultPerHour
	}
	if g.boxes == nil {
		g.boxes = map[string]*tokens{}
		g.all = tokens{float64(burst * cityFactor), now}
	}
	g.all.fill(now, hour*cityFactor, burst*cityFactor)
	b := g.boxes[device]
	if b == nil {
		for id, other := range g.boxes {
			if other.fill(now, hour, burst); other.left >= float64(burst) {
				delete(g.boxes, id)
			}
		}
		b = &tokens{float64(burst), now}
		g.boxes[device] = b
	}
	b.fill(now, hour, burst)
	if b.left < 1 || g.all.left < 1 {
		return false
	}
	b.left--
	g.all.left--
	return true
}

func (t *tokens) fill(now time.Time, perHour, burst int) {
	if d := now.Sub(t.last); d > 0 {
		t.left = min(float64(burst), t.left+d.Hours()*float64(perHour))
	}
	t.last = now
}
