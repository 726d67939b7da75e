// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"image"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/mono"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pinpadtest"
)

// instant is a panel that notes when a picture is handed to it, and shows it at once.
type instant struct{ frames chan time.Time }

func (p *instant) Bounds() image.Rectangle { return image.Rect(0, 0, 400, 300) }
func (p *instant) frame() error {
	select {
	case p.frames <- time.Now():
	default:
	}
	return nil
}
func (p *instant) Full(context.Context, *mono.Image) error { return p.frame() }
func (p *instant) Partial(context.Context, *mono.Image, image.Rectangle) error {
	return p.frame()
}
func (p *instant) Wipe(context.Context) error  { return p.frame() }
func (p *instant) Sleep(context.Context) error { return nil }
func (p *instant) String() string              { return "instant panel" }

var _ display.Panel = (*instant)(nil)

// bench is a box in real time on an instant panel, at rest. opts are the key-pad's; nil: the product's.
func bench(b *testing.B, opts *pinpad.Opts) (keys *pinpadtest.Matrix, panel *instant, until func(string)) {
	b.Helper()
	keys, panel = pinpadtest.NewMatrix(), &instant{make(chan time.Time, 64)}
	pad, err := pinpad.New(keys.Rows(), keys.Cols(), opts)
	if err != nil {
		b.Fatal(err)
	}
	cfg := device.DefaultConfig
	cfg.City, cfg.Office, cfg.OfficeGroup, cfg.DeviceID, cfg.DataDir = "nabari", "市民課", "g01", "box1", b.TempDir()
	cfg.Clerks = []device.Clerk{{Label: "佐藤", Hash: clerkHash()}}
	reader := simcard.NewReader()
	var mu sync.Mutex
	var seen device.Observed
	box, err := device.New(device.Hardware{Pad: pad, Panel: panel, Reader: reader}, cfg, &device.Opts{Observe: func(o device.Observed) {
		mu.Lock()
		defer mu.Unlock()
		seen = o
	}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		pad.Halt()
		reader.Close()
	})
	until = func(screen string) {
		for range 2000 {
			mu.Lock()
			ok := seen.Screen == screen && !seen.Busy
			mu.Unlock()
			if ok {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		b.Fatalf("the box does not show %s", screen)
	}
	until("idle")
	return keys, panel, until
}

// BenchmarkKeyToFrame is the time from a key's contact to the picture that answers it, handed to the panel driver. A press is taken after 15 ms of debounce, found by a
// scan every 5 ms; the ratio is against these 20 ms.
func BenchmarkKeyToFrame(b *testing.B) {
	keys, panel, until := bench(b, nil)
	toList(keys, until)
	down := true
	var sum time.Duration
	for b.Loop() {
		for len(panel.frames) > 0 {
			<-panel.frames
		}
		k := pinpad.KeyUp
		if down {
			k = pinpad.KeyDown
		}
		down = !down
		edge := time.Now()
		keys.Press(k)
		sum += (<-panel.frames).Sub(edge)
		keys.Release(k)
		time.Sleep(170 * time.Millisecond)
	}
	each := float64(sum) / float64(b.N)
	b.ReportMetric(each/float64(time.Millisecond), "ms/key")
	b.ReportMetric(each/float64(20*time.Millisecond), "×debounce")
	b.ReportMetric(0, "ns/op") // the pause between two keys is none of the box's time
}

// toList goes to a list in which ▲ and ▼ move a mark.
func toList(keys *pinpadtest.Matrix, until func(string)) {
	tap := func(k pinpad.Key) {
		keys.Press(k)
		time.Sleep(40 * time.Millisecond)
		keys.Release(k)
		time.Sleep(170 * time.Millisecond)
	}
	tap(pinpad.KeyEnter)
	until("clerk.code")
	for _, c := range clerkCode {
		tap(pinpad.Key0 + pinpad.Key(c-'0'))
	}
	tap(pinpad.KeyEnter)
	until("clerk.procedure")
}

// BenchmarkFastKeys presses two keys in turn, 20 a second, faster than any hand, and measures from each contact to the picture that answers it,
// handed to the panel driver: the median and the slowest of a hundred. Three equal scans 5 ms apart, 10 to 15 ms by the contact's phase, are the
// debounce; after so short a pause the key before it must also be seen up for 25 ms first. The guard of 120 ms between two presses of one
// key is lifted, or half of them would not count.
func BenchmarkFastKeys(b *testing.B) {
	const keysPerLoop, period, hold = 200, 50 * time.Millisecond, 22 * time.Millisecond
	keys, panel, until := bench(b, &pinpad.Opts{RepeatGuard: time.Millisecond})
	toList(keys, until)
	var took []time.Duration
	missed := 0
	for b.Loop() {
		start := time.Now()
		for n := range keysPerLoop {
			time.Sleep(time.Until(start.Add(time.Duration(n) * period)))
			for len(panel.frames) > 0 {
				<-panel.frames
			}
			k := [2]pinpad.Key{pinpad.KeyDown, pinpad.KeyUp}[n%2]
			edge := time.Now()
			up := time.AfterFunc(hold, func() { keys.Release(k) })
			keys.Press(k)
			select {
			case at := <-panel.frames:
				took = append(took, at.Sub(edge))
			case <-time.After(period - time.Millisecond):
				took = append(took, period) // not answered before the next press: at least this long
				missed++
			}
			if up.Stop() { // answered while the key is down
				time.Sleep(time.Until(edge.Add(hold)))
				keys.Release(k)
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(pinpad.DefaultOpts.PressDebounce.Milliseconds()), "debounce-ms")
	b.ReportMetric(100*float64(missed)/float64(len(took)), "missed-%")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdle is what the box's core costs at rest: share of one processor, and resident memory of this test's process.
func BenchmarkIdle(b *testing.B) {
	_, _, _ = bench(b, nil)
	time.Sleep(2 * time.Second) // the pad has gone to sleep
	var before, after syscall.Rusage
	var span time.Duration
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		t := time.Now()
		time.Sleep(3 * time.Second)
		span += time.Since(t)
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := time.Duration(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano()) * time.Nanosecond
	b.ReportMetric(100*float64(used)/float64(span), "%cpu")
	b.ReportMetric(resident(b), "MiB-resident")
	b.ReportMetric(0, "ns/op")
}

// resident is this process's resident memory in MiB.
func resident(b testing.TB) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kib, err := strconv.Atoi(f[1])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
