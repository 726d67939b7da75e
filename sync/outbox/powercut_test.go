// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// cuts takes the power away after every call, in several ways each, and gives how many different disks that made.
func cuts(t testing.TB, name string, ops []op, rng *rand.Rand, ways int) int {
	t.Helper()
	d, p := newDisk(), newPromises()
	seen := map[[32]byte]bool{}
	for i, o := range ops {
		if t.Failed() {
			return len(seen)
		}
		if o.call == "say" {
			p.hear(t, string(o.data))
			continue
		}
		d.do(o)
		for way := range ways {
			keep, tear := func() bool { return rng.IntN(2) == 0 }, rng
			switch way {
			case 0:
				keep, tear = func() bool { return false }, nil
			case 1:
				keep, tear = func() bool { return true }, nil
			case 2:
				tear = nil
			}
			files := d.cut(keep, tear)
			h := sha256.New()
			for _, name := range slices.Sorted(maps.Keys(files)) {
				fmt.Fprintf(h, "%s %d %v %d ", name, len(files[name]), p.maybe, len(p.done))
				h.Write(files[name])
			}
			if sum := [32]byte(h.Sum(nil)); !seen[sum] {
				seen[sum] = true
				p.keeps(t, fmt.Sprintf("%s: cut after call %d of %d (%v), way %d", name, i, len(ops), o, way), files)
			}
		}
	}
	return len(seen)
}

// Promise: whenever the power goes, whatever the disk made of the writes that were not synced yet, the file opens and what was promised is there or at city hall.
func TestPowerCutAtEveryCall(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	ops := trace(t, memoryDir(t), 12, seed)
	writes := 0
	for _, o := range ops {
		if o.call == "write" {
			writes++
		}
	}
	if writes < 100 {
		t.Fatalf("only %d writes were traced", writes)
	}
	n := cuts(t, "no fault", ops, rand.New(rand.NewPCG(seed, 11)), 4)
	t.Logf("%d calls, %d writes, %d different disks", len(ops), writes, n)
}

// Each kind of failing call, once or from then on, at many places: the box meets the error as it can, and what it promised is there afterwards, on the running machine and after a cut.
func TestFailingDisk(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 12))
	disks, runs, errors := 0, 0, 0
	for _, fault := range []string{"pwrite64:error=ENOSPC", "pwrite64:error=EIO", "fdatasync:error=EIO", "fdatasync:signal=KILL", "pwrite64:signal=KILL", "ftruncate:error=ENOSPC", "fsync:error=EIO"} {
		for _, when := range []string{strconv.Itoa(1 + rng.IntN(6)), strconv.Itoa(7 + rng.IntN(40)), strconv.Itoa(20+rng.IntN(40)) + "+"} {
			runs++
			dir, name := memoryDir(t), fault+":when="+when
			ops := trace(t, dir, 6, seed, name)
			p := newPromises()
			for _, o := range ops {
				if o.call == "say" {
					p.hear(t, string(o.data))
					if strings.HasPrefix(string(o.data), "error") {
						errors++
					}
				}
			}
			files := map[string][]byte{}
			all, err := os.ReadDir(dir)
			must(t, err)
			for _, e := range all {
				b, err := os.ReadFile(filepath.Join(dir, e.Name()))
				must(t, err)
				files[e.Name()] = b
			}
			p.keeps(t, name+": on the running machine", files)
			disks += cuts(t, name, ops, rng, 3)
			if t.Failed() {
				return
			}
		}
	}
	if errors < runs {
		t.Errorf("only %d errors were met in %d runs", errors, runs)
	}
	t.Logf("%d runs, %d errors met, %d different disks", runs, errors, disks)
}

// A disk that fails from any one sync on, and the cut that leaves the least: no number that city hall saw goes to another record.
func TestFailingSync(t *testing.T) {
	const seed, steps = 3, 2
	syncs := 0
	for _, o := range trace(t, memoryDir(t), steps, seed) {
		if o.call == "sync" && o.file == "outbox.db" {
			syncs++
		}
	}
	stored := 0
	for k := range syncs {
		name := fmt.Sprintf("fdatasync:error=EIO:when=%d+", k+1)
		ops := trace(t, memoryDir(t), steps, seed, name)
		for _, o := range ops {
			if o.call == "say" && strings.HasPrefix(string(o.data), "stored") {
				stored++
			}
		}
		cuts(t, name, ops, nil, 1)
	}
	if syncs < 10 || stored < syncs/2 {
		t.Errorf("%d syncs, %d batches came to city hall: the script does too little", syncs, stored)
	}
}

// What one case costs the card: journal, three facets, release, sending, receipt. A card of 1,000 rewrites and 8 GiB stands the budget for centuries; a commit a second would wear it out
// in years.
func TestWriteBudget(t *testing.T) {
	const steps, cases, most = 30, 200, 20 << 20
	bytes, syncs := 0, 0
	for _, o := range trace(t, memoryDir(t), steps, 1) {
		switch o.call {
		case "write":
			bytes += len(o.data)
		case "sync":
			syncs++
		}
	}
	day := bytes / steps * cases
	if day > most {
		t.Errorf("%d cases write %d bytes a day, want at most %d", cases, day, most)
	}
	t.Logf("%d KiB and %d syncs a case; %.1f MiB a day of %d cases", bytes/steps>>10, syncs/steps, float64(day)/(1<<20), cases)
}
