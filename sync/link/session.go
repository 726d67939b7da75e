// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"madoguchi/sync/enrol"
	"madoguchi/sync/wall"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// qos is 1 for what goes up: what matters is repeated until it is acknowledged end to end, and QoS 2 has open bugs in paho (thread #788).
const qos = 1

// subQoS is 0 for what comes down. QoS 1 delivers again in a session that is taken up again, which a clean one never is; all that comes down is retained or asked for again. And
// a NATS cluster keeps a consumer for every subscription with QoS 1: a hundred boxes that came back at once took more than two minutes to subscribe.
const subQoS = 0

// reportSpread is how long the first state document of a connection waits at most.
const reportSpread = 60 * time.Second

// refused is the SUBACK code of a refused subscription.
const refused = 0x80

// session is one connection to the broker, from dialling to its loss. It returns why it ended; ctx's end takes it down in good order.
func (r *runner) session(ctx context.Context) error {
	number, err := nextSession(r.cfg.DataDir, r.opts.Clock.Now())
	if err != nil {
		return err
	}
	r.opts.Counts.Connections.Add(1)
	conn, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	addr, config := r.nextBroker()
	var mu sync.Mutex
	var line net.Conn
	o := r.options(addr, number, cancel)
	o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
		c, err := dial(conn, addr, config, r.opts.Timeout, r.opts.MaxPacket)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			line = c
		}
		return c, err
	})
	client := mqtt.NewClient(o)
	defer func() {
		// Close the line first: Disconnect waits for workers that may wait for the line.
		mu.Lock()
		if line != nil {
			line.Close()
		}
		mu.Unlock()
		client.Disconnect(0)
	}()

	if err := r.wait(conn, client.Connect(), 2*r.opts.Timeout); err != nil {
		return fmt.Errorf("connecting to broker: %w", err)
	}
	if err := r.subscribe(conn, client); err != nil {
		return err
	}
	if err := r.wait(conn, client.Publish(r.topics.Presence, qos, true, presence(r.cfg.Group, true, number)), r.opts.PubackTimeout); err != nil {
		return fmt.Errorf("publishing presence: %w", err)
	}
	r.opts.Log.Info("broker connected", "session", number)
	r.clock.connected(r.seen(&mu, &line))
	if r.identity != nil && config != nil {
		r.hub.shown(&config.Certificates[0])
		if err := r.identity.proved(config.Certificates[0].Leaf); err != nil {
			r.opts.Log.Warn("certificate of before not erased", "err", err)
		}
	}
	r.hub.connected(r.opts.Clock.Now(), r.clock.now())
	if r.identity != nil {
		go r.renew(conn, client, cancel)
	}
	if r.enrol != nil {
		r.hub.say(func(w *enrol.Word) { w.Line = enrol.LineUp })
		go r.publishAsked(conn, client, cancel)
	}
	for range r.opts.Window {
		go r.publishUp(conn, client, cancel)
	}
	go r.publishReported(conn, client, cancel)
	go r.publishLastWord(conn, client, cancel)
	go r.publishWants(conn, client, cancel)
	go r.watch(conn, cancel)
	<-conn.Done()
	if ctx.Err() != nil && client.IsConnectionOpen() {
		// DISCONNECT takes the will back, so say it ourselves.
		client.Publish(r.topics.Presence, qos, true, presence(r.cfg.Group, false, number)).WaitTimeout(time.Second)
		client.Disconnect(250)
	}
	return context.Cause(conn)
}

// options are those of a client that is used for one connection only.
func (r *runner) options(addr string, number uint64, lost context.CancelCauseFunc) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions().AddBroker("tcp://" + addr) // the scheme is not used: dial knows
	o.SetClientID(r.cfg.Device)
	o.SetProtocolVersion(4)   // else each refused CONNECT is tried again as MQTT 3.1
	o.SetCleanSession(true)   // acknowledgement and assignment are retained, records are acknowledged end to end
	o.SetAutoReconnect(false) // else a token without error does not mean PUBACK
	o.SetConnectRetry(false)  // its waits have no jitter
	o.SetOrderMatters(true)   // an older assignment must not overtake the newest; our handlers wait for nothing
	o.SetKeepAlive(r.opts.KeepAlive)
	o.SetPingTimeout(r.opts.PingTimeout)
	o.SetConnectTimeout(r.opts.Timeout)
	o.SetWriteTimeout(r.opts.Timeout)
	o.SetBinaryWill(r.topics.Presence, presence(r.cfg.Group, false, number), qos, true)
	// Without a handler a message would never be acknowledged and would fill the broker's window for us.
	o.SetDefaultPublishHandler(func(mqtt.Client, mqtt.Message) { r.opts.Counts.Unexpected.Add(1) })
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost(fmt.Errorf("connection lost: %w", err)) })
	return o
}

// errNoAnswer means that the broker was silent for too long.
var errNoAnswer = errors.New("broker does not answer")

