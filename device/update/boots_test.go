// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/device/update"
)

// TestAgentBoots: the power goes again and again while rules are on trial: so soon after the start that Run never comes to them, or later. They are taken back once the
// starts that their manifest allows are used up, before anything could read them, and the box says why.
func TestAgentBoots(t *testing.T) {
	for name, tt := range map[string]struct {
		most  int           // the manifest's
		stays time.Duration // how long the box runs at each start; 0: it ends before Run
		busy  bool          // cases cannot be held: the box never is quiet
		want  int           // the start at which they are gone; 0: at none
	}{
		"one, no time to run":    {most: 1, want: 2},
		"three, no time to run":  {most: 3, want: 4},
		"one, never quiet":       {most: 1, stays: 3 * time.Second, busy: true, want: 2},
		"two, some time":         {most: 2, stays: time.Minute, want: 3},
		"none is set, no time":   {most: 0, want: 0},
		"none is set, some time": {most: 0, stays: time.Minute, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false)
				good, was := b.release(t, update.Policy, "1", 1, []byte("good rules"))
				b.start()
				b.agent.Desired(b.assign(t, "box", 1, good))
				time.Sleep(time.Hour)
				bad := "policy/2/any.json"
				deadly := manifest(update.Policy, "2", 2)
				deadly.Health.MaxBoots = tt.most
				m, err := b.Release(bad, deadly, strings.NewReader("deadly rules"))
				if err != nil {
					t.Fatal(err)
				}
				if err := b.Publish(day); err != nil {
					t.Fatal(err)
				}
				b.agent.Desired(b.assign(t, "box", 2, bad))
				time.Sleep(time.Minute)
				b.stop()
				b.states()
				b.busy.Store(tt.busy)
				gone := 0
				for n := 1; n <= 6 && gone == 0; n++ {
					b.open()
					if b.at().running != m.SHA256 {
						gone = n
					}
					if tt.stays > 0 {
						b.run()
						time.Sleep(tt.stays)
						b.stop()
					}
				}
				if gone != tt.want {
					t.Errorf("taken back at start %d, want %d", gone, tt.want)
				}
				b.busy.Store(false)
				b.start()
				time.Sleep(time.Hour)
				got := b.states()
				if tt.want == 0 {
					if b.at().committed != m.SHA256 {
						t.Errorf("not committed: %v", got)
					}
				} else if b.at().running != was.SHA256 || !slices.Contains(got, "reverted boots") || slices.Contains(got, "committed") {
					t.Errorf("%.8s runs; told %v", b.at().running, got)
				}
				b.stop()
			})
		})
	}
}
