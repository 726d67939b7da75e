// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkIdle counts how often the box's two processes are woken while the box stands at rest with its link up: the voluntary context switches of
// all their threads (proc(5), status), for each second.
func BenchmarkIdle(b *testing.B) {
	c := open(b, "nothing")
	time.Sleep(5 * time.Second) // the key-pad has gone to sleep, the link has come up
	woken := map[string]int{}
	var span time.Duration
	for b.Loop() {
		before, begun := switches(b, c.w.Processes()), time.Now()
		time.Sleep(10 * time.Second)
		after := switches(b, c.w.Processes())
		span += time.Since(begun)
		for role := range after {
			woken[role] += after[role] - before[role]
		}
	}
	for role, n := range woken {
		b.ReportMetric(float64(n)/span.Seconds(), role+"-wake-ups/s")
	}
	b.ReportMetric(0, "ns/op")
}

// switches sums the voluntary context switches of the threads of each process.
func switches(b *testing.B, processes map[string]int) map[string]int {
	b.Helper()
	sum := map[string]int{}
	for role, pid := range processes {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if err != nil || len(threads) == 0 {
			b.Fatalf("no threads of process %d: %v", pid, err)
		}
		for _, status := range threads {
			f, err := os.Open(status)
			if err != nil {
				b.Fatal(err)
			}
			for lines := bufio.NewScanner(f); lines.Scan(); {
				if n, ok := strings.CutPrefix(lines.Text(), "voluntary_ctxt_switches:"); ok {
					v, err := strconv.Atoi(strings.TrimSpace(n))
					if err != nil {
						b.Fatal(err)
					}
					sum[role] += v
				}
			}
			f.Close()
		}
	}
	return sum
}
