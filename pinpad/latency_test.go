// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"testing"
	"time"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
)

// BenchmarkContactToEvent measures, in real time, from a closing contact to the
// event in its receiver's hands. The debounce is part of it and is named: three
// equal scans 5 ms apart, so 10 to 15 ms by the phase of the contact. What
// the code adds is over-debounce-µs: the time past the 10 ms and the mean phase.
func BenchmarkContactToEvent(b *testing.B) {
	for _, bm := range []struct {
		name string
		mode func(*pinpad.Pad)
		nap  time.Duration // between keys
		mean time.Duration // of the debounce
	}{
		// Scanning goes on: the contact falls anywhere between two scans.
		{"secret", func(p *pinpad.Pad) {
			p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4})
		}, 150 * time.Millisecond, 12500 * time.Microsecond},
		// Asleep: the edge starts the first scan at once.
		{"asleep", func(p *pinpad.Pad) { p.Menu(1) }, 350 * time.Millisecond, 10 * time.Millisecond},
	} {
		b.Run(bm.name, func(b *testing.B) {
			m := pinpadtest.NewMatrix()
			p, err := pinpad.New(m.Rows(), m.Cols(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Halt()
			bm.mode(p)
			time.Sleep(bm.nap)
			var sum, worst time.Duration
			n := 0
			for b.Loop() {
				b.StopTimer()
				time.Sleep(bm.nap + time.Duration(n*1709%5000)*time.Microsecond) // phases of the scan
				k := pinpad.Keys()[n%16]
				begun := time.Now()
				b.StartTimer()
				m.Press(k)
				<-p.Events()
				took := time.Since(begun)
				b.StopTimer()
				sum += took
				worst = max(worst, took)
				m.Release(k)
				if n++; n%4 == 0 {
					bm.mode(p)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(sum.Microseconds())/float64(n)/1000, "contact-to-event-ms")
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
			b.ReportMetric(float64(bm.mean.Microseconds())/1000, "debounce-ms")
			b.ReportMetric(float64((sum/time.Duration(n) - bm.mean).Microseconds()), "over-debounce-µs")
		})
	}
}

// BenchmarkScan measures one scan of 16 contacts against its own settling time
// (4 × 50 µs).
func BenchmarkScan(b *testing.B) {
	for _, settle := range []time.Duration{time.Nanosecond, 50 * time.Microsecond} {
		b.Run(settle.String(), func(b *testing.B) {
			b.ReportAllocs()
			pinpad.ScanLoop(b, pinpadtest.NewMatrix(), settle)
		})
	}
}
