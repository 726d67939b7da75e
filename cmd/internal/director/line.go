// SPDX-License-Identifier: Apache-2.0

package director

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/line"
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
	o := line.Opts{Broker: d.o.Line.Broker, ClientID: broker.DirectorID, Password: d.o.Line.Password, TLS: d.o.Line.TLS, Timeout: d.o.Line.Timeout,
		RetryMin: d.o.Line.Retry, RetryMax: 5 * time.Minute, Log: d.o.Log}
	return line.Run(ctx, o, func(ctx context.Context, c *line.Conn) error {
		defer d.lost()
		return d.session(ctx, c)
	})
}

// session is one connection. Rollouts rest while there is none.
func (d *Director) session(ctx context.Context, conn *line.Conn) error {
	// Boxes must be known before their retained words come.
	out, err := d.tick(ctx)
	if err == nil {
		err = d.send(ctx, conn, out)
	}
	if err != nil {
		return err
	}
	filters := []string{d.topic("+", "presence"), d.topic("+", "reported"), d.topic("+", "req")}
	if d.o.Enrol != nil {
		filters = append(filters, d.topic("+", "enrol/up"))
	}
	err = conn.Subscribe(ctx, filters, func(m paho.Message) { d.message(ctx, conn, m) })
	if err != nil {
		return err
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
		if err := d.send(ctx, conn, out); err != nil {
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
func (d *Director) send(ctx context.Context, conn *line.Conn, out []order) error {
	for _, o := range out {
		if err := conn.Publish(ctx, d.topic(o.device, "desired"), true, o.raw); err != nil {
			return fmt.Errorf("publishing assignment: %w", err)
		}
	}
	return nil
}

func (d *Director) topic(device, what string) string {
	return "mg/1/" + d.o.Depot.City() + "/d/" + device + "/" + what
}

// message takes one message of a box.
func (d *Director) message(ctx context.Context, conn *line.Conn, m paho.Message) {
	device, what, ok := strings.Cut(strings.TrimPrefix(m.Topic(), "mg/1/"+d.o.Depot.City()+"/d/"), "/")
	if !ok || !record.ValidDevice(device) || ctx.Err() != nil {
		return
	}
	if what == "enrol/up" {
		d.enrol(ctx, conn, device, m)
		return
	}
	d.hear(device, what, m.Payload(), m.Retained())
	if what != "req" || m.Retained() || len(m.Payload()) > maxWant {
		return
	}
	// QoS 0: a chunk that is lost is asked for again, and no broker keeps a queue of them.
	d.server.Ask(device, m.Payload(), func(body []byte) {
		if ctx.Err() == nil {
			conn.Post(d.topic(device, "chunk"), body)
		}
	})
}

// enrol hands a request for a certificate to the registrar, and its answer to the box.
func (d *Director) enrol(ctx context.Context, conn *line.Conn, device string, m paho.Message) {
	if d.o.Enrol == nil || m.Retained() {
		return
	}
	answer, err := d.o.Enrol.Handle(ctx, device, m.Payload())
	if err == nil {
		err = conn.Publish(ctx, d.topic(device, "enrol/down"), false, answer)
	}
	if err != nil && ctx.Err() == nil {
		d.o.Log.Error("request for a certificate not answered", "device", device, "err", err)
	}
}
