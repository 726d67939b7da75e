// SPDX-License-Identifier: Apache-2.0

package director

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/broker"
	"madoguchi/sync/record"
)

// Line is the way to the broker.
type Line struct {
	Broker   string // tcp://host:port, or tls://host:port
	Password string // empty: none
	TLS      *tls.Config
	Timeout  time.Duration // for the broker's answers; default 20 s
	Retry    time.Duration // highest first wait before another connection; it doubles up to 5 min; default 1 s
}

// Run serves the city until ctx ends, over as many connections as it takes, and returns nil then.
func (d *Director) Run(ctx context.Context) error {
	d.o.Line.Timeout, d.o.Line.Retry = cmp.Or(d.o.Line.Timeout, 20*time.Second), cmp.Or(d.o.Line.Retry, time.Second)
	for n := 0; ; n++ {
		began := time.Now()
		err := d.session(ctx)
		d.lost()
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > time.Minute {
			n = 0
		}
		limit := min(5*time.Minute, d.o.Line.Retry<<min(n, 16))
		wait := rand.N(limit) + 1
		d.o.Log.Warn("broker away", "err", err, "retry_in", wait.Round(time.Millisecond))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// session is one connection. Rollouts rest while there is none.
func (d *Director) session(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := paho.NewClient(d.options(cancel))
	defer client.Disconnect(100)
	if err := d.await(ctx, client.Connect()); err != nil {
		return fmt.Errorf("connecting to broker: %w", err)
	}
	// Boxes must be known before their retained words come.
	out, err := d.tick(ctx)
	if err == nil {
		err = d.send(ctx, client, out)
	}
	if err != nil {
		return err
	}
	// One packet for all: mochi refuses a SUBSCRIBE whose number is that of a message on its way to us, and retained ones come at once.
	filters := map[string]byte{d.topic("+", "presence"): 1, d.topic("+", "reported"): 1, d.topic("+", "req"): 1}
	token := client.SubscribeMultiple(filters, func(c paho.Client, m paho.Message) { d.message(ctx, c, m) })
	if err := d.await(ctx, token); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	granted := token.(*paho.SubscribeToken).Result()
	for filter := range filters {
		if code, ok := granted[filter]; !ok || code > 2 {
			return fmt.Errorf("subscribing %s: broker refused", filter)
		}
	}
	d.listen(d.o.Now())
	d.o.Log.Info("director connected")
	every := time.NewTicker(d.o.Every)
	defer every.Stop()
	for {
		out, err := d.tick(ctx)
		if err != nil && ctx.Err() == nil {
			d.o.Log.Error("director", "err", err) // the database's or the disk's: the next tick may do better
		}
		if err := d.send(ctx, client, out); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-every.C:
		case <-d.poke:
			// Let what comes together be judged together.
			select {
			case <-ctx.Done():
			case <-time.After(d.o.Every / 10):
			}
		}
	}
}

// send publishes assignments, retained.
func (d *Director) send(ctx context.Context, client paho.Client, out []order) error {
	for _, o := range out {
		if err := d.await(ctx, client.Publish(d.topic(o.device, "desired"), 1, true, o.raw)); err != nil {
			return fmt.Errorf("publishing assignment: %w", err)
		}
	}
	return nil
}

func (d *Director) topic(device, what string) string {
	return "mg/1/" + d.o.Depot.City() + "/d/" + device + "/" + what
}

// message takes one message of a box.
func (d *Director) message(ctx context.Context, client paho.Client, m paho.Message) {
	device, what, ok := strings.Cut(strings.TrimPrefix(m.Topic(), "mg/1/"+d.o.Depot.City()+"/d/"), "/")
	if !ok || !record.ValidDevice(device) || ctx.Err() != nil {
		return
	}
	d.hear(device, what, m.Payload(), m.Retained())
	if what != "req" || m.Retained() || len(m.Payload()) > maxWant {
		return
	}
	// QoS 0: a chunk that is lost is asked for again, and no broker keeps a queue of them.
	d.server.Ask(device, m.Payload(), func(body []byte) {
		if ctx.Err() == nil {
			client.Publish(d.topic(device, "chunk"), 0, false, body)
		}
	})
}

// options are those of a client for one connection; see package collector for the reasons.
func (d *Director) options(lost context.CancelCauseFunc) *paho.ClientOptions {
	o := paho.NewClientOptions().AddBroker(d.o.Line.Broker).SetClientID(broker.DirectorID)
	o.SetProtocolVersion(4)
	o.SetCleanSession(true)
	o.SetAutoReconnect(false)
	o.SetConnectRetry(false)
	o.SetOrderMatters(false)
	o.SetKeepAlive(45 * time.Second)
	o.SetPingTimeout(15 * time.Second)
	o.SetConnectTimeout(d.o.Line.Timeout)
	o.SetWriteTimeout(d.o.Line.Timeout)
	o.SetUsername(broker.DirectorID)
	o.SetPassword(d.o.Line.Password)
	o.SetCustomOpenConnectionFn(d.dial)
	o.SetDefaultPublishHandler(func(paho.Client, paho.Message) {})
	o.SetConnectionLostHandler(func(_ paho.Client, err error) { lost(fmt.Errorf("connection lost: %w", err)) })
	return o
}

// dial opens the connection by itself: paho would take a proxy from the environment.
func (d *Director) dial(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: d.o.Line.Timeout}
	switch u.Scheme {
	case "tcp", "mqtt":
		return dialer.Dial("tcp", u.Host)
	case "tls", "mqtts":
		config := d.o.Line.TLS.Clone()
		if config == nil {
			config = &tls.Config{}
		}
		config.MinVersion = tls.VersionTLS13
		return tls.DialWithDialer(dialer, "tcp", u.Host, config)
	}
	return nil, fmt.Errorf("broker address with scheme %q: want tcp or tls", u.Scheme)
}

// await waits for a token. A token alone may never complete.
func (d *Director) await(ctx context.Context, token paho.Token) error {
	t := time.NewTimer(d.o.Line.Timeout)
	defer t.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return errors.New("the broker does not answer")
	}
}
