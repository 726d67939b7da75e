// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/sync/link"
)

// arrivals is a log that writes down when a box was connected, and when a try failed.
type arrivals struct {
	slog.Handler
	began time.Time
	want  int

	mu     sync.Mutex
	there  []time.Duration
	failed int
	all    chan struct{}
}

func (a *arrivals) Enabled(context.Context, slog.Level) bool { return true }
func (a *arrivals) Handle(_ context.Context, r slog.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch r.Message {
	case "broker connected":
		if a.there = append(a.there, time.Since(a.began)); len(a.there) == a.want {
			close(a.all)
		}
	case "broker away":
		a.failed++
	}
	return nil
}

// resident is the resident memory of a process in bytes.
func resident(t testing.TB, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			must(t, err)
			return kb << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// BenchmarkHerd is a city after a power cut: 10,000 boxes, each with its own certificate, come to one mosquitto over TLS 1.3 in the 180 seconds of a fleet, in real time, both on this machine. The boxes
// are the whole of sync/link in one process, without a PIN side behind the wall.
func BenchmarkHerd(b *testing.B) {
	const n = 10_000
	city, err := NewCity("nabari", memoryDir(b))
	must(b, err)
	m, err := StartMosquitto(city)
	must(b, err)
	b.Cleanup(func() { must(b, m.Stop()) })
	var configs []link.Config
	for i := range n {
		c := link.Config{Broker: m.URL(), City: "nabari", Device: fmt.Sprintf("box-%05d", i), CAFile: city.CAFile(), Wall: "/none", DataDir: fmt.Sprintf("%s/%05d", city.Dir, i), Spread: link.DefaultSpread}
		must(b, os.Mkdir(c.DataDir, 0o700))
		c.CertFile, c.KeyFile, err = city.Issue(c.Device, false)
		must(b, err)
		configs = append(configs, c)
	}
	for b.Loop() {
		before, brokerBefore := resident(b, os.Getpid()), resident(b, m.PID())
		a := &arrivals{Handler: slog.DiscardHandler, began: time.Now(), want: n, all: make(chan struct{})}
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		var counts link.Counts
		var tried []uint64 // connections tried, every tenth of a second
		all.Go(func() {
			tick := time.NewTicker(time.Second / 10)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					tried = append(tried, counts.Connections.Load())
				case <-ctx.Done():
					return
				}
			}
		})
		for _, c := range configs {
			all.Go(func() {
				if err := link.Run(ctx, c, &link.Opts{Log: slog.New(a), Counts: &counts}); err != nil {
					b.Error(err)
				}
			})
		}
		select {
		case <-a.all:
		case <-time.After(link.DefaultSpread + 2*limit):
			b.Fatalf("%d of %d boxes came", len(a.there), n)
		}
		used, brokerUsed := resident(b, os.Getpid())-before, resident(b, m.PID())-brokerBefore
		a.mu.Lock()
		at, failed := slices.Clone(a.there), a.failed
		a.mu.Unlock()
		cancel()
		all.Wait()
		slices.Sort(at)
		most := uint64(0)
		for i := 10; i < len(tried); i++ {
			most = max(most, tried[i]-tried[i-10])
		}
		curve := ""
		for s := 20 * time.Second; s <= at[n-1]+20*time.Second; s += 20 * time.Second {
			came, _ := slices.BinarySearch(at, s)
			curve += fmt.Sprintf(" %d:%d", s/time.Second, came)
		}
		b.Logf("boxes there after so many seconds:%s; %d tries failed", curve, failed)
		b.ReportMetric(float64(most), "peak/s")
		b.ReportMetric(at[n*95/100].Seconds(), "s-to-95%")
		b.ReportMetric(float64(failed)/n, "failed/box")
		b.ReportMetric(float64(used)/n*1000/(1<<20), "MiB/1000-boxes")
		b.ReportMetric(float64(brokerUsed)/n*1000/(1<<20), "broker-MiB/1000")
	}
}
