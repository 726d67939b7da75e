// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const topic1 = "mg/1/nabari/d/box-1/"

func records(t testing.TB, n int) []record.Record {
	t.Helper()
	week := thisWeek(t)
	var all []record.Record
	for range n {
		r, err := record.NewLA(record.English, week, 2)
		must(t, err)
		all = append(all, r)
	}
	return all
}

func encode(t testing.TB, b record.Batch) []byte {
	t.Helper()
	text, err := b.Encode()
	must(t, err)
	return text
}

// say publishes and waits for what the broker makes of it: some acknowledge what they refuse, some end the connection.
func say(c paho.Client, topic string, retained bool, payload []byte) {
	c.Publish(topic, 1, retained, payload).WaitTimeout(3 * time.Second)
}

func counter(t testing.TB, h *hall, name string) int64 {
	t.Helper()
	all, err := h.store.Counters(context.Background())
	must(t, err)
	return all[name]
}

// alarms is how often an alarm of a kind was raised.
func alarms(t testing.TB, h *hall, kind string) (n int) {
	t.Helper()
	all, err := h.store.Alarms(context.Background())
	must(t, err)
	for _, a := range all {
		if a.Kind == kind {
			n += a.Count
		}
	}
	return n
}

// A box that was taken over: it cannot speak for another, hear another, or push another off.
func TestForeignTopics(t *testing.T) {
	each(t, func(t *testing.T, r *running) {
		h := startHall(t, r.hall)
		b := startBox(t, h, r.config(t, "box-1", r.url), 40, 8)
		drained(t, h, b) // now there is a retained receipt for box-1

		heard := make(chan string, 100)
		for _, filter := range []string{topic1 + "ack", "mg/1/nabari/d/+/rec", "mg/1/#", "#", "$share/x/mg/1/nabari/d/+/rec"} {
			c, err := r.probe(t, "box-2", "box-2")
			must(t, err)
			token := c.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) {
				if strings.HasPrefix(m.Topic(), "mg/") && !strings.HasPrefix(m.Topic(), "mg/1/nabari/host/") {
					heard <- m.Topic()
				}
			})
			token.WaitTimeout(3 * time.Second)
			c.Disconnect(0)
		}
		stolen := encode(t, record.Batch{Epoch: 99, First: 1, Records: records(t, 3)})
		for _, what := range []string{"rec", "presence", "ack", "desired"} {
			c, err := r.probe(t, "box-2", "box-2")
			must(t, err)
			say(c, topic1+what, what != "rec", stolen)
			c.Disconnect(0)
		}
		// What is said in its own name arrives: the broker works, and all that was said before has been dealt with.
		before := h.store.Changed()
		own, err := r.probe(t, "box-2", "box-2")
		must(t, err)
		say(own, "mg/1/nabari/d/box-2/rec", false, encode(t, record.Batch{Epoch: 5, First: 1, Records: records(t, 1)}))
		select {
		case <-before:
		case <-time.After(limit):
			t.Fatal("box-2 is not heard in its own name")
		}
		devices, err := h.store.Devices(context.Background())
		must(t, err)
		for _, d := range devices {
			if d.ID == "box-1" && !d.Online {
				t.Error("box-2 said of box-1 that it is away")
			}
		}
		if n := counter(t, h, store.CountNew); n != 41 {
			t.Errorf("city hall has %d records, want 41", n)
		}
		select {
		case topic := <-heard:
			t.Errorf("box-2 heard %s", topic)
		default:
		}
		if !r.ties {
			return
		}
		// With box-2's certificate under box-1's client id: box-1 stays.
		tried := b.counts.Connections.Load()
		if c, err := r.probe(t, "box-2", "box-1"); r.city != nil && err == nil {
			say(c, "mg/1/nabari/d/box-2/rec", false, encode(t, record.Batch{Epoch: 5, First: 2, Records: records(t, 1)}))
			if n := b.counts.Connections.Load(); n != tried {
				t.Errorf("box-1 was pushed off %d times", n-tried)
			}
		}
	})
}

