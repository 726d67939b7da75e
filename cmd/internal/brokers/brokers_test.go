// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/collector"
	"madoguchi/sync/link"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// running is a broker under test: the same suite is gone through with each.
type running struct {
	city    *City // nil: no TLS
	url     string
	addrs   []string // host:port of each node
	kill    func() error
	restart func() error
	hall    collector.Opts
	ties    bool // the broker ties the client id to the certificate
}

// collectorName is city hall's name.
const collectorName = "host_collector"

func startMosquitto(t testing.TB) *running {
	t.Helper()
	city, err := NewCity("nabari", memoryDir(t))
	must(t, err)
	m, err := StartMosquitto(city)
	must(t, err)
	t.Cleanup(func() { must(t, m.Stop()) })
	tls, err := city.ClientTLS(collectorName)
	must(t, err)
	return &running{city: city, url: m.URL(), addrs: []string{strings.TrimPrefix(m.URL(), "tls://")}, kill: m.Kill, restart: m.Restart, ties: true,
		hall: collector.Opts{Broker: m.URL(), TLS: tls}}
}

func startNats(t *testing.T, devices ...string) (*running, *Nats) {
	t.Helper()
	city, err := NewCity("nabari", memoryDir(t))
	must(t, err)
	n, err := StartNats(city, 3, devices, []string{collectorName})
	must(t, err)
	t.Cleanup(func() { must(t, n.Stop()) })
	tls, err := city.ClientTLS(collectorName)
	must(t, err)
	r := &running{city: city, url: n.URL(), kill: func() error { return n.Kill(1) }, restart: func() error { return n.Restart(1) },
		hall: collector.Opts{Broker: n.Node(0), TLS: tls}}
	for i := range 3 {
		r.addrs = append(r.addrs, strings.TrimPrefix(n.Node(i), "tls://"))
	}
	return r, n
}

func startMochi(t *testing.T) *running {
	t.Helper()
	b, err := broker.Start(broker.Opts{City: "nabari"})
	must(t, err)
	t.Cleanup(func() { must(t, b.Stop()) })
	return &running{url: b.URL(), addrs: []string{strings.TrimPrefix(b.URL(), "tcp://")}, kill: func() error { return b.SetUp(false) }, restart: func() error { return b.SetUp(true) }, ties: true,
		hall: collector.Opts{Broker: b.URL(), Username: collectorName, Password: b.Password()}}
}

// each runs a test against every broker.
func each(t *testing.T, test func(t *testing.T, r *running)) {
	t.Run("mosquitto", func(t *testing.T) { test(t, startMosquitto(t)) })
	t.Run("mochi", func(t *testing.T) { test(t, startMochi(t)) })
	t.Run("nats", func(t *testing.T) { r, _ := startNats(t, "box-1", "box-2"); test(t, r) })
}

// config is a box's, with a certificate of its own where the broker wants one.
func (r *running) config(t testing.TB, device, url string) link.Config {
	t.Helper()
	c := link.Config{Broker: url, Device: device, Group: "g01"}
	if r.city == nil {
		c.Broker = strings.ReplaceAll(url, "tls://", "tcp://")
		return c
	}
	var err error
	c.CertFile, c.KeyFile, err = r.city.Issue(device, false)
	must(t, err)
	c.CAFile = r.city.CAFile()
	return c
}

func TestRecordsArrive(t *testing.T) {
	each(t, func(t *testing.T, r *running) {
		h := startHall(t, r.hall)
		b := startBox(t, h, r.config(t, "box-1", r.url), 300, 64)
		drained(t, h, b)
		await(t, "the box is known as there", h.store.Changed, func() bool {
			all, err := h.store.Devices(context.Background())
			must(t, err)
			return len(all) == 1 && all[0].ID == "box-1" && all[0].Online
		})
	})
}

// The line of the box is cut at random, on average after 100 ms, handshake included.
func TestCutLines(t *testing.T) {
	each(t, func(t *testing.T, r *running) {
		h := startHall(t, r.hall)
		p := &proxy{mean: 100 * time.Millisecond}
		b := startBox(t, h, r.config(t, "box-1", startProxy(t, p, r.addrs...)), 600, 4, soon)
		drained(t, h, b)
		p.mu.Lock()
		defer p.mu.Unlock()
		t.Logf("%d cuts, %d connections", p.cuts, b.counts.Connections.Load())
	})
}

// The broker is killed in the middle and comes back.
func TestKilledBroker(t *testing.T) {
	each(t, func(t *testing.T, r *running) {
		h := startHall(t, r.hall)
		b := startBox(t, h, r.config(t, "box-1", r.url), 600, 8)
		await(t, "half of it is there", h.store.Changed, func() bool { return b.ob.Stats().Upto > 200 })
		must(t, r.kill())
		other := startBox(t, h, r.config(t, "box-2", r.url), 100, 8)
		must(t, r.restart())
		drained(t, h, b, other)
	})
}

// A slow line: 64 kbit/s, 60 ms each way, one packet in fifty lost. A box with a day's records.
func TestSlowLine(t *testing.T) {
	each(t, func(t *testing.T, r *running) {
		h := startHall(t, r.hall)
		p := &proxy{own: slow(64_000, 60*time.Millisecond, 0.02, 7)}
		began := time.Now()
		b := startBox(t, h, r.config(t, "box-1", startProxy(t, p, r.addrs...)), 100, 32)
		drained(t, h, b)
		t.Logf("100 records in %v", time.Since(began).Round(100*time.Millisecond))
	})
}

// probe is a client that says what it likes: a box that was taken over.
func (r *running) probe(t testing.TB, certificate, clientID string) (paho.Client, error) {
	t.Helper()
	o := paho.NewClientOptions().SetClientID(clientID).SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetOrderMatters(false).SetConnectTimeout(5 * time.Second)
	o.SetWriteTimeout(5 * time.Second)
	if r.city == nil {
		o.AddBroker("tcp://" + r.addrs[0])
	} else {
		o.AddBroker("ssl://" + r.addrs[0])
		tls, err := r.city.ClientTLS(certificate)
		must(t, err)
		o.SetTLSConfig(tls)
	}
	c := paho.NewClient(o)
	token := c.Connect()
	if !token.WaitTimeout(10 * time.Second) {
		return nil, fmt.Errorf("no answer")
	}
	if token.Error() == nil {
		t.Cleanup(func() { c.Disconnect(0) })
	}
	return c, token.Error()
}
