// SPDX-License-Identifier: Apache-2.0

package line

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Opts says where the broker is and who calls. The zero value of a field means the default.
type Opts struct {
	// Broker is tcp:// or mqtt://, or tls:// or mqtts://, with host and port. Required.
	Broker string
	// ClientID is ours at the broker. Required.
	ClientID string
	// Username and Password are for brokers that ask. Default user: the client id.
	Username, Password string
	// TLS is for tls:// brokers. Default: the system's roots; never below TLS 1.3.
	TLS *tls.Config
	// Timeout bounds connecting, subscribing and each publish. Default 20 s.
	Timeout time.Duration
	// KeepAlive is the time between pings. Default 45 s.
	KeepAlive time.Duration
	// RetryMin and RetryMax bound the waits of Run before another try: full jitter under a doubling limit. Default 500 ms, 30 s.
	RetryMin, RetryMax time.Duration
	// MaxPacket is the longest packet taken from the broker, in bytes. Default 40 KiB: a batch of records is 32 KiB, its topic less than 1 KiB. A lower one
	// would let a box that says too much cut the line of everybody.
	MaxPacket int
	// WillTopic and Will are what the broker says, retained, when the connection is lost. Default: nothing.
	WillTopic string
	Will      []byte
	// Log receives that the broker is away. Default: none.
	Log *slog.Logger
}

func (o Opts) filled() Opts {
	o.Username = cmp.Or(o.Username, o.ClientID)
	o.Timeout, o.KeepAlive = cmp.Or(o.Timeout, 20*time.Second), cmp.Or(o.KeepAlive, 45*time.Second)
	o.RetryMin = cmp.Or(o.RetryMin, 500*time.Millisecond)
	o.RetryMax = max(cmp.Or(o.RetryMax, 30*time.Second), o.RetryMin)
	o.MaxPacket = cmp.Or(o.MaxPacket, 40<<10)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// CheckAddress says what is wrong with a broker's address; nil: nothing.
func CheckAddress(broker string) error {
	u, err := url.Parse(broker)
	if err != nil {
		return fmt.Errorf("reading broker address: %w", err)
	}
	switch u.Scheme {
	case "tcp", "mqtt", "tls", "mqtts":
	default:
		return fmt.Errorf("broker address %q: scheme is not tcp, mqtt, tls or mqtts", u.Redacted())
	}
	if u.Hostname() == "" || u.Port() == "" {
		return fmt.Errorf("broker address %q: want host and port, as in tcp://127.0.0.1:1883", u.Redacted())
	}
	if u.User != nil {
		return fmt.Errorf("broker address %q: user and password do not belong into an address", u.Redacted())
	}
	return nil
}

// good is how long a connection lasts after which the waits begin anew.
const good = 10 * time.Minute

// Run calls session for one connection after another until ctx ends, and returns nil then. A session's context ends, with the reason as its cause, when the connection is
// lost; session then returns.
func Run(ctx context.Context, o Opts, session func(ctx context.Context, c *Conn) error) error {
	if err := CheckAddress(o.Broker); err != nil {
		return err
	}
	o = o.filled()
	for try := 0; ; try++ {
		began := time.Now()
		err := once(ctx, o, session)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > good {
			try = 0
		}
		wait := Backoff(o.RetryMin, o.RetryMax, try)
		o.Log.Warn("broker away", "as", o.ClientID, "err", err, "retry_in", wait.Round(time.Millisecond))
		if !Sleep(ctx, wait) {
			return nil
		}
	}
}

func once(ctx context.Context, o Opts, session func(context.Context, *Conn) error) error {
	c, ctx, err := Dial(ctx, o)
	if err != nil {
		return err
	}
	defer c.Close()
	return session(ctx, c)
}

// Conn is one connection. Its methods may be called from any goroutine.
type Conn struct {
	client paho.Client
	o      Opts
	cancel context.CancelCauseFunc
}

// Dial makes one connection. The context that it returns ends when the connection is lost, with the reason as its cause.
func Dial(ctx context.Context, o Opts) (*Conn, context.Context, error) {
	o = o.filled()
	ctx, cancel := context.WithCancelCause(ctx)
	p := paho.NewClientOptions().AddBroker(o.Broker).SetClientID(o.ClientID)
	p.SetProtocolVersion(4)
	p.SetCleanSession(true)
	p.SetAutoReconnect(false)
	p.SetConnectRetry(false)
	p.SetOrderMatters(false) // handlers wait for the database
	p.SetKeepAlive(o.KeepAlive)
	p.SetPingTimeout(15 * time.Second)
	p.SetConnectTimeout(o.Timeout)
	p.SetWriteTimeout(o.Timeout)
	p.SetUsername(o.Username)
	p.SetPassword(o.Password)
	p.SetCustomOpenConnectionFn(o.dial)
	if o.WillTopic != "" {
		p.SetBinaryWill(o.WillTopic, o.Will, 1, true)
	}
	p.SetDefaultPublishHandler(func(paho.Client, paho.Message) {}) // without a handler a message is never acknowledged
	p.SetConnectionLostHandler(func(_ paho.Client, err error) { cancel(fmt.Errorf("connection lost: %w", err)) })
	c := &Conn{client: paho.NewClient(p), o: o, cancel: cancel}
	if err := c.Await(ctx, c.client.Connect()); err != nil {
		c.Close()
		return nil, nil, fmt.Errorf("connecting to broker: %w", err)
	}
	return c, ctx, nil
}

// Close ends the connection, if it has not ended, without the will.
func (c *Conn) Close() {
	quiesce := uint(0) // ms
	if c.Open() {
		quiesce = 250
	}
	c.client.Disconnect(quiesce)
	c.cancel(errors.New("connection closed"))
}

// Open tells whether the connection stands.
func (c *Conn) Open() bool { return c.client.IsConnectionOpen() }

// Await waits for a token. A token alone may never complete.
func (c *Conn) Await(ctx context.Context, token paho.Token) error {
	t := time.NewTimer(c.o.Timeout)
	defer t.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return fmt.Errorf("no answer within %v", c.o.Timeout)
	}
}

