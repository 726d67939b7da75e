// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"madoguchi/cmd/internal/pgtest"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// BenchmarkEndToEnd sends batches of 64 from eight boxes through broker, gate,
// database and signed acknowledgement. of_database is the ratio to the rows of
// the same batches written into the same table by the driver alone, each batch a
// durable transaction, with as many writers as the collector has; of_store is
// the ratio to the store's own Apply, one batch after the other.
func BenchmarkEndToEnd(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		endToEnd(b, func(b *testing.B, name string) string { return filepath.Join(b.TempDir(), name+".db") })
	})
	b.Run("postgres", func(b *testing.B) {
		c, err := pgtest.New(pgtest.Disk)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Remove()
		endToEnd(b, func(b *testing.B, _ string) string {
			dsn, err := c.Create()
			if err != nil {
				b.Fatal(err)
			}
			return dsn
		})
	})
}

const (
	boxes = 8
	size  = record.MaxRecords
)

// pieces are the batches of each box.
func pieces(b *testing.B) (texts [boxes][][]byte) {
	for n := range b.N {
		i := n % boxes
		texts[i] = append(texts[i], encode(b, 7, uint64(len(texts[i])*size+1), records(b, size)))
	}
	return texts
}

func endToEnd(b *testing.B, fresh func(*testing.B, string) string) {
	texts := pieces(b)
	open := func(name string) *store.Store {
		s, err := store.Open(b.Context(), fresh(b, name), store.Opts{DigestKey: DigestKey(testKey)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		return s
	}
	alone, bare := open("alone"), open("bare")
	var list []store.Batch
	for n := range b.N {
		batch, err := gate(fmt.Sprintf("box-%d", n%boxes), texts[n%boxes][n/boxes])
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, batch)
	}
	began := time.Now()
	for _, batch := range list {
		if _, err := alone.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	applied := time.Since(began)
	rows, err := bare.Bare(b.Context(), list)
	if err != nil {
		b.Fatal(err)
	}
	w := start(b, open("whole"))
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
	whole := b.Elapsed().Seconds()
	b.ReportMetric(float64(b.N*size)/whole, "records/s")
	b.ReportMetric(float64(b.N*size)/rows.Seconds(), "bare-records/s")
	b.ReportMetric(rows.Seconds()/whole, "of_database")
	b.ReportMetric(applied.Seconds()/whole, "of_store")
	b.ReportMetric(float64(b.N)/float64(w.Figures().Commits), "batches/commit")
}

// BenchmarkPipeline is what one would do without us: mosquitto_sub writes an
// INSERT for each batch, the database's own shell runs it, durably, one row for
// each record under its random number. It looks into nothing, knows no sequence
// and no repetition, and tells the box nothing.
func BenchmarkPipeline(b *testing.B) {
	const table = "CREATE TABLE raw (id TEXT PRIMARY KEY, kind TEXT, week TEXT, g TEXT, a TEXT, b TEXT)"
	b.Run("sqlite", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "raw.db")
		shell := func(sql string) *exec.Cmd { return exec.Command("sqlite3", path, sql) }
		pipeline(b, shell, "PRAGMA journal_mode=WAL; "+table+" WITHOUT ROWID",
			`INSERT OR IGNORE INTO raw SELECT value->>'r', value->>'k', value->>'w', value->>'g', value->>'p', value->>'o' FROM json_each('%p', '$.records');`,
			fmt.Sprintf(`sqlite3 -cmd "PRAGMA synchronous=FULL" %q`, path))
	})
	b.Run("postgres", func(b *testing.B) {
		_, dsn := pgtest.Fresh(b, pgtest.Disk)
		shell := func(sql string) *exec.Cmd { return exec.Command("psql", "-qAtX", "-d", dsn, "-c", sql) }
		pipeline(b, shell, table,
			`INSERT INTO raw SELECT v->>'r', v->>'k', v->>'w', v->>'g', v->>'p', v->>'o' FROM jsonb_array_elements('%p'::jsonb->'records') v ON CONFLICT DO NOTHING;`,
			fmt.Sprintf("psql -qX -d %q", dsn))
	})
}

func pipeline(b *testing.B, shell func(string) *exec.Cmd, create, insert, sink string) {
	texts := pieces(b)
	if out, err := shell(create).CombinedOutput(); err != nil {
		b.Fatalf("making the table: %v: run `make setup`, which installs the shells\n%s", err, out)
	}
	at := mosquitto(b)
	port := at.url[strings.LastIndexByte(at.url, ':')+1:]
	pipe := exec.Command("sh", "-c", fmt.Sprintf(`mosquitto_sub -h 127.0.0.1 -p %s -q 1 -i pipe -c -t 'mg/1/nabari/d/+/rec' -F "$INSERT" | %s`, port, sink))
	pipe.Env = append(os.Environ(), "INSERT="+insert)
	pipe.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := pipe.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-pipe.Process.Pid, syscall.SIGTERM) // our own group: sh, mosquitto_sub and the shell
		_ = pipe.Wait()
	}()
	w := &world{address: at}
	var lines [boxes]*box
	for i := range boxes {
		lines[i] = dial(b, w, fmt.Sprintf("box-%d", i))
	}
	count := func() int {
		out, err := shell("SELECT count(*) FROM raw").Output()
		if err != nil {
			return 0 // locked for a moment
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	// A first batch, repeated, tells when the pipe has subscribed.
	for first := encode(b, 7, 1, records(b, 1)); count() == 0; {
		lines[0].say(b, "rec", first)
	}
	b.ResetTimer()
	var all sync.WaitGroup
	for i, line := range lines {
		all.Go(func() {
			for _, text := range texts[i] {
				if err := settle(line.client.Publish(line.topic("rec"), 1, false, text)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for late := time.Now().Add(10 * wait); count() < 1+b.N*size; {
		if time.Now().After(late) {
			b.Fatalf("only %d of %d records have arrived", count()-1, b.N*size)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
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
