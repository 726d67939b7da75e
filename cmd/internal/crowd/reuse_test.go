// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/device/update"
)

// step is the length of the fixed pieces that chunks are held against, in bytes: their average.
const step = 32 << 10

// BenchmarkReuse is what a box fetches of a build of counter that has the one before, over the whole way: two real builds, cut, released, and collected by a box that takes
// chunks from the old file. "version" differs in the version string alone, "constant" also in a number of device/session.
func BenchmarkReuse(b *testing.B) {
	r := newRig(b, unpaced, time.Second)
	minor := 0
	before := r.build("before", "v1.4.0", "", "")
	o := r.boxes()
	o.Reuse = func(update.Kind) (string, error) { return before, nil }
	r.start(1, 1, o)
	for _, tt := range []struct{ name, from, to string }{
		{"version", "", ""},
		{"constant", "const freeMisses = 5", "const freeMisses = 4"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var tally update.Tally
			var m update.Manifest
			var fixed int
			for b.Loop() {
				minor++ // a box that has a build does nothing
				after := r.build(tt.name, fmt.Sprintf("v1.4.%d", minor), tt.from, tt.to)
				f, err := os.Open(after)
				must(b, err)
				var path string
				path, m = r.release(update.Firmware, f)
				must(b, f.Close())
				r.publish(update.Firmware, path)
				r.follow(1, func(s said) bool {
					tally = s.status.Tally
					return s.status.Installed[update.Firmware].SHA256 == m.SHA256
				})
				fixed = inSteps(b, before, after)
			}
			if tally.Reused+tally.Received < m.Size || tally.Bad != 0 {
				b.Fatalf("of %d bytes: %+v", m.Size, tally)
			}
			b.ReportMetric(float64(tally.Received)/(1<<20), "fetched-MiB")
			b.ReportMetric(float64(m.Size)/(1<<20), "whole-MiB")
			b.ReportMetric(float64(fixed)/(1<<20), "fixed-MiB")
			b.ReportMetric(float64(tally.Received)/float64(m.Size), "of_whole")
			b.ReportMetric(float64(tally.Received)/float64(fixed), "of_fixed")
		})
	}
}

// build builds counter as make firmware does, with a version, and with one line of device/session/code.go changed, and returns the program's path.
func (r *rig) build(name, version, from, to string) string {
	r.Helper()
	top, err := filepath.Abs("../../..")
	must(r, err)
	source := filepath.Join(top, "device/session/code.go")
	text, err := os.ReadFile(source)
	must(r, err)
	if bytes.Count(text, []byte(from)) != 1 && from != "" {
		r.Fatalf("%s does not have %q once", source, from)
	}
	changed, overlay, out := filepath.Join(r.dir, name+".go"), filepath.Join(r.dir, name+".json"), filepath.Join(r.dir, name)
	if from != "" {
		text = bytes.Replace(text, []byte(from), []byte(to), 1)
	}
	must(r, os.WriteFile(changed, text, 0o600))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	must(r, err)
	must(r, os.WriteFile(overlay, list, 0o600))
	cmd := exec.Command("go", "build", "-overlay", overlay, "-ldflags", "-s -w -X main.version="+version, "-o", out, "./cmd/counter")
	cmd.Dir = top
	if said, err := cmd.CombinedOutput(); err != nil {
		r.Fatalf("building counter: %v\n%s", err, said)
	}
	return out
}

// inSteps is how many bytes of a file would be fetched if both were cut every step bytes.
func inSteps(t testing.TB, before, after string) int {
	t.Helper()
	had := map[update.Digest]bool{}
	fetched := 0
	for _, path := range []string{before, after} {
		raw, err := os.ReadFile(path)
		must(t, err)
		for r := bytes.NewReader(raw); r.Len() > 0; {
			piece := make([]byte, min(step, r.Len()))
			_, err := io.ReadFull(r, piece)
			must(t, err)
			if path == after && !had[update.Sum(piece)] {
				fetched += len(piece)
			}
			had[update.Sum(piece)] = true
		}
	}
	return fetched
}
