// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
)

// BenchmarkPolicy is a city's rules on their way to 1,000 boxes, four to an office, at the pace that a city serves and looks at its fleet by default: from the moment that the
// rollout stands in the database, in one wave and without a soak, until the last box has said that it runs them. Against it: as many messages with as many bytes, pushed through
// the same broker to 1,000 plain clients.
func BenchmarkPolicy(b *testing.B) {
	const n = 1000
	rules, err := os.ReadFile("../../../device/policy/data/nabari.toml")
	must(b, err)
	r := newRig(b, depot.ServeOpts{}, 0)
	r.start(n, 4, r.boxes())
	plain := r.plain(n)
	var ours, pushed float64
	for b.Loop() {
		before := r.director.Served()
		path, m := r.release(update.Policy, bytes.NewReader(append(bytes.Clone(rules), time.Now().String()...)))
		began := r.publish(update.Policy, path)
		last := r.follow(n, func(s said) bool { return s.status.Installed[update.Policy].SHA256 == m.SHA256 })
		ours += last.Sub(began).Seconds()
		after := r.director.Served()
		answers, size := (after.Answered-before.Answered)/n, after.Bytes-before.Bytes
		var parts [][]byte
		for range answers {
			parts = append(parts, make([]byte, size/answers/n))
		}
		pushed += plain.send(parts)
		b.Logf("each box asked %d times for %d bytes in all; the director dropped %d requests over the pace", answers, size/n, after.Late-before.Late)
	}
	b.ReportMetric(ours/float64(b.N), "s-to-1000")
	b.ReportMetric(pushed/float64(b.N), "broker-s")
	b.ReportMetric(ours/pushed, "x-broker")
}
