// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"madoguchi/cmd/internal/line"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// ClientID is the collector's MQTT client id and default user name. A device id
// has no dot, so no device can have it.
const ClientID = "host_collector"

// Records is where batches go; *store.Store is one.
type Records interface {
	// ApplyAll stores batches, all or none, durably.
	ApplyAll(context.Context, []store.Batch) ([]store.Result, error)
	// Writers is how many calls of it may usefully run at once.
	Writers() int
	// NextSession and Hall number connections and lives of the database.
	NextSession(context.Context) (uint64, error)
	Hall(context.Context) (uint32, error)
}

// Fleet is where it is noted how devices and broker are; *store.Store is one.
type Fleet interface {
	SetPresence(context.Context, store.Presence) error
	SetReport(context.Context, store.Report) error
	Malformed(ctx context.Context, device string) error
	Alarm(ctx context.Context, kind, device string, n int) error
}

// Claims is where claim numbers lie; *store.Store is one.
type Claims interface {
	Claim(ctx context.Context, number string) ([]byte, error)
	SetClaim(ctx context.Context, number string, decide func(old []byte) ([]byte, time.Time)) error
	Names(ctx context.Context) ([]string, error)
}

// Store is what a collector needs of its database; *store.Store is one.
type Store interface {
	Records
	Fleet
	Claims
}

var _ Store = (*store.Store)(nil)

// Opts configures a Collector. The zero value of a field means the default.
type Opts struct {
	// City is the city code in the topics. Required.
	City string
	// Broker is the broker's URL: tcp:// or mqtt://, or tls:// or mqtts://. Required.
	Broker string
	// Name tells collectors of one city apart: the client id is ClientID, an
	// underscore and Name. Default: none, for a single one.
	Name string
	// Share subscribes as one of a group ($share), so that the broker gives each
	// message to one collector. Without it every collector gets everything, which
	// costs work and harms nothing. NATS knows no $share.
	Share bool
	// Username and Password are for brokers that ask. Default user: the client id.
	Username, Password string
	// TLS is for tls:// brokers. Default: the system's roots, TLS 1.3.
	TLS *tls.Config
	// SignKey signs the acknowledgements. Required.
	SignKey ed25519.PrivateKey
	// Timeout bounds connecting, subscribing and each publish. Default 20 s.
	Timeout time.Duration
	// KeepAlive is the time between pings. Default 45 s.
	KeepAlive time.Duration
	// RetryMin and RetryMax bound the waits before another try at the broker
	// or the database: full jitter under a doubling limit. Default 500 ms, 30 s.
	RetryMin, RetryMax time.Duration
	// Now is the clock for Status.Since. Default time.Now.
	Now func() time.Time
	// Log receives what an operator should know; never content of a message.
	// Default: none.
	Log *slog.Logger
}

// DefaultOpts are the defaults; City, Broker and SignKey have none.
var DefaultOpts = Opts{
	Timeout: 20 * time.Second, KeepAlive: 45 * time.Second,
	RetryMin: 500 * time.Millisecond, RetryMax: 30 * time.Second,
	Now: time.Now,
}

// Status is how the collector stands with its broker and its database.
type Status struct {
	Broker   bool      // connected and subscribed
	Database bool      // the last write succeeded
	Since    time.Time // of the last change of either
}

// Collector receives records. Make one with New and run it with Run.
type Collector struct {
	opts    Opts
	store   Store
	jobs    []chan job           // one lane for each writer; a device keeps to its lane
	acks    *queue[record.Ack]   // by device
	answers *queue[claim.Answer] // by device and number
	guard   claim.Guard
	hall    atomic.Uint32
	counts  struct {
		malformed, unsaved, unsent atomic.Uint64
		commit                     latency
	}
	dropped      atomic.Uint64 // the broker's count of dropped messages
	heard        atomic.Bool   // it has said one
	contradicted chan struct{} // another collector said that city hall is away

	mu      sync.Mutex
	status  Status
	changed chan struct{} // closed at the next change of status
}

// New checks opts. The store is used, and not closed, by Run.
func New(s Store, opts Opts) (*Collector, error) {
	d := DefaultOpts
	setDefault(&opts.Username, clientID(opts.Name))
	setDefault(&opts.Timeout, d.Timeout)
	setDefault(&opts.KeepAlive, d.KeepAlive)
	setDefault(&opts.RetryMin, d.RetryMin)
	setDefault(&opts.RetryMax, max(d.RetryMax, opts.RetryMin))
	if opts.Now == nil {
		opts.Now = d.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case opts.City == "" || strings.ContainsAny(opts.City, "/+#$\x00"):
		return nil, fmt.Errorf("making collector: city code %q cannot be part of a topic", opts.City)
	case opts.Name != "" && !record.ValidDevice(opts.Name):
		return nil, fmt.Errorf("making collector: name %q is not 1 to %d of a–z 0–9 -", opts.Name, record.MaxDeviceName)
	case len(opts.SignKey) != ed25519.PrivateKeySize:
		return nil, fmt.Errorf("making collector: signing key has %d bytes, want %d", len(opts.SignKey), ed25519.PrivateKeySize)
	case s == nil:
		return nil, errors.New("making collector: no store given")
	}
	if err := line.CheckAddress(opts.Broker); err != nil {
		return nil, fmt.Errorf("making collector: %w", err)
	}
	jobs := make([]chan job, max(1, s.Writers()))
	for i := range jobs {
		jobs[i] = make(chan job, 64) // a batch in it has been decoded and holds 10 KiB or so
	}
	return &Collector{
		opts: opts, store: s,
		jobs:         jobs,
		acks:         newQueue[record.Ack](),
		answers:      newQueue[claim.Answer](),
		contradicted: make(chan struct{}, 1),
		status:       Status{Database: true, Since: opts.Now()},
		changed:      make(chan struct{}),
	}, nil
}

func clientID(name string) string {
	if name == "" {
		return ClientID
	}
	return ClientID + "_" + name
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Run receives until ctx ends, over as many connections as it takes, and
// returns nil then. Call it once.
func (c *Collector) Run(ctx context.Context) error {
	var writers sync.WaitGroup
	for _, lane := range c.jobs {
		writers.Go(func() { c.write(ctx, lane) })
	}
	defer writers.Wait()
	for try := 0; ; try++ {
		began := c.opts.Now()
		err := c.session(ctx)
		c.setStatus(func(s *Status) { s.Broker = false })
		if ctx.Err() != nil {
			return nil
		}
		if c.opts.Now().Sub(began) > 10*time.Minute {
			try = 0 // it was a good connection
		}
		wait := line.Backoff(c.opts.RetryMin, c.opts.RetryMax, try)
		c.opts.Log.Warn("broker away", "err", err, "retry_in", wait.Round(time.Millisecond))
		if !line.Sleep(ctx, wait) {
			return nil
		}
	}
}

// Status says how things are.
func (c *Collector) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Changed returns a channel that is closed at the next change of Status. Take
// it before asking.
func (c *Collector) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

func (c *Collector) setStatus(f func(*Status)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.status
	f(&c.status)
	if c.status == old {
		return
	}
	c.status.Since = c.opts.Now()
	close(c.changed)
	c.changed = make(chan struct{})
}

// String names the collector by its city.
func (c *Collector) String() string { return "collector of " + c.opts.City }
