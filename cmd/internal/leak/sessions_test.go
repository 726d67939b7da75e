// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bytes"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"madoguchi/cmd/internal/leak"
)

var (
	sessions = flag.Int("sessions", 200, "cases of the leak search, over all boxes")
	boxes    = flag.Int("boxes", 4, "boxes of the leak search, side by side")
)

// TestNoLeak opens cases, types random PINs in them in every way that residents have, and after each case looks for every one of them everywhere.
func TestNoLeak(t *testing.T) {
	kinds := []string{"login", "signing"}
	var mu sync.Mutex
	count := map[string]int{}
	var searched int64
	t.Run("boxes", func(t *testing.T) {
		for b := range *boxes {
			t.Run(fmt.Sprint(b), func(t *testing.T) {
				t.Parallel()
				c := open(t, "nothing", b%2 == 1) // every other box may show a password
				c.visit("login", ways[0])         // so that the baseline holds what a case leaves by itself
				c.draw(2 * *sessions / *boxes)
				for i := b; i < *sessions; i += *boxes {
					// every way of every kind once, and then as it comes
					n := i
					if i >= len(ways)*len(kinds) {
						n = c.rnd.IntN(len(ways) * len(kinds))
					}
					w, kind := ways[n/len(kinds)], kinds[n%len(kinds)]
					for _, h := range c.confirmed(kind, w) {
						t.Errorf("%s (%s): %v", w.name, kind, h)
					}
					if c.size < 8<<20 {
						t.Fatalf("images of %d bytes cannot be those of two processes", c.size)
					}
					if t.Failed() {
						return
					}
					if b%2 == 1 && (i/(*boxes))%6 == 0 {
						for _, h := range c.visit("signing", looks) {
							t.Errorf("%s: %v", looks.name, h)
						}
						mu.Lock()
						count[looks.name]++
						mu.Unlock()
					}
					mu.Lock()
					count[w.name+", "+kind]++
					searched += c.size
					mu.Unlock()
				}
				for name, least := range map[string]int64{"log": 1, "wall": 200, "wire": 200, "panel": 1 << 20} {
					if n := c.taps[name].total(); n < least {
						t.Errorf("the tap at the %s saw %d bytes", name, n)
					}
				}
				if _, b := c.taps["wire"].news(1 << 30); !bytes.Contains(b, []byte("madoguchi.rec/1")) {
					t.Error("no record went to the broker in the last case")
				}
			})
		}
	})
	total := 0
	for _, n := range count {
		total += n
	}
	t.Logf("%d cases in %d ways, %d MiB of memory searched", total, len(count), searched>>20)
	if count[looks.name] == 0 && *boxes > 1 && !t.Failed() {
		t.Error("no character was looked at")
	}
	if total < *sessions && !t.Failed() {
		t.Errorf("%d cases, want %d", total, *sessions)
	}
}

// TestLastTry: a wrong entry in a leave-check and one at the next visit lead through the guard of the last try; nothing stays of that either.
func TestLastTry(t *testing.T) {
	t.Parallel()
	c := open(t, "nothing", false)
	c.visit("login", ways[0])
	c.draw(12)
	for _, name := range []string{"wrong in the leave-check", "a wrong PIN first", "all goes well"} {
		w := ways[slices.IndexFunc(ways, func(w way) bool { return w.name == name })]
		for _, h := range c.confirmed("login", w) {
			t.Errorf("%s: %v", name, h)
		}
	}
}

// again is how often a case is repeated at most while short hits come again. One in a hundred cases or so has one by chance: times, ports and
// random numbers are full of digits.
const again = 4

// confirmed is a visit whose short hits were looked at again: four digits can have come from a random number that was drawn since. A leak
// comes again in the same place with other digits; chance does not. The card gets another PIN each time, for a number stays where it stands, and most ways leave the
// card the PIN that it has. A leak that comes only now and then shows with passwords, whose forms are long.
func (c *counter) confirmed(kind string, w way) []leak.Hit {
	c.t.Helper()
	hits := c.visit(kind, w)
	strong := slices.DeleteFunc(slices.Clone(hits), leak.Hit.Weak)
	weak := slices.DeleteFunc(hits, func(h leak.Hit) bool { return !h.Weak() })
	for try := 0; try < again && len(strong) == 0 && len(weak) > 0; try++ {
		c.t.Logf("%s (%s): looking again at %d short hits, the first: %v", w.name, kind, len(weak), weak[0])
		strong = append(strong, slices.DeleteFunc(c.visit(kind, ways[0]), leak.Hit.Weak)...)
		more := c.visit(kind, w)
		weak = slices.DeleteFunc(weak, func(h leak.Hit) bool {
			return !slices.ContainsFunc(more, func(a leak.Hit) bool { return a.Where == h.Where && a.Form == h.Form })
		})
	}
	return append(strong, weak...)
}

// TestPlantedLeak: a leak of each sort is found, and where it was planted is said.
func TestPlantedLeak(t *testing.T) {
	for _, tt := range []struct{ plant, kind, where string }{
		{"memory", "login", "box memory"},
		{"memory", "signing", "box memory"},
		{"keys", "login", "box memory"},
		{"log", "login", "log"},
		{"file", "login", "last-command"},
		{"record", "login", "wire"},
		{"record", "signing", "outbox.db"},
		{"wall", "login", "wall"},
		{"panel", "signing", "panel"},
		{"picture", "signing", "box memory"},
	} {
		t.Run(tt.plant+" "+tt.kind, func(t *testing.T) {
			t.Parallel()
			w := ways[0]
			if tt.plant == "picture" {
				w = looks
			}
			c := open(t, tt.plant, tt.plant == "picture")
			c.draw(4)
			hits := c.visit(tt.kind, w)
			if !slices.ContainsFunc(hits, func(h leak.Hit) bool { return strings.Contains(h.String(), tt.where) }) {
				t.Errorf("planted in %s, found %v", tt.plant, hits)
			}
		})
	}
}
