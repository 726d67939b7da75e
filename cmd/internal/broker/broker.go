// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// ErrStopped is returned by SetUp after Stop.
var ErrStopped = errors.New("broker stopped")

// Opts configures a Broker. The zero value of a field means the default.
type Opts struct {
	// Listen is a loopback address and port; port 0 picks a free one.
	// Default "127.0.0.1:0".
	Listen string
	// City is the city code in the topics that clients may use. Required.
	City string
	// Log receives the broker's own messages. Default: none.
	Log *slog.Logger
}

// DefaultOpts listens on a free loopback port.
var DefaultOpts = Opts{Listen: "127.0.0.1:0"}

// Broker is one embedded broker. Its methods may be called from any goroutine.
type Broker struct {
	opts     Opts
	addr     string // the address in use; does not change after Start
	password string // the collector's, drawn at Start

	mu      sync.Mutex
	server  *mqtt.Server // nil while down
	line    *cutter      // nil while down
	hold    io.Closer    // keeps the port while down; nil while up
	stopped bool
}

// Start listens and serves. It fails when the address is not a loopback
// address, when the port is in use, or when City is missing.
func Start(opts Opts) (*Broker, error) {
	if opts.Listen == "" {
		opts.Listen = DefaultOpts.Listen
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.City == "" {
		return nil, errors.New("starting broker: no city code given")
	}
	if err := loopback(opts.Listen); err != nil {
		return nil, fmt.Errorf("starting broker: %w", err)
	}
	b := &Broker{opts: opts, addr: opts.Listen, password: rand.Text()}
	if err := b.up(); err != nil {
		return nil, fmt.Errorf("starting broker: %w", err)
	}
	b.addr = b.line.Addr().String()
	return b, nil
}

// URL is the address for clients, "tcp://127.0.0.1:port". It stays the same
// when the broker goes down and comes back.
func (b *Broker) URL() string { return "tcp://" + b.addr }

// Password is the collector's password (client id and user name CollectorID).
// It is drawn at Start and stays the same until the program ends.
func (b *Broker) Password() string { return b.password }

// String names the broker by its address.
func (b *Broker) String() string { return "broker at " + b.addr }

// SetUp takes the broker down (false) or brings it back (true). Down means:
// every connection is cut, nothing listens, and sessions, subscriptions and
// retained messages are forgotten. The port is kept for the return. Asking for
// the state it is in already changes nothing.
func (b *Broker) SetUp(up bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.stopped:
		return ErrStopped
	case up == (b.server != nil):
		return nil
	case up:
		if err := b.up(); err != nil {
			return fmt.Errorf("bringing broker up: %w", err)
		}
		return nil
	}
	if err := b.down(); err != nil {
		return fmt.Errorf("taking broker down: %w", err)
	}
	// Without a socket bound to it the port could be given to anybody.
	hold, err := holdPort(b.addr)
	if err != nil {
		return fmt.Errorf("keeping broker port: %w", err)
	}
	b.hold = hold
	return nil
}

// Up says whether the broker is serving.
func (b *Broker) Up() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.server != nil
}

// Stop ends the broker for good. It may be called twice.
func (b *Broker) Stop() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	if b.hold != nil {
		b.hold.Close()
		b.hold = nil
	}
	if b.server == nil {
		return nil
	}
	return b.down()
}

func (b *Broker) up() error {
	l, err := net.Listen("tcp", b.addr)
	if err != nil {
		return err
	}
	line := newCutter(l)
	server := mqtt.New(&mqtt.Options{
		Capabilities: capabilities(),
		Logger:       b.opts.Log,
		// 10 s: each tick stops the world to read memory figures.
		SysTopicResendInterval: 10,
	})
	if err := errors.Join(
		server.AddHook(&guard{city: b.opts.City, password: b.password}, nil),
		server.AddListener(listeners.NewNet("loopback", line)),
	); err != nil {
		l.Close()
		return err
	}
	if err := server.Serve(); err != nil {
		l.Close()
		return err
	}
	b.server, b.line = server, line
	if b.hold != nil {
		b.hold.Close()
		b.hold = nil
	}
	return nil
}

func (b *Broker) down() error {
	err := errors.Join(b.line.cut(), b.server.Close())
	b.server, b.line = nil, nil
	return err
}

// capabilities are mochi's with every limit named, because its defaults lose
// retained messages after a day and bound neither packets nor versions.
func capabilities() *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumClients = 20_000
	c.MaximumMessageExpiryInterval = 0    // never: it would delete retained states and in-flight messages of 3.1.1 clients
	c.MaximumSessionExpiryInterval = 3600 // s; our clients use clean sessions only
	c.MaximumPacketSize = 512 << 10       // bytes; the largest message is a chunk, 300 KiB
	c.ReceiveMaximum = 256                // QoS 1 messages a client may have unacknowledged
	c.MaximumInflight = 1024              // per subscriber; with records of 32 KiB that is 32 MiB
	c.MaximumClientWritesPending = 4096   // per subscriber
	c.MinimumProtocolVersion = 4          // MQTT 3.1.1
	c.MaximumQos = 1                      // QoS 2 is used by nobody here
	return c
}

// loopback refuses host:port addresses that other machines could reach.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("reading listen address %q: %w", addr, err)
	}
	if host == "localhost" {
		return nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return fmt.Errorf("listen address %q is not a loopback address: this broker has demo identities only", addr)
	}
	return nil
}
