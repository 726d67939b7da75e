// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/sync/wall"

	pahopackets "github.com/eclipse/paho.mqtt.golang/packets"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

func config(t testing.TB, broker string, c *counter) Config {
	return Config{Broker: broker, City: "nabari", Device: "box-1", Wall: c.socket, DataDir: t.TempDir()}
}

func TestRecordsReachCityHall(t *testing.T) {
	h := newHall(t)
	_, addr := startBroker(t, h)
	c := newCounter(t, h.public(), 200, 64)
	start(t, config(t, "tcp://"+addr, c), quick(nil))
	c.await(wall.Up)
	c.drained(h)
}

// The line is cut at random, on average after 70 ms, and no record is lost or doubled.
func TestCutLine(t *testing.T) {
	h := newHall(t)
	_, addr := startBroker(t, h)
	w := newCutter(t, addr, 70*time.Millisecond)
	c := newCounter(t, h.public(), 3000, 16)
	var counts Counts
	start(t, config(t, w.url(), c), quick(&counts))
	c.drained(h)
	if w.cuts.Load() < 10 {
		t.Errorf("only %d cuts: the test says little", w.cuts.Load())
	}
	t.Logf("%d cuts, %d connections, %d batches dropped", w.cuts.Load(), counts.Connections.Load(), counts.Dropped.Load())
}

// spy writes down what clients say, and can refuse a topic's subscription.
type spy struct {
	mochi.HookBase
	mu       sync.Mutex
	refuse   string
	refusals chan bool
	connects []packets.Packet
}

func (s *spy) ID() string { return "spy" }
func (s *spy) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}
func (s *spy) OnConnectAuthenticate(_ *mochi.Client, pk packets.Packet) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connects = append(s.connects, pk)
	return true
}
func (s *spy) OnACLCheck(_ *mochi.Client, topic string, write bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if write || topic != s.refuse {
		return true
	}
	s.refusals <- true
	return false
}
func (s *spy) seen() []packets.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connects
}

// listenTo gives the messages of a topic at the broker.
func listenTo(t testing.TB, s *mochi.Server, topic string, id int) <-chan packets.Packet {
	t.Helper()
	ch := make(chan packets.Packet, 100)
	must(t, s.Subscribe(topic, id, func(_ *mochi.Client, _ packets.Subscription, pk packets.Packet) { ch <- pk }))
	return ch
}

