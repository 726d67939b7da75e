// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/device/update"
)

var hundred = flag.Int64("hundred", 4, "MiB of the bundle that a hundred boxes take")

// BenchmarkDelivery is a bundle on its way to some boxes at once, over mosquitto and TLS 1.3: from the first box that asks until the last has it whole on its (memory)
// disk, every chunk and the whole verified. What a box does with it then waits until all have it. In turn with it the same chunks are pushed through the same broker to as
// many plain clients, which first only count, and then verify and store as a box does, the least that any verified delivery costs; and the same file is downloaded over
// HTTPS by as many clients that only write it. Boxes, director, broker and clients share this machine's processors, so the time is beside what they used of those: that
// says more on a machine with other work to do.
func BenchmarkDelivery(b *testing.B) {
	for _, tt := range []struct {
		name   string
		boxes  int
		size   int64 // bytes
		rounds int
	}{{"1", 1, 64 << 20, 3}, {"10", 10, 64 << 20, 1}, {"100", 100, *hundred << 20, 1}} {
		b.Run(tt.name, func(b *testing.B) {
			r := newRig(b, unpaced, time.Second)
			g := &gate{rig: r, boxes: tt.boxes}
			o := r.boxes()
			o.Whole = func(string, update.Manifest) { g.pass() }
			r.start(tt.boxes, 1, o)
			seed := rand.Uint64()
			b.Logf("seed %d", seed)
			var long [32]byte
			binary.LittleEndian.PutUint64(long[:], seed)
			source := rand.NewChaCha8(long)
			plain := r.plain(tt.boxes)
			var ours, pushed, stored, loaded spent
			total := 0.0
			for b.Loop() {
				for range tt.rounds {
					path := filepath.Join(r.dir, "bundle")
					f, err := os.Create(path)
					must(b, err)
					_, err = io.CopyN(f, source, tt.size)
					must(b, err)
					_, err = f.Seek(0, io.SeekStart)
					must(b, err)
					at, m := r.release(update.Firmware, f)
					must(b, f.Close())
					ours.add(r.deliver(g, at, m))
					pushed.add(r.measure(func() float64 { return plain.push(path, nil) }))
					stored.add(r.measure(func() float64 { return plain.push(path, &m) }))
					loaded.add(r.measure(func() float64 { return r.download(tt.boxes, path) }))
					total += float64(tt.size) * float64(tt.boxes) / (1 << 20)
				}
			}
			for _, of := range []struct {
				name string
				spent
			}{{"", ours}, {"broker-", pushed}, {"floor-", stored}, {"https-", loaded}} {
				b.ReportMetric(total/of.seconds, of.name+"MiB/s")
				b.ReportMetric(of.cpu*1e3/total, of.name+"cpu-ms/MiB")
			}
			b.ReportMetric(pushed.seconds/ours.seconds, "of_broker")
			b.ReportMetric(stored.seconds/ours.seconds, "of_floor")
			b.ReportMetric(loaded.seconds/ours.seconds, "of_https")
			b.ReportMetric(pushed.cpu/ours.cpu, "cpu_of_broker")
			b.ReportMetric(stored.cpu/ours.cpu, "cpu_of_floor")
		})
	}
}

// gate keeps boxes that have a bundle whole until all have it.
type gate struct {
	*rig
	boxes int

	mu   sync.Mutex
	in   int
	open chan struct{}
	now  moment // when the last came
}

// next closes the gate.
func (g *gate) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.in, g.open = 0, make(chan struct{})
}

func (g *gate) pass() {
	g.mu.Lock()
	open := g.open
	if g.in++; g.in == g.boxes {
		g.now = g.moment()
		close(open)
	}
	g.mu.Unlock()
	<-open
}

// deliver rolls a release out, waits until all boxes have committed it, and returns what was spent from the first that fetched to the last that had it whole.
func (r *rig) deliver(g *gate, path string, m update.Manifest) spent {
	r.Helper()
	g.next()
	r.publish(m.Kind, path)
	var began moment
	r.follow(g.boxes, func(s said) bool {
		if s.status.Version == m.Version && s.status.State == update.Fetching && began.at.IsZero() {
			began = r.moment()
			began.at = s.at
		}
		return s.status.Installed[m.Kind].SHA256 == m.SHA256
	})
	g.mu.Lock()
	last := g.now
	g.mu.Unlock()
	if began.at.IsZero() || !last.at.After(began.at) {
		r.Fatalf("the first box began at %v, the last had it at %v", began.at, last.at)
	}
	return spent{last.at.Sub(began.at).Seconds(), last.cpu - began.cpu}
}

// spent is seconds, and those of all processors, of this process and the broker.
type spent struct{ seconds, cpu float64 }

func (s *spent) add(n spent) { s.seconds, s.cpu = s.seconds+n.seconds, s.cpu+n.cpu }

// moment is when it is, and how much of the processors was used so far.
type moment struct {
	at  time.Time
	cpu float64 // seconds
}

func (r *rig) moment() moment {
	cpu := 0.0
	for _, pid := range []int{os.Getpid(), r.broker.PID()} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(text), ") ")
		var user, system float64 // 1/100 s: proc(5)
		if err == nil {
			_, err = fmt.Sscan(strings.Join(strings.Fields(rest)[11:13], " "), &user, &system)
		}
		if err != nil {
			r.Error(err)
		}
		cpu += (user + system) / 100
	}
	return moment{time.Now(), cpu}
}

// measure says what something spent that counts its seconds itself.
func (r *rig) measure(do func() float64) spent {
	r.Helper()
	before := r.moment()
	seconds := do()
	return spent{seconds, r.moment().cpu - before.cpu}
}
