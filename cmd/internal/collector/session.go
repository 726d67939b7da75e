// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"
	"strings"
	"time"

	"madoguchi/sync/claim"
	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// ackWindow is how many acknowledgements are on their way at once; paho has
// 65,535 message ids and no queue worth the name.
const ackWindow = 64

// session is one connection, from CONNECT to its loss. It returns why it ended.
func (c *Collector) session(ctx context.Context) error {
	number, err := c.store.NextSession(ctx)
	if err == nil {
		var hall uint32
		hall, err = c.store.Hall(ctx)
		c.hall.Store(hall)
	}
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
	for _, send := range []func(context.Context, paho.Client) error{c.sendAcks, c.sendAnswers} {
		go func() {
			if err := send(ctx, client); err != nil {
				cancel(err)
			}
		}()
	}
	return c.host(ctx, client, number)
}

// options are those of a client that is used for one connection only: a token
// of a client that reconnects by itself says nothing about PUBACK, and its
// reconnects have no jitter.
func (c *Collector) options(ctx context.Context, number uint64, lost context.CancelCauseFunc) *paho.ClientOptions {
	o := paho.NewClientOptions().AddBroker(c.opts.Broker).SetClientID(clientID(c.opts.Name))
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

// publish hands a message to the client. paho's Publish blocks for the whole
// write timeout if the connection is lost at that moment.
func (c *Collector) publish(ctx context.Context, client paho.Client, topic string, retained bool, text []byte) (paho.Token, error) {
	got := make(chan paho.Token, 1)
	go func() { got <- client.Publish(topic, 1, retained, text) }()
	select {
	case token := <-got:
		return token, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// group is in front of a filter that collectors share.
const group = "$share/collector/"

// subscribe asks for what devices send, for the host state, and for the broker's
// own word on what it dropped, which not every broker gives.
func (c *Collector) subscribe(ctx context.Context, client paho.Client) error {
	t := topics{c.opts.City}
	for what, handle := range map[string]func(paho.Message) job{
		"rec":       c.onRecords,
		"presence":  c.other(c.onPresence),
		"reported":  c.other(c.onReport),
		"claim/put": c.other(c.onPut),
		"claim/get": c.other(c.onGet),
	} {
		filter := t.all(what)
		if c.opts.Share {
			filter = group + filter
		}
		if err := c.listen(ctx, client, filter, handle); err != nil {
			return err
		}
	}
	if err := c.listen(ctx, client, t.host(), c.onHost(ctx)); err != nil {
		return err
	}
	for _, topic := range droppedTopics {
		if err := c.listen(ctx, client, topic, c.onDropped); err != nil && ctx.Err() == nil {
			c.opts.Log.Info("the broker does not say what it drops", "topic", topic)
		}
	}
	return nil
}

// listen subscribes and hands what comes to the writers. A handler that returns
// no job has done its work.
func (c *Collector) listen(ctx context.Context, client paho.Client, filter string, handle func(paho.Message) job) error {
	token := client.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) {
		// paho acknowledges when this returns: after the commit. The broker's
		// window for us thus bounds how many handlers wait here.
		j := handle(m)
		if j.batch == nil && j.do == nil {
			return
		}
		j.done = make(chan struct{})
		select {
		case c.lane(m.Topic()) <- j:
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
	// paho names the result without the group.
	if granted, ok := token.(*paho.SubscribeToken).Result()[strings.TrimPrefix(filter, group)]; !ok || granted > 2 {
		return fmt.Errorf("subscribing %s: broker refused", filter)
	}
	return nil
}

func (c *Collector) other(handle func(paho.Message) func(context.Context) error) func(paho.Message) job {
	return func(m paho.Message) job { return job{do: handle(m)} }
}

func (c *Collector) onRecords(m paho.Message) job {
	device, ok := topics{c.opts.City}.deviceOf(m.Topic(), "rec")
	if !ok {
		return job{do: c.malformed("", "rec", len(m.Payload()), errNoDevice)}
	}
	b, err := gate(device, m.Payload())
	if err != nil {
		return job{do: c.malformed(device, "rec", len(m.Payload()), err)}
	}
	return job{batch: &b}
}

func (c *Collector) onPresence(m paho.Message) func(context.Context) error {
	device, ok := topics{c.opts.City}.deviceOf(m.Topic(), "presence")
	if !ok {
		return c.malformed("", "presence", len(m.Payload()), errNoDevice)
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
	return send(ctx, c, client, c.acks, func(a record.Ack) (string, bool, []byte, error) {
		text, err := record.SignAck(c.opts.SignKey, a)
		return topics{c.opts.City}.device(a.Device, "ack"), true, text, err
	})
}

// sendAnswers does the same with answers about claim numbers.
func (c *Collector) sendAnswers(ctx context.Context, client paho.Client) error {
	return send(ctx, c, client, c.answers, func(a claim.Answer) (string, bool, []byte, error) {
		text, err := claim.SignAnswer(c.opts.SignKey, a)
		return topics{c.opts.City}.device(a.Device, "claim"), false, text, err
	})
}

func send[T any](ctx context.Context, c *Collector, client paho.Client, q *queue[T], sign func(T) (topic string, retained bool, text []byte, err error)) error {
	var window []paho.Token
	for {
		if len(window) == ackWindow {
			if err := c.await(ctx, window[0]); err != nil {
				return fmt.Errorf("publishing acknowledgement: %w", err)
			}
			window = window[1:]
		}
		v, ok := q.take(ctx)
		if !ok {
			return nil
		}
		topic, retained, text, err := sign(v)
		if err != nil {
			if total := c.counts.unsent.Add(1); powerOfTwo(total) {
				c.opts.Log.Error("answer not signed", "topic", topic, "err", err, "failures", total)
			}
			continue
		}
		token, err := c.publish(ctx, client, topic, retained, text)
		if err != nil {
			return nil // the session has ended
		}
		window = append(window, token)
	}
}