func next[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(limit):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestConnectAndPresence(t *testing.T) {
	s := new(spy)
	broker, addr := startBroker(t, nil, s)
	topics := NewTopics("nabari", "box-1")
	presences := listenTo(t, broker, topics.Presence, 2)
	w := newCutter(t, addr, 0)
	c := newCounter(t, newHall(t).public(), 0, 64)
	cfg := config(t, w.url(), c)
	stop := start(t, cfg, quick(nil))

	type said struct {
		Online  bool   `json:"online"`
		Session uint64 `json:"session"`
	}
	hear := func() said {
		pk := next(t, presences)
		var p said
		must(t, json.Unmarshal(pk.Payload, &p))
		if !pk.FixedHeader.Retain && p.Online {
			t.Error("presence is not retained")
		}
		return p
	}
	first := hear()
	if !first.Online || first.Session == 0 {
		t.Errorf("presence: %+v", first)
	}
	c.await(wall.Up)
	w.cut() // the broker speaks the will
	if p := hear(); p.Online || p.Session != first.Session {
		t.Errorf("will: %+v", p)
	}
	c.await(wall.Down)
	second := hear()
	if !second.Online || second.Session <= first.Session {
		t.Errorf("presence of the next connection: %+v after %+v", second, first)
	}
	c.await(wall.Up)
	stop() // in good order: we say it ourselves
	if p := hear(); p.Online || p.Session != second.Session {
		t.Errorf("goodbye: %+v", p)
	}
	start(t, cfg, quick(nil)) // the number outlives the program
	if p := hear(); !p.Online || p.Session <= second.Session {
		t.Errorf("presence after a restart: %+v", p)
	}

	for _, pk := range s.seen() {
		if pk.ProtocolVersion != 4 || !pk.Connect.Clean || pk.Connect.ClientIdentifier != "box-1" || pk.Connect.Keepalive != 45 ||
			!pk.Connect.WillFlag || !pk.Connect.WillRetain || pk.Connect.WillQos != 1 || pk.Connect.WillTopic != topics.Presence || pk.Connect.UsernameFlag {
			t.Errorf("CONNECT: version %d, %+v", pk.ProtocolVersion, pk.Connect)
		}
	}
}

func TestHostStateHoldsRecords(t *testing.T) {
	broker, addr := startBroker(t, nil)
	topics := NewTopics("nabari", "box-1")
	must(t, broker.Publish(topics.Host, []byte(`{"online":false,"s":"madoguchi.host/1","session":7}`), true, 1))
	c := newCounter(t, newHall(t).public(), 0, 64)
	var counts Counts
	start(t, config(t, "tcp://"+addr, c), quick(&counts))
	c.await(wall.NoHost)
	must(t, broker.Publish(topics.Host, []byte(`{"online":true,"s":"madoguchi.host/1","session":7}`), true, 1))
	s := c.await(wall.Up)
	if s.Since.IsZero() || s.Fingerprint != "" {
		t.Errorf("state: %+v", s)
	}
	must(t, broker.Publish(topics.Host, []byte(`{"online":"maybe"}`), true, 1)) // not understood: no news
	must(t, broker.Publish(topics.Host, []byte(`{"online":false,"s":"madoguchi.host/1","session":8}`), true, 1))
	c.await(wall.NoHost)
	if counts.Unexpected.Load() == 0 {
		t.Error("the message that was not understood was not counted")
	}
}

func TestDesiredAndReported(t *testing.T) {
	broker, addr := startBroker(t, nil)
	topics := NewTopics("nabari", "box-1")
	reported := listenTo(t, broker, topics.Reported, 2)
	desired := bytes.Repeat([]byte("d"), 8<<10)
	must(t, broker.Publish(topics.Desired, desired, true, 1))
	c := newCounter(t, newHall(t).public(), 0, 64)
	w := newCutter(t, addr, 0)
	var counts Counts
	start(t, config(t, w.url(), c), quick(&counts))
	if f := next(t, c.frames); f.Type != wall.Desired || !bytes.Equal(f.Body, desired) {
		t.Errorf("%v of %d bytes", f.Type, len(f.Body))
	}
	c.send <- wall.Frame{Type: wall.Reported, Body: []byte(`{"fw":"1"}`)}
	if pk := next(t, reported); string(pk.Payload) != `{"fw":"1"}` {
		t.Errorf("reported %q", pk.Payload)
	}
	w.cut() // the newest state is said again on the next connection
	if pk := next(t, reported); string(pk.Payload) != `{"fw":"1"}` {
		t.Errorf("reported %q", pk.Payload)
	}
	must(t, broker.Publish(topics.Desired, append(desired, 'x'), true, 1)) // one byte too long for the wall
	must(t, broker.Publish(topics.Desired, []byte("next"), true, 1))
	for string(next(t, c.frames).Body) != "next" { // the assignment of before may come again with the new connection
	}
	if counts.Unexpected.Load() == 0 {
		t.Error("the long one was not counted")
	}
}

// The wall goes away and comes back: the PIN side hears the state and the assignment again.
func TestWallComesBack(t *testing.T) {
	broker, addr := startBroker(t, nil)
	must(t, broker.Publish(NewTopics("nabari", "box-1").Desired, []byte("d"), true, 1))
	path := filepath.Join(t.TempDir(), "wall.sock")
	cfg := Config{Broker: "tcp://" + addr, City: "nabari", Device: "box-1", Wall: path, DataDir: t.TempDir()}
	start(t, cfg, quick(nil)) // before there is a counter
	for range 3 {
		l, err := net.Listen("unix", path)
		must(t, err)
		c, err := wall.NewListener(l, os.Getuid(), wall.Opts{}).Accept()
		must(t, err)
		got := map[wall.Type]string{}
		for len(got) < 2 || !strings.Contains(got[wall.Link], `"up"`) {
			f, err := c.Read()
			must(t, err)
			got[f.Type] = string(f.Body)
		}
		if got[wall.Desired] != "d" {
			t.Errorf("the counter heard %v", got)
		}
		c.Close()
		l.Close()
	}
}

// A refused subscription is no connection: without receipts the queue would never empty itself.
func TestRefusedSubscription(t *testing.T) {
	s := &spy{refuse: NewTopics("nabari", "box-1").Ack, refusals: make(chan bool, 1000)}
	_, addr := startBroker(t, nil, s)
	c := newCounter(t, newHall(t).public(), 0, 64)
	var counts Counts
	start(t, config(t, "tcp://"+addr, c), quick(&counts))
	for range 3 {
		next(t, s.refusals)
	}
	s.mu.Lock()
	s.refuse = ""
	s.mu.Unlock()
	if st := c.await(wall.Up); st.State != wall.Up {
		t.Error(st)
	}
	if counts.Connections.Load() < 3 {
		t.Errorf("%d connections", counts.Connections.Load())
	}
}

// A broker that announces a huge packet is left.
func TestHugePacket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	c := newCounter(t, newHall(t).public(), 0, 64)
	start(t, config(t, "tcp://"+l.Addr().String(), c), quick(nil))
	for range 3 { // it comes back, and is as careful again
		conn, err := l.Accept()
		must(t, err)
		if _, err := pahopackets.ReadPacket(conn); err != nil {
			t.Fatal(err)
		}
		must(t, pahopackets.NewControlPacket(pahopackets.Connack).Write(conn))
		conn.Write([]byte{0x30, 0xff, 0xff, 0xff, 0x7f}) // a PUBLISH of 256 MiB
		conn.SetReadDeadline(time.Now().Add(limit))
		for err == nil {
			_, err = conn.Read(make([]byte, 1024))
		}
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Error("the connection is kept")
		}
		conn.Close()
	}
}