// Nobody gets in without a certificate of the city.
func TestStrangers(t *testing.T) {
	r := startMosquitto(t)
	other, err := NewCity("nabari", memoryDir(t))
	must(t, err)
	for name, city := range map[string]*City{"another city's certificate": other, "a certificate of the city": r.city} {
		stranger := *r
		stranger.city = city
		tls, err := city.ClientTLS("box-1")
		must(t, err)
		own, err := r.city.ClientTLS("box-1")
		must(t, err)
		tls.RootCAs = own.RootCAs
		o := paho.NewClientOptions().AddBroker("ssl://" + r.addrs[0]).SetClientID("box-1").SetAutoReconnect(false).SetConnectTimeout(5 * time.Second).SetTLSConfig(tls).SetProtocolVersion(4)
		c := paho.NewClient(o)
		token := c.Connect()
		token.WaitTimeout(10 * time.Second)
		if in := token.Error() == nil && c.IsConnectionOpen(); in != (city == r.city) {
			t.Errorf("%s: %v", name, token.Error())
		}
		c.Disconnect(0)
	}
	o := paho.NewClientOptions().AddBroker("tcp://" + r.addrs[0]).SetClientID("box-1").SetAutoReconnect(false).SetConnectTimeout(5 * time.Second).SetProtocolVersion(4)
	c := paho.NewClient(o)
	token := c.Connect()
	token.WaitTimeout(10 * time.Second)
	if token.Error() == nil && c.IsConnectionOpen() {
		t.Error("a line without TLS was taken")
	}
	c.Disconnect(0)
}

// What a box with a good certificate may send: broken, too long, of the future, replayed, contradicting. Each is refused and counted, an alarm where one is due, and the box's own
// records come through behind it.
func TestBadRecords(t *testing.T) {
	each(t, func(t *testing.T, r *running) {
		h := startHall(t, r.hall)
		good := record.Batch{Epoch: 77, First: 1, Records: records(t, 4)}
		text := encode(t, good)
		swap := func(old, new string) []byte { return bytes.Replace(text, []byte(old), []byte(new), 1) }
		malformed := map[string][]byte{
			"not JSON": []byte("x"), "empty object": []byte("{}"), "future batch": swap("batch/1", "batch/2"), "white space": append([]byte(" "), text...),
			"a name in it": swap(`"policy":0`, `"policy":0,"name":"山田"`), "too long": bytes.Repeat([]byte("x"), 33<<10), "epoch 0": swap("000000000000004d", "0000000000000000"),
		}
		c, err := r.probe(t, "box-1", "box-1")
		must(t, err)
		for name, payload := range malformed {
			if bytes.Equal(payload, text) {
				t.Fatalf("%s is no other batch", name)
			}
			say(c, topic1+"rec", false, payload)
		}
		await(t, "the broken ones are counted", h.store.Changed, func() bool { return alarms(t, h, store.AlarmMalformed) >= len(malformed) })
		say(c, topic1+"rec", false, swap("rec/1", "rec/2")) // a record of the future in a good batch: it alone is refused
		await(t, "the record of the future is refused", h.store.Changed, func() bool { return counter(t, h, store.CountRejected) > 0 })
		say(c, topic1+"rec", false, text) // and then contradicts what stands under its number
		say(c, topic1+"rec", false, text) // replayed
		conflict := good
		conflict.Records = records(t, 4)
		say(c, topic1+"rec", false, encode(t, conflict))
		await(t, "the contradiction is an alarm", h.store.Changed, func() bool { return alarms(t, h, store.AlarmConflict) > 0 })
		if n := counter(t, h, store.CountNew); n != 3 {
			t.Errorf("city hall has %d records, want 3", n)
		}
		// Longer than any message: the broker ends the connection, or drops it; city hall never sees it.
		say(c, topic1+"rec", false, bytes.Repeat([]byte("x"), 600<<10))
		c.Disconnect(0)

		b := startBox(t, h, r.config(t, "box-1", r.url), 50, 16)
		b.want = append(b.want, good.Records[1:]...)
		drained(t, h, b)
	})
}

