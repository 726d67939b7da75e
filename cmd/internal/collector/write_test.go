// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"fmt"
	"testing"

	"madoguchi/cmd/internal/store"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	batch := func(device string, epoch, first uint64, n int) store.Batch {
		return store.Batch{Device: device, Epoch: epoch, First: first, Items: make([]store.Item, n)}
	}
	var got []string
	for _, b := range merge([]store.Batch{
		batch("b", 1, 4, 3), batch("a", 1, 65, 64), batch("a", 1, 1, 64), batch("a", 2, 129, 1), batch("b", 1, 1, 2), batch("a", 1, 129, 1), batch("a", 1, 129, 1),
	}) {
		got = append(got, fmt.Sprintf("%s/%d %d+%d", b.Device, b.Epoch, b.First, len(b.Items)))
	}
	// What follows is one batch; a gap, a repetition and another epoch are not.
	if diff := cmp.Diff([]string{"a/1 1+129", "a/1 129+1", "a/2 129+1", "b/1 1+2", "b/1 4+3"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLane(t *testing.T) {
	c := &Collector{jobs: []chan job{make(chan job), make(chan job), make(chan job), make(chan job)}}
	used := map[chan job]bool{}
	for n := range 50 {
		device := fmt.Sprintf("box-%d", n)
		lane := c.lane("mg/1/nabari/d/" + device + "/rec")
		if lane != c.lane("mg/1/nabari/d/"+device+"/presence") {
			t.Errorf("%s has two lanes", device)
		}
		used[lane] = true
	}
	if len(used) != 4 {
		t.Errorf("50 devices use %d of 4 lanes", len(used))
	}
	c.lane("$SYS/broker/x")
}
