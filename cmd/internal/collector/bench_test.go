// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// BenchmarkEndToEnd sends batches of 64 from eight boxes through broker, gate,
// database and signed acknowledgement, and the same batches to a database
// alone, each durable. of_database is the ratio of the two rates.
func BenchmarkEndToEnd(b *testing.B) {
	const boxes, size = 8, record.MaxRecords
	var texts [boxes][][]byte
	for n := range b.N {
		i := n % boxes
		texts[i] = append(texts[i], encode(b, 7, uint64(len(texts[i])*size+1), records(b, size)))
	}
	alone := database(b, texts[:])
	w := start(b, nil)
	var lines [boxes]*box
	for i := range boxes {
		lines[i] = dial(b, w, fmt.Sprintf("box-%d", i))
	}
	b.ResetTimer()
	var all sync.WaitGroup
	for i, line := range lines {
		all.Go(func() { line.pour(b, texts[i]) })
	}
	all.Wait()
	b.StopTimer()
	if got := len(w.facets(b)); got != b.N*size {
		b.Fatalf("%d facets, want %d", got, b.N*size)
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(alone.Seconds()/b.Elapsed().Seconds(), "of_database")
}

// database applies the batches, decoded already, in turn.
func database(b *testing.B, texts [][][]byte) time.Duration {
	b.Helper()
	s, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "alone.db"), store.Opts{DigestKey: DigestKey(testKey)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var list []store.Batch
	for n := range b.N {
		batch, err := gate(fmt.Sprintf("box-%d", n%len(texts)), texts[n%len(texts)][n/len(texts)])
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, batch)
	}
	began := time.Now()
	for _, batch := range list {
		if _, err := s.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// pour sends batches with four on their way, as a box's link does, until the
// last is acknowledged.
func (l *box) pour(b *testing.B, texts [][]byte) {
	var window []paho.Token
	for _, text := range texts {
		if len(window) == 4 {
			if err := settle(window[0]); err != nil {
				b.Error(err)
				return
			}
			window = window[1:]
		}
		window = append(window, l.client.Publish(l.topic("rec"), 1, false, text))
	}
	want := uint64(len(texts) * record.MaxRecords)
	for late := time.After(10 * wait); want > 0; {
		select {
		case a := <-l.acks:
			if a.Upto >= want {
				return
			}
		case <-late:
			b.Errorf("%s: not acknowledged", l.id)
			return
		}
	}
}

// BenchmarkOpenAndSign is the gate and the signature alone.
func BenchmarkOpenAndSign(b *testing.B) {
	text := encode(b, 7, 1, records(b, record.MaxRecords))
	key := ed25519.PrivateKey(testKey)
	for b.Loop() {
		batch, err := gate("box-a", text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := record.SignAck(key, ackFor(1, batch, store.Result{Upto: 64})); err != nil {
			b.Fatal(err)
		}
	}
}
