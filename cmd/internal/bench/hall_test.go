// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"madoguchi/cmd/internal/brokers"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
	"madoguchi/device"
	"madoguchi/pinpad/pin"
	"madoguchi/sync/record"
)

// clerkCode opens cases on the bench.
const clerkCode = "2468"

// hall is city hall: a broker that asks for certificates, the collector and its database.
type hall struct {
	t      testing.TB
	city   *brokers.City
	broker *brokers.Mosquitto
	store  *store.Store
	key    ed25519.PrivateKey
}

// startHall runs city hall until the test ends. The broker's certificate also names the one address that the guest can reach.
func startHall(t testing.TB) *hall {
	t.Helper()
	city, err := brokers.NewCity("nabari", t.TempDir())
	must(t, err)
	city.Addresses = []net.IP{net.IPv4(10, 0, 2, 100)}
	h := &hall{t: t, city: city, key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	h.broker, err = brokers.StartMosquitto(city)
	must(t, err)
	t.Cleanup(func() { must(t, h.broker.Stop()) })
	ctx, cancel := context.WithCancel(context.Background())
	h.store, err = store.Open(ctx, filepath.Join(t.TempDir(), "city.db"), store.Opts{DigestKey: []byte("0123456789abcdef")})
	must(t, err)
	tls, err := city.ClientTLS("host_collector")
	must(t, err)
	c, err := collector.New(h.store, collector.Opts{City: city.Code, Broker: h.broker.URL(), TLS: tls, SignKey: h.key, RetryMax: time.Second})
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); must(t, c.Run(ctx)) }()
	t.Cleanup(func() {
		cancel()
		<-done
		must(t, h.store.Close())
	})
	return h
}

// certified gives the broker another certificate, which runs out after that time, and starts it with it.
func (h *hall) certified(after time.Duration) {
	h.t.Helper()
	must(h.t, h.broker.Stop())
	h.city.Ends = after
	_, _, err := h.city.Issue("broker", true)
	h.city.Ends = 0
	must(h.t, err)
	must(h.t, h.broker.Restart())
}

// address is the broker's on this machine.
func (h *hall) address() string { return strings.TrimPrefix(h.broker.URL(), "tls://") }

// facets are what arrived.
func (h *hall) facets() (out []store.Facet) {
	h.t.Helper()
	for f, err := range h.store.Facets(context.Background(), [16]byte{}) {
		must(h.t, err)
		out = append(out, f)
	}
	return out
}

// awaits waits until so many facets have arrived.
func (h *hall) awaits(n int) []store.Facet {
	h.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		changed := h.store.Changed()
		if f := h.facets(); len(f) >= n {
			return f
		}
		select {
		case <-changed:
		case <-time.After(time.Second):
		}
	}
	h.t.Fatalf("city hall holds %d facets, want %d", len(h.facets()), n)
	return nil
}

// config is the box's. Records leave at once and every case gives exactly one, so that they can be counted.
func (h *hall) config(id string) device.Config {
	h.t.Helper()
	c := device.DefaultConfig
	c.City, c.Office, c.OfficeGroup, c.DeviceID, c.DataDir = h.city.Code, "市民課", "g01", id, "/data/counter"
	c.Release, c.Facets = "at_once", []string{}
	c.Clerks = []device.Clerk{{Label: "佐藤", Hash: string(clerkHash(h.t))}}
	c.AckKey = base64.StdEncoding.EncodeToString(h.key.Public().(ed25519.PublicKey))
	return c
}

func clerkHash(t testing.TB) pin.Hash {
	t.Helper()
	c, err := pin.NewCode()
	must(t, err)
	defer c.Wipe()
	for _, d := range []byte(clerkCode) {
		c.Append(d)
	}
	hash, err := c.Hash()
	must(t, err)
	return hash
}

// provision puts the first settings of a box into a folder, as they lie on a new card.
func (h *hall) provision(c device.Config) string {
	h.t.Helper()
	dir := filepath.Join(h.t.TempDir(), "provision")
	text, err := toml.Marshal(c)
	must(h.t, err)
	write(h.t, filepath.Join(dir, "counter.toml"), string(text), 0o600)
	write(h.t, filepath.Join(dir, "link.toml"), fmt.Sprintf(`broker = "tls://10.0.2.100:8883"
city = %q
device = %q
ca_file = "/data/link/ca.pem"
cert_file = "/data/link/cert.pem"
key_file = "/data/link/key.pem"
wall = "/run/madoguchi/wall.sock"
data_dir = "/data/link"
spread = "0s"
`, c.City, c.DeviceID), 0o600)
	cert, key, err := h.city.Issue(c.DeviceID, false)
	must(h.t, err)
	for from, to := range map[string]string{h.city.CAFile(): "ca.pem", cert: "cert.pem", key: "key.pem"} {
		b, err := os.ReadFile(from)
		must(h.t, err)
		write(h.t, filepath.Join(dir, to), string(b), 0o600)
	}
	write(h.t, filepath.Join(dir, "address.network"), "[Match]\nType=ether\n\n[Network]\nAddress=10.0.2.15/24\n", 0o600)
	write(h.t, filepath.Join(dir, "ntp.sources"), "server 10.0.2.200 iburst\n", 0o600)
	return dir
}

// outcomes are the finished cases among facets.
func outcomes(facets []store.Facet) (n int) {
	for _, f := range facets {
		if f.Kind == record.PO.String() {
			n++
		}
	}
	return n
}