// What a broker that was taken over may send to a box: the box refuses it, counts it, loses nothing and goes on.
func TestBadReceipts(t *testing.T) {
	city, err := NewCity("nabari", memoryDir(t))
	must(t, err)
	m, err := StartMosquitto(city, "host_collector_b")
	must(t, err)
	t.Cleanup(func() { must(t, m.Stop()) })
	r := &running{city: city, url: m.URL(), addrs: []string{strings.TrimPrefix(m.URL(), "tls://")}}
	evil, err := r.probe(t, "host_collector_b", "host_collector_b")
	must(t, err)

	// A box with a broker and without a city hall.
	h := &hall{t: t, key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	b := startBox(t, h, r.config(t, "box-1", r.url), 30, 8)
	b.hostile = true
	sent := make(chan record.Batch, 100)
	evil.Subscribe(topic1+"rec", 1, func(_ paho.Client, m paho.Message) {
		if batch, err := record.DecodeBatch(m.Payload()); err == nil {
			sent <- batch
		}
	}).WaitTimeout(5 * time.Second)
	first := <-sent
	ack := record.Ack{Device: "box-1", Epoch: first.Epoch, Upto: 8}
	sign := func(key ed25519.PrivateKey, change func(*record.Ack)) []byte {
		a := ack
		change(&a)
		text, err := record.SignAck(key, a)
		must(t, err)
		return text
	}
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	bad := map[string][]byte{
		"broken": []byte("x"), "another's signature": sign(other, func(*record.Ack) {}), "for another box": sign(h.key, func(a *record.Ack) { a.Device = "box-2" }),
		"another epoch": sign(h.key, func(a *record.Ack) { a.Epoch++ }), "more than was sent": sign(h.key, func(a *record.Ack) { a.Upto = 30 }),
		"of the future": bytes.Replace(sign(h.key, func(*record.Ack) {}), []byte("ack/1"), []byte("ack/2"), 1),
	}
	for _, text := range bad {
		say(evil, topic1+"ack", true, text)
	}
	say(evil, topic1+"ack", true, bytes.Repeat([]byte("x"), 513)) // refused before the wall
	say(evil, topic1+"desired", true, bytes.Repeat([]byte("x"), 9<<10))
	say(evil, "mg/1/nabari/host/state", true, []byte(`{"online":"yes"}`))
	say(evil, topic1+"claim", false, bytes.Repeat([]byte("x"), 600))
	await(t, "the box has refused them", func() <-chan struct{} { return nil }, func() bool { return b.refused.Load() >= int64(len(bad)) })
	if s := b.ob.Stats(); s.Upto != 0 || s.Out != 30 || s.Forged != 3 {
		t.Errorf("after false receipts: %+v", s)
	}
	say(evil, topic1+"ack", true, sign(h.key, func(*record.Ack) {}))
	await(t, "a good one counts", func() <-chan struct{} { return nil }, func() bool { return b.ob.Stats().Upto == 8 })
	if n := b.counts.Unexpected.Load(); n < 3 {
		t.Errorf("%d messages were refused before the wall, want 4", n)
	}
	say(evil, topic1+"ack", true, sign(h.key, func(a *record.Ack) { a.Upto = 3 })) // replayed: nothing goes back
	say(evil, topic1+"ack", true, nil)
	await(t, "an old one is known as such", func() <-chan struct{} { return nil }, func() bool { return b.ob.Stats().Stale > 0 })
	if s := b.ob.Stats(); s.Upto != 8 || s.Out != 22 {
		t.Errorf("after a replay: %+v", s)
	}
	if n := b.counts.Connections.Load(); n != 1 {
		t.Errorf("%d connections: the line was left for a bad message", n)
	}
}
