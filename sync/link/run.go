// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"madoguchi/sync/enrol"
	"madoguchi/sync/wall"
)

// Run carries frames until ctx ends and returns nil then, or until the box has been wiped and nothing is left of what it knew, and returns ErrForgotten. A configuration that cannot work is an error at once: an address, a certificate, a folder that cannot be written.
// A broker or a counter that is away is not: it is tried again for ever.
func Run(ctx context.Context, cfg Config, opts *Opts) error {
	o := opts.withDefaults()
	b, err := cfg.check()
	if err != nil {
		return fmt.Errorf("starting link: %w", err)
	}
	if cfg.Wall == "" {
		return errors.New("starting link: path of the counter's socket is not set")
	}
	// Find a folder that cannot be written now, not in the night. The number is used by no connection.
	if _, err := nextSession(cfg.DataDir, o.Clock.Now()); err != nil {
		return fmt.Errorf("starting link: %w", err)
	}
	r := newRunner(cfg, o, b)
	if cfg.Identity != "" {
		ca, err := readAuthority(cfg.CAFile)
		if err != nil {
			return fmt.Errorf("starting link: %w", err)
		}
		if r.identity, err = openIdentity(enrol.Folder(cfg.Identity), ca); err != nil {
			return fmt.Errorf("starting link: %w", err)
		}
		r.hub.known(r.identity.current())
	}
	return r.run(ctx)
}

// run carries frames until ctx ends.
func (r *runner) run(ctx context.Context) error {
	if o := r.opts; o.Probe != nil {
		o.Probe.hub.Store(r.hub)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	wg.Go(func() { r.wallLoop(ctx) })
	line, hangUp := context.WithCancel(ctx)
	defer hangUp()
	ended := make(chan struct{})
	wg.Go(func() { r.brokerLoop(line); close(ended) })
	wg.Go(func() { r.forgetLoop(ctx, func() { hangUp(); <-ended }, stop) })
	wg.Wait()
	if errors.Is(context.Cause(ctx), ErrForgotten) {
		return ErrForgotten
	}
	return nil
}

// runner is one Run.
type runner struct {
	cfg    Config
	opts   Opts
	broker broker
	topics Topics
	hub    *hub
	clock  *clock

	identity *identity  // that is renewed; nil: none
	enrol    *enrolling // of a box that has no certificate yet; else nil
	turn     int        // which broker of the cluster is next; of brokerLoop
}

func newRunner(cfg Config, o Opts, b broker) *runner {
	r := &runner{cfg: cfg, opts: o, broker: b, topics: NewTopics(cfg.City, cfg.Device), clock: newClock(o.Clock.Now, cfg.DataDir, b.born)}
	r.hub = newHub(o.Counts, b.fingerprint, o.Clock.Now())
	// Each box begins at another broker of the cluster.
	r.turn = int(o.Jitter(time.Duration(len(b.addrs))))
	return r
}

// nextBroker is the address for the next connection: one after the other, so that a box whose broker died is at another one after one try.
func (r *runner) nextBroker() (addr string, config *tls.Config) {
	i := r.turn % len(r.broker.addrs)
	r.turn++
	if config = r.broker.tls[i]; config != nil {
		config = config.Clone()
		config.Time = r.clock.now
		if r.identity != nil {
			config.Certificates = []tls.Certificate{*r.identity.pick()}
		}
	}
	return r.broker.addrs[i], config
}

// seen is the certificate that the broker showed on the line; nil on a line without TLS.
func (r *runner) seen(mu *sync.Mutex, line *net.Conn) *x509.Certificate {
	mu.Lock()
	defer mu.Unlock()
	if g, ok := (*line).(*guardConn); ok {
		if t, ok := g.Conn.(*tls.Conn); ok {
			if chain := t.ConnectionState().PeerCertificates; len(chain) > 0 {
				return chain[0]
			}
		}
	}
	return nil
}

// sleep waits for d; false: ctx ended.
func (r *runner) sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if d <= 0 {
		return true
	}
	c, stop := r.opts.Clock.Timer(d)
	defer stop()
	select {
	case <-c:
		return true
	case <-ctx.Done():
		return false
	}
}

// backoff is the wait before try n (from 0): full jitter under min·2^n, at most max.
func (r *runner) backoff(n int, least, most time.Duration) time.Duration {
	limit := most
	if n < 20 {
		limit = min(most, least<<n)
	}
	return r.opts.Jitter(limit)
}

// The waits of the wall side: both ends are on one board, and the counter's start takes seconds.
const (
	wallRetryMin = 200 * time.Millisecond
	wallRetryMax = 5 * time.Second
)

// wallLoop keeps a connection to the PIN side.
func (r *runner) wallLoop(ctx context.Context) {
	for n := 0; ; n++ {
		c, err := (&net.Dialer{Timeout: r.opts.Timeout}).DialContext(ctx, "unix", r.cfg.Wall)
		if err == nil {
			r.opts.Log.Info("wall open")
			var served bool
			served, err = r.serveWall(ctx, wall.New(c, wall.Network, wall.Opts{}))
			if served {
				n = 0
			}
		}
		if ctx.Err() != nil {
			return
		}
		wait := r.backoff(n, wallRetryMin, wallRetryMax)
		r.opts.Log.Warn("wall away", "err", err, "retry_in", wait.Round(time.Millisecond))
		if !r.sleep(ctx, wait) {
			return
		}
	}
}

// serveWall runs one wall connection to its end. served: the PIN side took at least one frame or sent one.
func (r *runner) serveWall(ctx context.Context, c *wall.Conn) (served bool, err error) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	r.hub.wallOpened()
	gone := make(chan struct{})
	done := make(chan bool, 1)
	go func() {
		done <- r.writeWall(c, gone)
	}()
	for {
		f, rerr := c.Read()
		if rerr != nil {
			close(gone)
			served = <-done || served
			if errors.Is(rerr, io.EOF) {
				rerr = errors.New("counter closed the wall")
			}
			return served, rerr
		}
		served = true
		r.hub.fromWall(f)
	}
}

// writeWall sends what waits until the connection is gone. It closes the connection when a write fails, which ends the reading too.
func (r *runner) writeWall(c *wall.Conn, gone <-chan struct{}) (served bool) {
	for {
		select {
		case <-gone:
			return served
		case <-r.hub.toWall:
		}
		for _, f := range r.hub.forWall() {
			if err := c.Write(f.Type, f.Body); err != nil {
				c.Close()
				return served
			}
			served = true
		}
	}
}

// brokerLoop keeps a connection to the broker: a random wait at the start, then fresh clients with full jitter between them.
func (r *runner) brokerLoop(ctx context.Context) {
	if !r.sleep(ctx, r.opts.Jitter(r.cfg.Spread)) {
		return
	}
	for n := 0; ; n++ {
		began := r.opts.Clock.Now()
		err := r.session(ctx)
		r.hub.lost(r.opts.Clock.Now(), stateOf(lineOf(err)))
		if ctx.Err() != nil {
			return
		}
		if r.opts.Clock.Now().Sub(began) >= r.opts.Stable {
			n = 0
		}
		wait := r.backoff(n, r.opts.RetryMin, r.opts.RetryMax)
		if r.enrol != nil {
			r.hub.say(func(w *enrol.Word) { w.Line = lineOf(err) })
		}
		r.opts.Log.Warn("broker away", "err", err, "retry_in", wait.Round(time.Millisecond))
		if !r.sleep(ctx, wait) {
			return
		}
	}
}