// Begin hands a message of QoS 1 to the client; its token completes at PUBACK. paho's Publish blocks for the whole write timeout if the connection is lost at that moment.
func (c *Conn) Begin(ctx context.Context, topic string, retained bool, body []byte) (paho.Token, error) {
	got := make(chan paho.Token, 1)
	go func() { got <- c.client.Publish(topic, 1, retained, body) }()
	select {
	case token := <-got:
		return token, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Publish sends a message of QoS 1 and waits for its PUBACK.
func (c *Conn) Publish(ctx context.Context, topic string, retained bool, body []byte) error {
	token, err := c.Begin(ctx, topic, retained, body)
	if err == nil {
		err = c.Await(ctx, token)
	}
	return err
}

// Post sends a message of QoS 0: it may be lost, and no broker keeps a queue of them.
func (c *Conn) Post(topic string, body []byte) { c.client.Publish(topic, 0, false, body) }

// Group is in front of a filter that several of us share.
const Group = "$share/collector/"

// Subscribe asks for topics at QoS 1, in one packet: mochi refuses a SUBSCRIBE whose number is that of a message on its way to us, and retained ones come at once. A
// refusal of any is an error. handle may wait; the message is acknowledged when it returns.
func (c *Conn) Subscribe(ctx context.Context, filters []string, handle func(paho.Message)) error {
	ask := map[string]byte{}
	for _, f := range filters {
		ask[f] = 1
	}
	token := c.client.SubscribeMultiple(ask, func(_ paho.Client, m paho.Message) { handle(m) })
	if err := c.Await(ctx, token); err != nil {
		return fmt.Errorf("subscribing %s: %w", strings.Join(filters, " "), err)
	}
	granted := token.(*paho.SubscribeToken).Result()
	for _, f := range slices.Sorted(maps.Keys(ask)) {
		if code, ok := granted[strings.TrimPrefix(f, Group)]; ok && code <= 2 { // for one filter paho names the result without the group
			continue
		}
		if code, ok := granted[f]; !ok || code > 2 {
			return fmt.Errorf("subscribing %s: broker refused", f)
		}
	}
	return nil
}