func TestRunRefusesConfig(t *testing.T) {
	good := Config{Broker: "tcp://127.0.0.1:1", City: "nabari", Device: "box-1", Wall: "/x", DataDir: t.TempDir()}
	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"plain TCP to elsewhere", func(c *Config) { c.Broker = "tcp://10.0.0.1:1883" }, "without TLS"},
		{"plain TCP to a name", func(c *Config) { c.Broker = "tcp://localhost.example.com:1883" }, "without TLS"},
		{"plain TCP to every address", func(c *Config) { c.Broker = "mqtt://0.0.0.0:1883" }, "without TLS"},
		{"unknown scheme", func(c *Config) { c.Broker = "ws://127.0.0.1:1" }, "scheme"},
		{"no port", func(c *Config) { c.Broker = "tcp://127.0.0.1" }, "host and port"},
		{"password", func(c *Config) { c.Broker = "tcp://u:secret@127.0.0.1:1" }, "user and password"},
		{"no URL", func(c *Config) { c.Broker = "tcp://u:secret@[" }, "no URL"},
		{"certificate without TLS", func(c *Config) { c.CertFile = "/x" }, "certificate files"},
		{"TLS without files", func(c *Config) { c.Broker = "tls://h:8883" }, "ca_file is not set"},
		{"TLS with files that are not there", func(c *Config) {
			c.Broker, c.CAFile, c.CertFile, c.KeyFile = "tls://h:8883", "/none", "/none", "/none"
		}, "certificate authority"},
		{"city with wildcard", func(c *Config) { c.City = "+" }, "city"},
		{"no city", func(c *Config) { c.City = "" }, "city"},
		{"device with slash", func(c *Config) { c.Device = "a/b" }, "device"},
		{"group that is none", func(c *Config) { c.Group = "g99" }, "office group"},
		{"one of two brokers without TLS elsewhere", func(c *Config) { c.Broker += ", tcp://10.0.0.1:1883" }, "without TLS"},
		{"too many brokers", func(c *Config) { c.Broker = strings.Repeat("tcp://127.0.0.1:1,", 8) + "tcp://127.0.0.1:1" }, "9 broker addresses"},
		{"an empty one among the brokers", func(c *Config) { c.Broker += "," }, "host and port"},
		{"no wall", func(c *Config) { c.Wall = "" }, "socket"},
		{"relative folder", func(c *Config) { c.DataDir = "data" }, "absolute"},
		{"folder that is not there", func(c *Config) { c.DataDir = "/none/such" }, "counting connection"},
	} {
		cfg := good
		tc.change(&cfg)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := Run(ctx, cfg, nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Run(ctx, good, nil); err != nil {
		t.Errorf("ended before it began: %v", err)
	}
}
