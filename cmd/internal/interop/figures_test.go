// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package interop

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"madoguchi/card"
)

// taught keeps the commands that went through it.
type taught struct {
	card.Link
	script [][]byte
}

func (l *taught) Transmit(apdu []byte) ([]byte, error) {
	l.script = append(l.script, bytes.Clone(apdu))
	return l.Link.Transmit(apdu)
}

// BenchmarkBoard reads the tries board through pcscd and the virtual reader,
// then sends the same commands raw: "ratio" is what the driver adds. A whole
// session (power, board, power off) stands against `pkcs15-tool --list-pins`,
// "x-faster-all"; that program asks for two counters and nothing else, and a
// session that asks the same two stands against it as "x-faster". All turn by
// turn, in one run; medians.
func BenchmarkBoard(b *testing.B) {
	s := throughPCSCD(b)
	s.put(sample(b, "adult"))
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	connect := func() card.Link {
		l, err := s.reader.Connect(ctx)
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	l := connect()
	t := &taught{Link: l}
	if _, err := card.New(t).Board(); err != nil {
		b.Fatal(err)
	}
	l.Close()
	var board, raw, session, same, other times
	readBoard := func() {
		start := time.Now()
		l := connect()
		c := card.New(l)
		mid := time.Now()
		if _, err := c.Board(); err != nil {
			b.Fatal(err)
		}
		read := time.Now()
		_ = c.End()
		l.Close()
		end := time.Now()
		board, session = append(board, read.Sub(mid)), append(session, end.Sub(start))
	}
	sendRaw := func() {
		l := connect()
		start := time.Now()
		for _, apdu := range t.script {
			if _, err := l.Transmit(apdu); err != nil {
				b.Fatal(err)
			}
		}
		raw = append(raw, time.Since(start))
		l.Close()
	}
	for b.Loop() {
		// What comes first finds the caches cold, after another program: each in its turn.
		if len(board)%2 == 0 {
			readBoard()
			sendRaw()
		} else {
			sendRaw()
			readBoard()
		}

		start := time.Now()
		l := connect()
		c := card.New(l)
		for _, k := range []card.Kind{card.KindLogin, card.KindSigning} {
			if _, err := c.Tries(k); err != nil {
				b.Fatal(err)
			}
		}
		_ = c.End()
		l.Close()
		same = append(same, time.Since(start))

		start = time.Now()
		tool(b, nil, "pkcs15-tool", "--list-pins").ok("Tries left")
		other = append(other, time.Since(start))
	}
	b.ReportMetric(float64(len(t.script)), "apdus")
	b.ReportMetric(board.median(), "board-ns/op")
	b.ReportMetric(raw.median(), "raw-ns/op")
	b.ReportMetric(board.median()/raw.median(), "ratio")
	b.ReportMetric(session.median(), "session-ns/op")
	b.ReportMetric(other.median(), "pkcs15-tool-ns/op")
	b.ReportMetric(other.median()/session.median(), "x-faster-all")
	b.ReportMetric(same.median(), "same-ns/op")
	b.ReportMetric(other.median()/same.median(), "x-faster")
}

// times are those of one sort of work. Their median is told: on a loaded machine
// one round in ten takes several times as long.
type times []time.Duration

func (t times) median() float64 {
	slices.Sort(t)
	return float64(t[len(t)/2])
}
