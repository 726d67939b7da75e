// SPDX-License-Identifier: Apache-2.0

package device

import (
	"testing"

	"madoguchi/device/session"
)

// TestCodeOnSlowCard: while a card hangs over a clerk's new code nobody else waits for it, the loop least of all; if the session gives up meanwhile, what it said holds: the
// old code stays, in memory and on the card.
func TestCodeOnSlowCard(t *testing.T) {
	for _, gaveUp := range []bool{false, true} {
		dir := t.TempDir()
		clerks := []Clerk{clerkOf(t, "佐藤", "5093")}
		c := asked(t, dir, clerks, "5093")
		writing, free := make(chan bool, 2), make(chan bool)
		c.put = func(path string, data []byte) error {
			writing <- true
			<-free
			return writeFile(path, data)
		}
		type answer struct {
			refusal session.Refusal
			err     error
		}
		got := make(chan answer)
		next := typed(t, "7264")
		go func() {
			r, err := c.change(next)
			got <- answer{r, err}
		}()
		<-writing
		if c.match(typed(t, "5093")) != 0 { // would wait for ever
			t.Error("the old code does not count while the new one is being stored")
		}
		if gaveUp {
			c.wipe()
		}
		close(free)
		a := <-got
		want, holds := session.RefusedNone, "7264"
		if gaveUp {
			want, holds = session.RefusedStorage, "5093"
		}
		if a.refusal != want || (a.err != nil) != gaveUp {
			t.Errorf("given up %t: refusal %v, %v", gaveUp, a.refusal, a.err)
		}
		again, err := loadCodes(dir, clerks)
		if err != nil {
			t.Fatal(err)
		}
		for where, c := range map[string]*codes{"in force": c, "on the card": again} {
			if c.match(typed(t, holds)) != 0 {
				t.Errorf("given up %t: %s does not hold %s", gaveUp, holds, where)
			}
		}
	}
}
