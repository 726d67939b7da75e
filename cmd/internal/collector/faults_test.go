// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"madoguchi/cmd/internal/pgtest"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// TestFaults is the table of what can go wrong at city hall's end: for each
// fault, what became of it and what was lost. Run it with -v to read the table.
//
// Before each fault a box brings three records, during it three more, after it
// the same ones again, as its outbox does until they are acknowledged. Lost is
// what of the six is missing then; doubled what is there twice.
func TestFaults(t *testing.T) {
	type faulty struct {
		*world
		*box
		stores *failing
	}
	batch := func(change func(string) string) func(*testing.T, *faulty, []byte) {
		return func(t *testing.T, f *faulty, good []byte) { f.say(t, "rec", []byte(change(string(good)))) }
	}
	database := func(reason string) func(*testing.T, *faulty, []byte) {
		return func(t *testing.T, f *faulty, good []byte) {
			f.stores.set(func([]store.Batch) error { return errors.New(reason) })
			f.throw(good)
			f.until(t, "the database is known to be away", func(s Status) bool { return !s.Database })
			f.hostSays(t, `"online":false`)
			f.stores.set(nil)
		}
	}
	for _, c := range []struct {
		fault  string
		inject func(t *testing.T, f *faulty, good []byte) // good: the batch with records 4 to 6
		alarms map[string]int
		what   string // what becomes of it, in words
	}{
		{"database down", database("connection refused"), nil, "held: no acknowledgement, boxes are told"},
		{"disk full", database("database or disk is full"), nil, "held: no acknowledgement, boxes are told"},
		{"broker restarts", func(t *testing.T, f *faulty, good []byte) {
			if err := f.broker.SetUp(false); err != nil {
				t.Fatal(err)
			}
			f.until(t, "the collector has lost it", func(s Status) bool { return !s.Broker })
			if err := f.broker.SetUp(true); err != nil {
				t.Fatal(err)
			}
			f.until(t, "the collector is back", func(s Status) bool { return s.Broker })
			f.box = dial(t, f.world, "box-a")
		}, nil, "connected again"},
		{"message cut short", batch(func(s string) string { return s[:len(s)/2] }), map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"not JSON", batch(func(string) string { return "\x00\xff garbage" }), map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"white space in it", batch(func(s string) string { return strings.Replace(s, ",", ", ", 1) }), map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"more than 32 KiB", batch(func(s string) string { return s + strings.Repeat(" ", 33<<10) }), map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"schema of the future", batch(func(s string) string { return strings.Replace(s, record.BatchSchema, "madoguchi.batch/2", 1) }),
			map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"replayed batch", func(t *testing.T, f *faulty, good []byte) { f.say(t, "rec", good); f.say(t, "rec", good) }, nil, "acknowledged again, counted once"},
		{"replayed by another box", func(t *testing.T, f *faulty, good []byte) {
			thief := dial(t, f.world, "box-b")
			f.say(t, "rec", good)
			f.ack(t, upto(6))
			thief.say(t, "rec", bytes.Replace(good, []byte(`"first":4`), []byte(`"first":1`), 1))
			thief.ack(t, upto(3))
		}, nil, "known by their random numbers, counted once"},
		{"number 0", batch(func(s string) string { return strings.Replace(s, `"first":4`, `"first":0`, 1) }), map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"number beyond all", batch(func(s string) string { return strings.Replace(s, `"first":4`, `"first":18446744073709551615`, 1) }),
			map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"another box's topic", func(t *testing.T, f *faulty, good []byte) {
			// The broker cuts off who writes where it may not.
			f.client.Publish("mg/1/nabari/d/box-c/rec", 1, false, good)
			<-f.lost
			f.box = dial(t, f.world, "box-a")
		}, nil, "refused by the broker"},
		{"other records under the same numbers", func(t *testing.T, f *faulty, good []byte) {
			f.say(t, "rec", good)
			f.ack(t, upto(6))
			f.say(t, "rec", encode(t, 7, 4, records(t, 3)))
			f.ack(t, func(a record.Ack) bool { return len(a.Rejected) == 3 })
		}, map[string]int{"conflict box-a": 3}, "first ones kept, alarm"},
		{"box's clock in 2099", func(t *testing.T, f *faulty, good []byte) {
			w, err := record.NewWeek(2099, 1)
			if err != nil {
				t.Fatal(err)
			}
			r, err := record.NewPO(record.PinChange, record.Done, w, 1)
			if err != nil {
				t.Fatal(err)
			}
			late := dial(t, f.world, "box-d")
			late.say(t, "rec", encode(t, 9, 1, []record.Record{r}))
			late.ack(t, upto(1))
		}, map[string]int{"early box-d": 1}, "kept, not shown until then, alarm"},
		{"presence of the future", func(t *testing.T, f *faulty, _ []byte) {
			f.say(t, "presence", []byte(`{"online":true,"session":3,"mood":"good"}`))
		}, map[string]int{"malformed box-a": 1}, "refused, counted"},
		{"report with markup in it", func(t *testing.T, f *faulty, _ []byte) { f.say(t, "reported", []byte(`{"fw":"<script>"}`)) },
			map[string]int{"malformed box-a": 1}, "refused, counted"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			stores := &failing{Store: openStore(t), asked: make(chan struct{}, 1)}
			w := start(t, stores)
			f := &faulty{w, dial(t, w, "box-a"), stores}
			list := records(t, 6)
			f.say(t, "rec", encode(t, 7, 1, list[:3]))
			f.ack(t, upto(3))
			good := encode(t, 7, 4, list[3:])
			c.inject(t, f, good)
			f.say(t, "rec", good)
			f.ack(t, upto(6))
			if c.alarms != nil {
				w.untilStored(t, "the alarm is raised", func() bool { return len(w.alarms(t)) == len(c.alarms) })
			}
			got := w.facets(t)
			lost, doubled := 0, 0
			for _, r := range list {
				lost += max(0, 1-got[r.ID()])
				doubled += max(0, got[r.ID()]-1)
			}
			if lost > 0 || doubled > 0 {
				t.Errorf("%d lost, %d doubled", lost, doubled)
			}
			want := c.alarms
			if want == nil {
				want = map[string]int{}
			}
			if diff := cmp.Diff(want, w.alarms(t)); diff != "" {
				t.Errorf("alarms (-want +got):\n%s", diff)
			}
			t.Logf("| %-36s | %-46s | lost %d, doubled %d |", c.fault, c.what, lost, doubled)
		})
	}
}

