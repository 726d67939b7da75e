// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// ackWindow is how many acknowledgements are on their way at once; paho has
// 65,535 message ids and no queue worth the name.
const ackWindow = 64

// session is one connection, from CONNECT to its loss. It returns why it ended.
func (c *Collector) session(ctx context.Context) error {
	number, err := c.store.NextSession(ctx)
	c.setStatus(func(s *Status) { s.Database = err == nil || ctx.Err() != nil })
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := paho.NewClient(c.options(ctx, number, cancel))
	defer client.Disconnect(0)
	if err := c.await(ctx, client.Connect()); err != nil {
		return fmt.Errorf("connecting to broker: %w", err)
	}
	if err := c.subscribe(ctx, client); err != nil {
		return err
	}
	c.setStatus(func(s *Status) { s.Broker = true })
	c.opts.Log.Info("broker connected", "session", number)
	go func() {
		if err := c.sendAcks(ctx, client); err != nil {
			cancel(err)
		}
	}()
	return c.host(ctx, client, number)
}

// options are those of a client that is used for one connection only: a token
// of a client that reconnects by itself says nothing about PUBACK, and its
// reconnects have no jitter.
func (c *Collector) options(ctx context.Context, number uint64, lost context.CancelCauseFunc) *paho.ClientOptions {
	o := paho.NewClientOptions().AddBroker(c.opts.Broker).SetClientID(ClientID)
	o.SetProtocolVersion(4) // else each refused CONNECT is tried again as MQTT 3.1
	o.SetCleanSession(true)
	o.SetAutoReconnect(false)
	o.SetConnectRetry(false)
	o.SetOrderMatters(false) // handlers wait for the database
	o.SetKeepAlive(c.opts.KeepAlive)
	o.SetPingTimeout(15 * time.Second)
	o.SetConnectTimeout(c.opts.Timeout)
	o.SetWriteTimeout(c.opts.Timeout)
	o.SetUsername(c.opts.Username)
	o.SetPassword(c.opts.Password)
	o.SetCustomOpenConnectionFn(c.dial)
	o.SetBinaryWill(topics{c.opts.City}.host(), hostState(false, number), 1, true)
	o.SetDefaultPublishHandler(func(paho.Client, paho.Message) {}) // without a handler a message is never acknowledged
	o.SetConnectionLostHandler(func(_ paho.Client, err error) { lost(fmt.Errorf("connection lost: %w", err)) })
	return o
}

// await waits for a token. A token alone may never complete.
func (c *Collector) await(ctx context.Context, token paho.Token) error {
	t := time.NewTimer(c.opts.Timeout)
	defer t.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return fmt.Errorf("no answer within %v", c.opts.Timeout)
	}
}

// publish hands a retained message to the client. paho's Publish blocks for the
// whole write timeout if the connection is lost at that moment.
func (c *Collector) publish(ctx context.Context, client paho.Client, topic string, text []byte) (paho.Token, error) {
	got := make(chan paho.Token, 1)
	go func() { got <- client.Publish(topic, 1, true, text) }()
	select {
	case token := <-got:
		return token, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *Collector) subscribe(ctx context.Context, client paho.Client) error {
	t := topics{c.opts.City}
	for filter, handle := range map[string]func(paho.Message) func(context.Context) error{
		t.all("rec"):      c.onRecords,
		t.all("presence"): c.onPresence,
	} {
		token := client.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) {
			// paho acknowledges when this returns: after the commit. The broker's
			// window for us thus bounds how many handlers wait here.
			j := job{do: handle(m), done: make(chan struct{})}
			select {
			case c.jobs <- j:
			case <-ctx.Done():
				return
			}
			select {
			case <-j.done:
			case <-ctx.Done():
			}
		})
		if err := c.await(ctx, token); err != nil {
			return fmt.Errorf("subscribing %s: %w", filter, err)
		}
		if granted, ok := token.(*paho.SubscribeToken).Result()[filter]; !ok || granted > 2 {
			return fmt.Errorf("subscribing %s: broker refused", filter)
		}
	}
	return nil
}

func (c *Collector) onRecords(m paho.Message) func(context.Context) error {
	device, ok := topics{c.opts.City}.deviceOf(m.Topic(), "rec")
	if !ok {
		return c.malformed("", "rec", len(m.Payload()), errors.New("device id is not well formed"))
	}
	b, err := gate(device, m.Payload())
	if err != nil {
		return c.malformed(device, "rec", len(m.Payload()), err)
	}
	return c.records(b)
}

func (c *Collector) onPresence(m paho.Message) func(context.Context) error {
	device, ok := topics{c.opts.City}.deviceOf(m.Topic(), "presence")
	if !ok {
		return c.malformed("", "presence", len(m.Payload()), errors.New("device id is not well formed"))
	}
	p, err := presence(device, m.Payload())
	if err != nil {
		return c.malformed(device, "presence", len(m.Payload()), err)
	}
	return c.presence(p)
}

// sendAcks signs and publishes acknowledgements. One that is lost with the line
// is made again when its device sends again.
func (c *Collector) sendAcks(ctx context.Context, client paho.Client) error {
	var window []paho.Token
	for {
		if len(window) == ackWindow {
			if err := c.await(ctx, window[0]); err != nil {
				return fmt.Errorf("publishing acknowledgement: %w", err)
			}
			window = window[1:]
		}
		a, ok := c.acks.take(ctx)
		if !ok {
			return nil
		}
		text, err := record.SignAck(c.opts.SignKey, a)
		if err != nil {
			if total := c.counts.unsent.Add(1); powerOfTwo(total) {
				c.opts.Log.Error("acknowledgement not signed", "device", a.Device, "err", err, "failures", total)
			}
			continue
		}
		token, err := c.publish(ctx, client, topics{c.opts.City}.device(a.Device, "ack"), text)
		if err != nil {
			return nil // the session has ended
		}
		window = append(window, token)
	}
}

// host keeps saying whether city hall takes records: it does not while the
// database is away. It returns when the session ends.
func (c *Collector) host(ctx context.Context, client paho.Client, number uint64) error {
	said, first := false, true
	for {
		changed, status := c.Changed(), c.Status()
		if first || status.Database != said {
			said, first = status.Database, false
			token, err := c.publish(ctx, client, topics{c.opts.City}.host(), hostState(said, number))
			if err == nil {
				err = c.await(ctx, token)
			}
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("publishing host state: %w", err)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return c.goodbye(ctx, client, number)
		}
	}
}

// goodbye takes the host state back when the program ends: a clean DISCONNECT
// discards the will.
func (c *Collector) goodbye(ctx context.Context, client paho.Client, number uint64) error {
	err := context.Cause(ctx)
	if client.IsConnectionOpen() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if token, err := c.publish(ctx, client, topics{c.opts.City}.host(), hostState(false, number)); err == nil {
			token.WaitTimeout(time.Second)
		}
		client.Disconnect(250)
	}
	return err
}
