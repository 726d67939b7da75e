// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// ScanLoop runs scans of a matrix for a benchmark.
func ScanLoop(b *testing.B, m interface {
	Rows() [4]gpio.PinIO
	Cols() [4]gpio.PinIO
}, settle time.Duration) {
	p := &Pad{rows: m.Rows(), cols: m.Cols(), opts: Opts{Settle: settle, Sleep: nanosleep}}
	if err := p.release(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.scan(); err != nil {
			b.Fatal(err)
		}
	}
}
