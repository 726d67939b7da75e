// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"fmt"

	"madoguchi/cmd/internal/line"
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
	conn, ctx, err := line.Dial(ctx, c.options(number))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := c.subscribe(ctx, conn); err != nil {
		return err
	}
	c.setStatus(func(s *Status) { s.Broker = true })
	c.opts.Log.Info("broker connected", "session", number)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for _, send := range []func(context.Context, *line.Conn) error{c.sendAcks, c.sendAnswers} {
		go func() {
			if err := send(ctx, conn); err != nil {
				cancel(err)
			}
		}()
	}
	return c.host(ctx, conn, number)
}

// options are those of the connection of a number.
func (c *Collector) options(number uint64) line.Opts {
	return line.Opts{Broker: c.opts.Broker, ClientID: clientID(c.opts.Name), Username: c.opts.Username, Password: c.opts.Password, TLS: c.opts.TLS,
		Timeout: c.opts.Timeout, KeepAlive: c.opts.KeepAlive, WillTopic: topics{c.opts.City}.host(), Will: hostState(false, number), Log: c.opts.Log}
}

// subscribe asks for what devices send, for the host state, and for the broker's
// own word on what it dropped, which not every broker gives.
func (c *Collector) subscribe(ctx context.Context, conn *line.Conn) error {
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
			filter = line.Group + filter
		}
		if err := c.listen(ctx, conn, filter, handle); err != nil {
			return err
		}
	}
	if err := c.listen(ctx, conn, t.host(), c.onHost(ctx)); err != nil {
		return err
	}
	for _, topic := range droppedTopics {
		if err := c.listen(ctx, conn, topic, c.onDropped); err != nil && ctx.Err() == nil {
			c.opts.Log.Info("the broker does not say what it drops", "topic", topic)
		}
	}
	return nil
}

// listen subscribes and hands what comes to the writers. A handler that returns
// no job has done its work.
func (c *Collector) listen(ctx context.Context, conn *line.Conn, filter string, handle func(paho.Message) job) error {
	return conn.Subscribe(ctx, []string{filter}, func(m paho.Message) {
		// It is acknowledged when this returns: after the commit. The broker's
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
func (c *Collector) sendAcks(ctx context.Context, conn *line.Conn) error {
	return send(ctx, c, conn, c.acks, func(a record.Ack) (string, bool, []byte, error) {
		text, err := record.SignAck(c.opts.SignKey, a)
		return topics{c.opts.City}.device(a.Device, "ack"), true, text, err
	})
}

// sendAnswers does the same with answers about claim numbers.
func (c *Collector) sendAnswers(ctx context.Context, conn *line.Conn) error {
	return send(ctx, c, conn, c.answers, func(a claim.Answer) (string, bool, []byte, error) {
		text, err := claim.SignAnswer(c.opts.SignKey, a)
		return topics{c.opts.City}.device(a.Device, "claim"), false, text, err
	})
}

func send[T any](ctx context.Context, c *Collector, conn *line.Conn, q *queue[T], sign func(T) (topic string, retained bool, text []byte, err error)) error {
	var window []paho.Token
	for {
		if len(window) == ackWindow {
			if err := conn.Await(ctx, window[0]); err != nil {
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
		token, err := conn.Begin(ctx, topic, retained, text)
		if err != nil {
			return nil // the session has ended
		}
		window = append(window, token)
	}
}