// TestServerCut ends a PostgreSQL server as a power cut does, again and again
// while a box sends: every record that was acknowledged is there, none twice.
func TestServerCut(t *testing.T) {
	c, dsn := pgtest.Fresh(t, pgtest.Disk)
	s, err := store.Open(t.Context(), dsn, store.Opts{DigestKey: DigestKey(testKey)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := start(t, s)
	b := dial(t, w, "box-a")
	list := records(t, 60)
	for n := 0; n < 60; n += 4 {
		text := encode(t, 7, uint64(n+1), list[n:n+4])
		if n%20 == 8 {
			b.throw(text) // on its way while the server goes
			if err := errors.Join(c.Stop(), c.Start()); err != nil {
				t.Fatal(err)
			}
		}
		for again := 0; ; again++ {
			b.throw(text)
			if b.acked(uint64(n+4), wait/10) {
				break
			}
			if again == 20 {
				t.Fatalf("batch at %d is never acknowledged", n)
			}
		}
		for n := 0; s.Ping(t.Context()) != nil || unread(s); n++ { // connections of before the cut fail once
			if n == 10 {
				t.Fatal("the database cannot be read")
			}
		}
		if got := len(w.facets(t)); got < n+4 {
			t.Fatalf("%d acknowledged, %d there", n+4, got)
		}
	}
	got := w.facets(t)
	for _, r := range list {
		if got[r.ID()] != 1 {
			t.Errorf("record %v is there %d times", r.ID(), got[r.ID()])
		}
	}
	if alarms := w.alarms(t); len(alarms) > 0 {
		t.Errorf("alarms: %v", alarms)
	}
	if n, err := s.Hall(context.Background()); err != nil || n == 0 {
		t.Errorf("life %d, %v", n, err)
	}
	t.Logf("| %-36s | %-46s | lost 0, doubled 0 |", "PostgreSQL cut off three times", "held, acknowledged after its return")
}

// unread says whether a read fails.
func unread(s *store.Store) bool {
	_, err := s.Counters(context.Background())
	return err != nil
}
