// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

// TestExactlyOnce sends 1,000 batches from four boxes, with repetitions, cut
// lines and a broker that goes away: each record is there once, and none was
// acknowledged before it was.
func TestExactlyOnce(t *testing.T) {
	w := start(t, nil)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const boxes, batches, size = 4, 250, 4
	want := make(chan []record.Record, boxes)
	ctx, stop := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- w.shake(ctx, rand.New(rand.NewPCG(seed, 99))) }()
	fail := make(chan error, boxes)
	for n := range boxes {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		list := records(t, batches*size)
		go func() {
			fail <- upload(w, "box-"+string(rune('a'+n)), list, size, rnd)
			want <- list
		}()
	}
	for range boxes {
		if err := <-fail; err != nil {
			t.Error(err)
		}
	}
	stop()
	if err := <-gone; err != nil {
		t.Error(err)
	}
	got := w.facets(t)
	total := 0
	for range boxes {
		for _, r := range <-want {
			total++
			if got[r.ID()] != 1 {
				t.Errorf("record %v is there %d times", r.ID(), got[r.ID()])
			}
		}
	}
	if len(got) != total {
		t.Errorf("%d facets, want %d", len(got), total)
	}
	if diff := cmp.Diff(map[string]int{}, w.alarms(t)); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

// shake takes the broker away and brings it back after every 60 changes or so of
// the database, so that a slow machine has the same cuts as a fast one.
func (w *world) shake(ctx context.Context, rnd *rand.Rand) error {
	for {
		for range 20 + rnd.IntN(80) {
			select {
			case <-w.store.Changed():
			case <-ctx.Done():
				return nil
			}
		}
		if err := errors.Join(w.broker.SetUp(false), w.broker.SetUp(true)); err != nil {
			return err
		}
	}
}

// upload sends list in batches as a box's outbox would, over lines that break,
// until everything is acknowledged.
func upload(w *world, id string, list []record.Record, size int, rnd *rand.Rand) error {
	var done uint64
	patience := 25 * time.Millisecond
	began := time.Now()
	for done < uint64(len(list)) {
		if time.Since(began) > 12*wait {
			return errors.New(id + ": not done in time")
		}
		b, err := connect(w, id)
		if err != nil {
			continue // the broker is away for a moment
		}
		for lives := 5 + rnd.IntN(60); lives > 0 && done < uint64(len(list)); lives-- {
			first := done
			if back := uint64(rnd.IntN(3 * size)); rnd.IntN(4) == 0 && back < done {
				first -= back // what a box that lost an acknowledgement repeats
			}
			text, err := record.Batch{Epoch: 7, First: first + 1, Records: list[first:min(first+uint64(size), uint64(len(list)))]}.Encode()
			if err != nil {
				return err
			}
			for range 1 + rnd.IntN(2) {
				b.client.Publish(b.topic("rec"), 1, false, text)
			}
			lives -= b.progress(&done, &patience)
		}
		b.line.Close()
		b.client.Disconnect(0)
	}
	return nil
}

// progress takes acknowledgements until one moves done, or sends the caller
// again after a while that doubles, as a box's does: else a slow city hall would
// do nothing but repetitions. It returns a high number when the line is lost.
func (b *box) progress(done *uint64, patience *time.Duration) int {
	again := time.After(*patience)
	for {
		select {
		case a := <-b.acks:
			if a.Upto > *done {
				*done, *patience = a.Upto, 25*time.Millisecond
				return 0
			}
		case <-b.lost:
			return 1000
		case <-again:
			*patience = min(2**patience, 2*time.Second)
			return 0
		}
	}
}

// TestAckAfterCommit holds the acknowledgement back while the store fails, says
// that city hall is away, and acknowledges when the store works again.
func TestAckAfterCommit(t *testing.T) {
	f := &failing{Store: openStore(t), asked: make(chan struct{}, 1)}
	w := start(t, f)
	b := dial(t, w, "box-a")
	b.hostSays(t, `"online":true`)
	f.set(func([]store.Batch) error { return errors.New("disk full") })
	b.throw(encode(t, 7, 1, records(t, 3)))
	for range 3 { // it is tried again
		select {
		case <-f.asked:
		case <-time.After(wait):
			t.Fatal("the store was not asked again")
		}
	}
	w.until(t, "the database is known to be away", func(s Status) bool { return !s.Database })
	b.hostSays(t, `"online":false`)
	select {
	case a := <-b.acks:
		t.Fatalf("acknowledged without commit: %+v", a)
	default:
	}
	if n := len(w.facets(t)); n != 0 {
		t.Fatalf("%d facets are there", n)
	}
	f.set(nil)
	b.throw(encode(t, 7, 1, records(t, 3)))
	b.ack(t, upto(3))
	b.hostSays(t, `"online":true`)
}

// throw publishes without waiting for the broker.
func (b *box) throw(payload []byte) {
	b.client.Publish(b.topic("rec"), 1, false, payload)
}

// TestAckIsThereAtTheCommit looks into the database at the moment an
// acknowledgement arrives.
func TestAckIsThereAtTheCommit(t *testing.T) {
	w := start(t, nil)
	b := dial(t, w, "box-a")
	for n := range uint64(30) {
		b.say(t, "rec", encode(t, 7, n+1, records(t, 1)))
		b.ack(t, upto(n+1))
		if got := len(w.facets(t)); got != int(n+1) {
			t.Fatalf("acknowledged %d, %d are there", n+1, got)
		}
	}
}

