// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// wait bounds every wait for an event in these tests.
const wait = 20 * time.Second

var testKey = ed25519.NewKeyFromSeed([]byte("thirty-two bytes for tests only."))

// world is a broker, a store and a running collector.
type world struct {
	broker  *broker.Broker
	address server
	store   *store.Store
	*Collector
	stop func() // ends Run and waits; may be called twice
}

// failing is a store whose ApplyAll fails while fail returns an error.
type failing struct {
	*store.Store
	mu    sync.Mutex
	fail  func([]store.Batch) error
	asked chan struct{} // told at an ApplyAll
}

func (f *failing) ApplyAll(ctx context.Context, list []store.Batch) ([]store.Result, error) {
	f.mu.Lock()
	fail := f.fail
	f.mu.Unlock()
	select {
	case f.asked <- struct{}{}:
	default:
	}
	if fail != nil {
		if err := fail(list); err != nil {
			return nil, err
		}
	}
	return f.Store.ApplyAll(ctx, list)
}

func (f *failing) set(fail func([]store.Batch) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

func openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cityhall.db"), store.Opts{DigestKey: DigestKey(testKey)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// start runs a collector over s (or a fresh store) until the test ends.
func start(t testing.TB, s Store) *world {
	t.Helper()
	w := &world{}
	switch v := s.(type) {
	case nil:
		w.store = openStore(t)
		s = w.store
	case *failing:
		w.store = v.Store
	case *store.Store:
		w.store = v
	}
	var err error
	if w.broker, err = broker.Start(broker.Opts{City: "nabari"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.broker.Stop() })
	w.address = server{w.broker.URL(), w.broker.Password()}
	if w.Collector, err = New(s, Opts{
		City: "nabari", Broker: w.broker.URL(), Password: w.broker.Password(), SignKey: testKey,
		RetryMin: time.Millisecond, RetryMax: 5 * time.Millisecond,
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(w.stop)
	w.until(t, "the collector is connected", func(s Status) bool { return s.Broker })
	return w
}

// until waits for a status.
func (w *world) until(t testing.TB, what string, ok func(Status) bool) {
	t.Helper()
	late := time.After(wait)
	for {
		changed := w.Collector.Changed()
		if ok(w.Status()) {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("waited %v until %s", wait, what)
		}
	}
}

// untilStored waits for a state of the store.
func (w *world) untilStored(t testing.TB, what string, ok func() bool) {
	t.Helper()
	late := time.After(wait)
	for {
		changed := w.store.Changed()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("waited %v until %s", wait, what)
		}
	}
}

func (w *world) facets(t testing.TB) map[record.ID]int {
	t.Helper()
	m := map[record.ID]int{}
	for f, err := range w.store.Facets(context.Background(), [16]byte{}) {
		if err != nil {
			t.Fatal(err)
		}
		m[f.ID]++
	}
	return m
}

func (w *world) alarms(t testing.TB) map[string]int {
	t.Helper()
	list, err := w.store.Alarms(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]int{}
	for _, a := range list {
		m[a.Kind+" "+a.Device] = a.Count
	}
	return m
}

// box is a device's network side as a stub: one paho connection at a time.
type box struct {
	id     string
	client paho.Client
	line   net.Conn
	lost   chan struct{}
	acks   chan record.Ack
	host   chan string
}

func (b *box) topic(what string) string { return "mg/1/nabari/d/" + b.id + "/" + what }

// connect makes a fresh client and subscribes to what a device may read.
func connect(w *world, id string) (*box, error) {
	b := &box{id: id, lost: make(chan struct{}), acks: make(chan record.Ack, 1000), host: make(chan string, 100)}
	o := paho.NewClientOptions().AddBroker(w.address.url).SetClientID(id).SetProtocolVersion(4).SetCleanSession(true).
		SetAutoReconnect(false).SetConnectRetry(false).SetOrderMatters(false).SetConnectTimeout(wait).SetWriteTimeout(time.Second).
		SetConnectionLostHandler(func(paho.Client, error) { close(b.lost) }).
		SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
			line, err := net.Dial("tcp", u.Host)
			b.line = line
			return line, err
		})
	b.client = paho.NewClient(o)
	if err := settle(b.client.Connect()); err != nil {
		return nil, fmt.Errorf("connecting %s: %w", id, err)
	}
	if err := settle(b.client.Subscribe(b.topic("ack"), 1, func(_ paho.Client, m paho.Message) {
		a, err := record.OpenAck(testKey.Public().(ed25519.PublicKey), m.Payload())
		if err != nil || a.Device != id {
			panic(fmt.Sprintf("%s: acknowledgement for %q: %v", id, a.Device, err))
		}
		b.acks <- a
	})); err != nil {
		return nil, fmt.Errorf("subscribing %s: %w", id, err)
	}
	if err := settle(b.client.Subscribe("mg/1/nabari/host/state", 1, func(_ paho.Client, m paho.Message) {
		b.host <- string(m.Payload())
	})); err != nil {
		return nil, fmt.Errorf("subscribing %s: %w", id, err)
	}
	return b, nil
}

func settle(tok paho.Token) error {
	if !tok.WaitTimeout(wait) {
		return errors.New("no answer")
	}
	return tok.Error()
}

func dial(t testing.TB, w *world, id string) *box {
	t.Helper()
	b, err := connect(w, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.client.Disconnect(0) })
	return b
}

// say publishes; the answer of interest is another.
func (b *box) say(t testing.TB, what string, payload []byte) {
	t.Helper()
	if err := settle(b.client.Publish(b.topic(what), 1, false, payload)); err != nil {
		t.Fatalf("publishing %s: %v", what, err)
	}
}

// ack waits for the first acknowledgement that ok accepts.
func (b *box) ack(t testing.TB, ok func(record.Ack) bool) record.Ack {
	t.Helper()
	late := time.After(wait)
	for {
		select {
		case a := <-b.acks:
			if ok(a) {
				return a
			}
		case <-late:
			t.Fatalf("%s: no such acknowledgement within %v", b.id, wait)
		}
	}
}

// hostSays waits until the host state holds a text.
func (b *box) hostSays(t testing.TB, want string) {
	t.Helper()
	late := time.After(wait)
	for {
		select {
		case got := <-b.host:
			if strings.Contains(got, want) {
				return
			}
		case <-late:
			t.Fatalf("%s: host state never held %s", b.id, want)
		}
	}
}

func upto(n uint64) func(record.Ack) bool { return func(a record.Ack) bool { return a.Upto >= n } }

// records are n facets as a box would make them.
func records(t testing.TB, n int) []record.Record {
	t.Helper()
	week, err := record.NewWeek(2026, 47)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]record.Record, n)
	for i := range list {
		p := record.Procedures()[i%len(record.Procedures())]
		o := record.Outcomes()[i%len(record.Outcomes())]
		if list[i], err = record.NewPO(p, o, week, 1); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func encode(t testing.TB, epoch, first uint64, list []record.Record) []byte {
	t.Helper()
	text, err := record.Batch{Epoch: epoch, First: first, Policy: 1, Records: list}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// listen subscribes to one of a box's own topics.
func listen(b *box, what string, take func([]byte)) error {
	return settle(b.client.Subscribe(b.topic(what), 1, func(_ paho.Client, m paho.Message) { take(m.Payload()) }))
}
