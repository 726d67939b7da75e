// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/brokers"
	"madoguchi/cmd/internal/pgtest"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// server is a broker as boxes and collectors see it.
type server struct{ url, password string }

// TestSeveralCollectors runs two collectors on one PostgreSQL, with the broker
// giving everything to both, and with one that shares it out (mosquitto); one of
// the two is stopped half way. Every record is there once, and city hall is
// never said to be away.
func TestSeveralCollectors(t *testing.T) {
	for name, begin := range map[string]func(*testing.T) (server, bool){
		"everything to both": func(t *testing.T) (server, bool) {
			b, err := broker.Start(broker.Opts{City: "nabari"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Stop() })
			return server{b.URL(), b.Password()}, false
		},
		"shared by mosquitto": func(t *testing.T) (server, bool) { return mosquitto(t), true },
	} {
		t.Run(name, func(t *testing.T) {
			at, share := begin(t)
			testSeveral(t, at, share)
		})
	}
}

func testSeveral(t *testing.T, at server, share bool) {
	dsn := pgtest.Database(t)
	w := &world{address: at}
	var stops []func()
	for _, name := range []string{"a", "b"} {
		s, err := store.Open(t.Context(), dsn, store.Opts{DigestKey: DigestKey(testKey)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		w.store = s
		w.Collector, err = New(s, Opts{City: "nabari", Broker: at.url, Password: at.password, Name: name, Share: share, SignKey: testKey,
			RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); w.Collector.Run(ctx) }()
		stop := sync.OnceFunc(func() { cancel(); <-ended })
		t.Cleanup(stop)
		stops = append(stops, stop)
		w.until(t, "collector "+name+" is connected", func(s Status) bool { return s.Broker })
	}
	const boxes, batches, size = 3, 20, 4
	want := map[record.ID]bool{}
	var lines [boxes]*box
	var lists [boxes][]record.Record
	for i := range boxes {
		lines[i], lists[i] = dial(t, w, fmt.Sprintf("box-%d", i)), records(t, batches*size)
		for _, r := range lists[i] {
			want[r.ID()] = true
		}
	}
	for n := range batches {
		if n == batches/2 {
			stops[0]()
			lines[0].hostSays(t, `"online":false`)
			lines[0].hostSays(t, `"online":true`) // the other one says so
		}
		for i, line := range lines {
			text := encode(t, 7, uint64(n*size+1), lists[i][n*size:(n+1)*size])
			for again := 0; ; again++ { // what was on its way to the one that stopped is sent again
				line.say(t, "rec", text)
				if line.acked(uint64((n+1)*size), 2*time.Second) {
					break
				}
				if again == 10 {
					t.Fatalf("%s: batch %d is never acknowledged", line.id, n)
				}
			}
		}
	}
	got := w.facets(t)
	for id := range want {
		if got[id] != 1 {
			t.Errorf("record %v is there %d times", id, got[id])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d facets, want %d", len(got), len(want))
	}
	if alarms := w.alarms(t); len(alarms) > 0 {
		t.Errorf("alarms: %v", alarms)
	}
}

// acked waits a while for an acknowledgement of upto.
func (b *box) acked(upto uint64, patience time.Duration) bool {
	late := time.After(patience)
	for {
		select {
		case a := <-b.acks:
			if a.Upto >= upto {
				return true
			}
		case <-late:
			return false
		}
	}
}

// mosquitto starts Debian's broker.
func mosquitto(t testing.TB) server {
	t.Helper()
	m, err := brokers.StartOpenMosquitto(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server{url: m.URL()}
}