// wait waits for a token, which alone may never complete.
func (r *runner) wait(ctx context.Context, t mqtt.Token, limit time.Duration) error {
	c, stop := r.opts.Clock.Timer(limit)
	defer stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-c:
		return fmt.Errorf("%w within %v", errNoAnswer, limit)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// subscribe asks for the box's own topics and looks at every code of the answer.
func (r *runner) subscribe(ctx context.Context, client mqtt.Client) error {
	handlers := map[string]func([]byte){
		r.topics.Ack:     func(b []byte) { r.hub.fromBroker(wall.Ack, b) },
		r.topics.Desired: func(b []byte) { r.hub.fromBroker(wall.Desired, b) },
		r.topics.Claim:   func(b []byte) { r.hub.fromBroker(wall.Claim, b) },
		r.topics.Host:    r.onHost,

		r.topics.Chunk:      func(b []byte) { r.hub.fromBroker(wall.Bytes, b) },
		r.topics.IssuerDown: func(b []byte) { r.hub.fromBroker(wall.Issuer, b) },
	}
	if r.identity != nil || r.enrol != nil {
		handlers[r.topics.EnrolDown] = func(b []byte) { r.hub.fromBroker(wall.Enrol, b) }
	}
	filters := map[string]byte{}
	for topic := range handlers {
		filters[topic] = subQoS
	}
	token := client.SubscribeMultiple(filters, func(_ mqtt.Client, m mqtt.Message) {
		if h := handlers[m.Topic()]; h != nil && ctx.Err() == nil {
			h(m.Payload())
			return
		}
		r.opts.Counts.Unexpected.Add(1)
	})
	if err := r.wait(ctx, token, r.opts.Timeout); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	granted := token.(*mqtt.SubscribeToken).Result()
	for topic := range filters {
		if code, ok := granted[topic]; !ok || code >= refused {
			return fmt.Errorf("subscribing %s: %w", topic, errRefused)
		}
	}
	return nil
}

// errRefused means that the broker does not let the box have what is its own.
var errRefused = errors.New("broker refused")

func (r *runner) onHost(text []byte) {
	online, err := hostOnline(text)
	if err != nil {
		r.opts.Counts.Unexpected.Add(1)
		return
	}
	r.hub.set(r.opts.Clock.Now(), func() { r.hub.host = &online })
}

// publishUp hands batches, claims and issuer messages to the broker one after the other. One that is not confirmed in time ends the connection; nothing is kept, the PIN side sends again.
func (r *runner) publishUp(ctx context.Context, client mqtt.Client, fail context.CancelCauseFunc) {
	topics := map[wall.Type]string{wall.Records: r.topics.Rec, wall.ClaimPut: r.topics.ClaimPut, wall.ClaimGet: r.topics.ClaimGet, wall.Issuer: r.topics.IssuerUp}
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-r.hub.up:
			if f.Type == wall.Records {
				poke(r.hub.sent) // before: the receipt may overtake PUBACK
			}
			if err := r.wait(ctx, client.Publish(topics[f.Type], qos, false, f.Body), r.opts.PubackTimeout); err != nil {
				fail(fmt.Errorf("publishing %v: %w", f.Type, err))
				return
			}
		}
	}
}

// publishWants hands requests for parts of an update to the broker, without an answer: the PIN side asks again for what does not come.
func (r *runner) publishWants(ctx context.Context, client mqtt.Client, fail context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case body := <-r.hub.wants:
			if err := r.wait(ctx, client.Publish(r.topics.Req, 0, false, body), r.opts.PubackTimeout); err != nil {
				fail(fmt.Errorf("publishing request: %w", err))
				return
			}
		}
	}
}

// errNoReceipt means that records went out, the broker took them, and nothing came back.
var errNoReceipt = errors.New("city hall confirms nothing")

// watch ends a connection over which records go out and no receipt comes back. A broker may grant a subscription that it never serves (mosquitto with a wrong access list, a cluster that
// lost the node which kept it), and acknowledge what it throws away: only the receipt proves both ways.
func (r *runner) watch(ctx context.Context, fail context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hub.received: // unasked
		case <-r.hub.sent:
			c, stop := r.opts.Clock.Timer(r.opts.AckTimeout)
			select {
			case <-ctx.Done():
			case <-r.hub.received:
				// One receipt may be for several batches. If it was not, the PIN side sends the others again.
				select {
				case <-r.hub.sent:
				default:
				}
			case <-c:
				fail(fmt.Errorf("%w within %v", errNoReceipt, r.opts.AckTimeout))
			}
			stop()
		}
	}
}

// publishReported keeps the retained state document up to date. The first one of a connection waits for a random time, for it is the one thing that every box of a city sends
// after a power cut.
func (r *runner) publishReported(ctx context.Context, client mqtt.Client, fail context.CancelCauseFunc) {
	if !r.sleep(ctx, r.opts.Jitter(min(r.cfg.Spread, reportSpread))) {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hub.toBroker:
			doc := r.hub.forBroker()
			if doc == nil {
				continue
			}
			if err := r.wait(ctx, client.Publish(r.topics.Reported, qos, true, doc), r.opts.PubackTimeout); err != nil {
				fail(fmt.Errorf("publishing state: %w", err))
				return
			}
		}
	}
}
