// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"fmt"
	"testing"
	"time"
)

// cutAll sends records of so many boxes through a line that is cut at random while city hall's own line is cut too, and expects each at city hall once.
func cutAll(t testing.TB, r *running, boxes, each, batch int, mean time.Duration) {
	t.Helper()
	hallLine := &proxy{mean: 10 * mean}
	r.hall.Broker = startProxy(t, hallLine, r.addrs...)
	h := startHall(t, r.hall)
	line := &proxy{mean: mean}
	url := startProxy(t, line, r.addrs...)
	began := time.Now()
	var all []*box
	for i := range boxes {
		all = append(all, startBox(t, h, r.config(t, fmt.Sprintf("box-%d", i), url), each, batch, soon))
	}
	drained(t, h, all...)
	line.mu.Lock()
	hallLine.mu.Lock()
	defer line.mu.Unlock()
	defer hallLine.mu.Unlock()
	t.Logf("%d cuts of boxes' lines and %d of city hall's in %v", line.cuts, hallLine.cuts, time.Since(began).Round(time.Second))
	if line.cuts < 10 {
		t.Errorf("only %d cuts: the test says little", line.cuts)
	}
}

// One in a hundred of the million below.
func TestCutsOnePercent(t *testing.T) {
	cutAll(t, startMosquitto(t), 2, 5_000, 16, 60*time.Millisecond)
}

// BenchmarkMillionUnderCuts sends a million records through lines that are cut at random. Lost and doubled records fail it.
func BenchmarkMillionUnderCuts(b *testing.B) {
	const boxes, each = 50, 20_000
	for b.Loop() {
		began := time.Now()
		cutAll(b, startMosquitto(b), boxes, each, 64, time.Second)
		b.ReportMetric(boxes*each, "records")
		b.ReportMetric(boxes*each/time.Since(began).Seconds(), "records/s")
	}
}
