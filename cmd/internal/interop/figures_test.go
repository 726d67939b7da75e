// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package interop

import (
	"bytes"
	"context"
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
// turn, in one run.
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
	var board, raw, session, same, other time.Duration
	for b.Loop() {
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
		board, session = board+read.Sub(mid), session+end.Sub(start)

		l = connect()
		mid = time.Now()
		for _, apdu := range t.script {
			if _, err := l.Transmit(apdu); err != nil {
				b.Fatal(err)
			}
		}
		raw += time.Since(mid)
		l.Close()

		start = time.Now()
		l = connect()
		c = card.New(l)
		for _, k := range []card.Kind{card.KindLogin, card.KindSigning} {
			if _, err := c.Tries(k); err != nil {
				b.Fatal(err)
			}
		}
		_ = c.End()
		l.Close()
		same += time.Since(start)

		start = time.Now()
		tool(b, nil, "pkcs15-tool", "--list-pins").ok("Tries left")
		other += time.Since(start)
	}
	n := float64(b.N)
	b.ReportMetric(float64(len(t.script)), "apdus")
	b.ReportMetric(float64(board)/n, "board-ns/op")
	b.ReportMetric(float64(raw)/n, "raw-ns/op")
	b.ReportMetric(float64(board)/float64(raw), "ratio")
	b.ReportMetric(float64(session)/n, "session-ns/op")
	b.ReportMetric(float64(other)/n, "pkcs15-tool-ns/op")
	b.ReportMetric(float64(other)/float64(session), "x-faster-all")
	b.ReportMetric(float64(same)/n, "same-ns/op")
	b.ReportMetric(float64(other)/float64(same), "x-faster")
}
