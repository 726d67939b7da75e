// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"testing"
	"time"

	"madoguchi/card"
)

// BenchmarkBoard reads the tries board and then sends the very same commands
// raw to the same card: "ratio" is what the driver adds, "apdus" what the board
// costs on a slow reader. Medians are not needed: both run turn by turn.
func BenchmarkBoard(b *testing.B) {
	sim := sample(b, "adult")
	l := connect(b, sim)
	var script [][]byte
	if _, err := card.New(linkFunc(func(apdu []byte) ([]byte, error) {
		script = append(script, bytes.Clone(apdu))
		return l.Transmit(apdu)
	})).Board(); err != nil {
		b.Fatal(err)
	}
	var board, raw time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := card.New(l).Board(); err != nil {
			b.Fatal(err)
		}
		mid := time.Now()
		for _, apdu := range script {
			if _, err := l.Transmit(apdu); err != nil {
				b.Fatal(err)
			}
		}
		board, raw = board+mid.Sub(start), raw+time.Since(mid)
	}
	b.ReportMetric(float64(len(script)), "apdus")
	b.ReportMetric(float64(board)/float64(raw), "ratio")
	b.ReportMetric(float64(raw)/float64(b.N), "raw-ns/op")
}

// BenchmarkBoardReader is the same with a reader that takes 5 ms for a command,
// about what pcscd and a CCID reader were measured to take.
func BenchmarkBoardReader(b *testing.B) {
	const perAPDU = 5 * time.Millisecond
	sim := sample(b, "adult")
	sim.Reset(false)
	n := 0
	var board, raw time.Duration
	l := linkFunc(func(apdu []byte) ([]byte, error) {
		n++
		time.Sleep(perAPDU)
		return sim.Transmit(apdu)
	})
	var script [][]byte
	if _, err := card.New(linkFunc(func(apdu []byte) ([]byte, error) {
		script = append(script, bytes.Clone(apdu))
		return l(apdu)
	})).Board(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		start := time.Now()
		if _, err := card.New(l).Board(); err != nil {
			b.Fatal(err)
		}
		mid := time.Now()
		for _, apdu := range script {
			if _, err := l(apdu); err != nil {
				b.Fatal(err)
			}
		}
		board, raw = board+mid.Sub(start), raw+time.Since(mid)
	}
	b.ReportMetric(float64(len(script)), "apdus")
	b.ReportMetric(float64(board)/float64(raw), "ratio")
}