// TestConflict sends the same number with other bytes.
func TestConflict(t *testing.T) {
	w := start(t, nil)
	b := dial(t, w, "box-a")
	first, other := records(t, 2), records(t, 2)
	b.say(t, "rec", encode(t, 7, 1, first))
	b.ack(t, upto(2))
	b.say(t, "rec", encode(t, 7, 1, other))
	a := b.ack(t, func(a record.Ack) bool { return len(a.Rejected) > 0 })
	want := []record.Reject{{Seq: 1, Code: record.ConflictingDup}, {Seq: 2, Code: record.ConflictingDup}}
	if diff := cmp.Diff(want, a.Rejected); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[record.ID]int{first[0].ID(): 1, first[1].ID(): 1}, w.facets(t)); diff != "" {
		t.Errorf("facets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"conflict box-a": 2}, w.alarms(t)); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

// TestGap acknowledges up to a gap, names it, and goes on when it is filled.
func TestGap(t *testing.T) {
	w := start(t, nil)
	b := dial(t, w, "box-a")
	list := records(t, 30)
	b.say(t, "rec", encode(t, 7, 1, list[:5]))
	b.ack(t, upto(5))
	b.say(t, "rec", encode(t, 7, 21, list[20:]))
	a := b.ack(t, func(a record.Ack) bool { return len(a.Missing) > 0 })
	if diff := cmp.Diff(record.Ack{Device: "box-a", Epoch: 7, Hall: a.Hall, Upto: 5, Missing: []uint64{6, 7, 8, 9, 10, 11, 12, 13}}, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.say(t, "rec", encode(t, 7, 6, list[5:20]))
	b.ack(t, upto(30))
}

// TestRetainedAck gives a box that was away the last acknowledgement.
func TestRetainedAck(t *testing.T) {
	w := start(t, nil)
	b := dial(t, w, "box-a")
	b.say(t, "rec", encode(t, 7, 1, records(t, 3)))
	b.ack(t, upto(3))
	b.client.Disconnect(100)
	dial(t, w, "box-a").ack(t, upto(3))
}

func TestPresence(t *testing.T) {
	w := start(t, nil)
	b := dial(t, w, "box-a")
	online := func() bool {
		list, err := w.store.Devices(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(list) == 1 && list[0].ID == "box-a" && list[0].Online
	}
	b.say(t, "presence", []byte(`{"online":true,"session":3}`))
	w.untilStored(t, "the box is online", online)
	b.say(t, "presence", []byte(`{"online":false,"session":3}`))
	w.untilStored(t, "the box is offline", func() bool { return !online() })
}

// TestHostStateGoes says goodbye when the collector ends, and by its will when
// its line breaks. The sessions go on counting.
func TestHostStateGoes(t *testing.T) {
	s := openStore(t)
	w := start(t, s)
	b := dial(t, w, "box-a")
	b.hostSays(t, `{"online":true,"s":"madoguchi.host/1","session":1}`)
	w.stop()
	b.hostSays(t, `{"online":false,"s":"madoguchi.host/1","session":1}`)
	w = start(t, s)
	b = dial(t, w, "box-b")
	b.hostSays(t, `{"online":true,"s":"madoguchi.host/1","session":2}`)
	// Another client with the collector's identity: the broker cuts the first.
	o := paho.NewClientOptions().AddBroker(w.broker.URL()).SetClientID(ClientID).SetUsername(ClientID).
		SetPassword(w.broker.Password()).SetProtocolVersion(4).SetAutoReconnect(false)
	thief := paho.NewClient(o)
	if err := settle(thief.Connect()); err != nil {
		t.Fatal(err)
	}
	b.hostSays(t, `{"online":false,"s":"madoguchi.host/1","session":2}`)
	b.hostSays(t, `"online":true`)
	thief.Disconnect(0)
}

func TestNewRefuses(t *testing.T) {
	s := openStore(t)
	good := Opts{City: "nabari", Broker: "tcp://127.0.0.1:1883", SignKey: testKey}
	for _, c := range []struct {
		name   string
		change func(*Opts)
		want   string
	}{
		{"good", func(*Opts) {}, ""},
		{"tls", func(o *Opts) { o.Broker = "mqtts://broker.example:8883" }, ""},
		{"no city", func(o *Opts) { o.City = "" }, "city code"},
		{"city with a wildcard", func(o *Opts) { o.City = "na+bari" }, "city code"},
		{"no key", func(o *Opts) { o.SignKey = nil }, "signing key has 0 bytes"},
		{"no broker", func(o *Opts) { o.Broker = "" }, "scheme is not"},
		{"http", func(o *Opts) { o.Broker = "http://127.0.0.1:80" }, "scheme is not"},
		{"no port", func(o *Opts) { o.Broker = "tcp://127.0.0.1" }, "want host and port"},
		{"password in address", func(o *Opts) { o.Broker = "tcp://a:secret@127.0.0.1:1" }, "do not belong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := good
			c.change(&o)
			_, err := New(s, o)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want an error with %q", err, c.want)
			case err != nil && strings.Contains(err.Error(), "secret"):
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}
