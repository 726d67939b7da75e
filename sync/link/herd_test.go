// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// gathering counts boxes as the broker sees them.
type gathering struct {
	mochi.HookBase
	mu    sync.Mutex
	began time.Time
	tries []time.Duration // CONNECTs, from the beginning
	there []time.Duration // presences: connected, subscribed, known
	want  int
	all   chan struct{}
}

func (g *gathering) ID() string { return "gathering" }
func (g *gathering) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck || b == mochi.OnPublished
}
func (g *gathering) OnACLCheck(*mochi.Client, string, bool) bool { return true }
func (g *gathering) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tries = append(g.tries, time.Since(g.began))
	return true
}
func (g *gathering) OnPublished(_ *mochi.Client, pk packets.Packet) {
	if !strings.HasSuffix(pk.TopicName, "/presence") || !strings.Contains(string(pk.Payload), `"online":true`) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.there = append(g.there, time.Since(g.began)); len(g.there) == g.want {
		close(g.all)
	}
}

// peak is the most that came within one second.
func peak(at []time.Duration) (most int) {
	slices.Sort(at)
	for i, j := 0, 0; j < len(at); j++ {
		for at[j]-at[i] >= time.Second {
			i++
		}
		most = max(most, j-i+1)
	}
	return most
}

// herd brings n boxes to a broker as after a power cut: the loop of Run with its waits, sessions and numbers, without walls. It gives the peak of connections a second, how many were
// tried, and when 95 of 100 were there.
func herd(t testing.TB, n int, spread time.Duration) (most, tried int, most95 time.Duration) {
	t.Helper()
	g := &gathering{want: n, all: make(chan struct{})}
	_, addr := startBroker(t, nil, g)
	dir, err := os.MkdirTemp(memory(), "herd")
	must(t, err)
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	g.began = time.Now()
	var all sync.WaitGroup
	for i := range n {
		cfg := Config{Broker: "tcp://" + addr, City: "nabari", Device: fmt.Sprintf("box-%05d", i), DataDir: fmt.Sprintf("%s/%05d", dir, i), Spread: spread}
		must(t, os.Mkdir(cfg.DataDir, 0o700))
		o := (*Opts)(nil).withDefaults()
		b, err := cfg.check()
		must(t, err)
		all.Go(func() { newRunner(cfg, o, b).brokerLoop(ctx) })
	}
	select {
	case <-g.all:
	case <-time.After(spread + limit):
		t.Fatalf("%d of %d boxes came", len(g.there), n)
	}
	cancel()
	all.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	slices.Sort(g.there)
	return peak(slices.Clone(g.tries)), len(g.tries), g.there[n*95/100]
}

// memory is a folder where a sync costs nothing, if this machine has one: ten thousand boxes have ten thousand cards, and share one disk here.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// A hundred boxes get power at once, in a hundredth of the time: the waits at the start keep them apart, and each comes at its first try. cmd/internal/brokers has the ten
// thousand, as a benchmark.
func TestHerd(t *testing.T) {
	const n, spread = 100, 1800 * time.Millisecond
	most, tried, most95 := herd(t, n, spread)
	t.Logf("%d boxes over %v: at most %d in a second, %d tries, 95 of 100 after %v", n, spread, most, tried, most95.Round(time.Millisecond))
	// 55 a second in the mean; a second in which 90 of 100 come does not happen by chance (10^-14).
	if tried != n || most > 90 || most95 > spread+2*time.Second {
		t.Errorf("%d tries, %d in a second, 95 of 100 after %v", tried, most, most95)
	}
}
