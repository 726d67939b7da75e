// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/sync/issuer"
)

// ClientID is the authority's MQTT client id and user name. A device id has no underscore, so no box can have it.
const ClientID = "host_issuer"

// LineOpts says where the broker is.
type LineOpts struct {
	Broker   string      // tcp://host:port or tls://host:port
	Password string      // for brokers that ask
	TLS      *tls.Config // for tls://
	Log      *slog.Logger
}

const (
	lineTimeout = 20 * time.Second // for connecting, subscribing and each publish
	sweepEvery  = time.Minute
)

// Line answers boxes over MQTT until ctx ends, over as many connections as it takes: mg/1/<city>/d/<device>/issuer/up comes in, issuer/down goes out. Nothing is retained, and what is
// lost is asked again.
func (a *Authority) Line(ctx context.Context, o LineOpts) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if u, err := url.Parse(o.Broker); err != nil || u.Port() == "" {
		return errors.Join(fmt.Errorf("broker address: want host and port, as in tcp://127.0.0.1:1883"), err)
	}
	for try := 0; ctx.Err() == nil; try++ {
		began := time.Now()
		err := a.session(ctx, o)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > 10*time.Minute {
			try = 0
		}
		wait := rand.N(min(30*time.Second, 500*time.Millisecond<<min(try, 8))) + 1
		o.Log.Warn("issuer link's broker away", "err", err, "retry_in", wait.Round(time.Millisecond))
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

// session is one connection.
func (a *Authority) session(ctx context.Context, o LineOpts) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	opts := paho.NewClientOptions().AddBroker(o.Broker).SetClientID(ClientID).SetUsername(ClientID).SetPassword(o.Password).SetTLSConfig(o.TLS)
	opts.SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetOrderMatters(false)
	opts.SetConnectTimeout(lineTimeout).SetWriteTimeout(lineTimeout).SetKeepAlive(45 * time.Second)
	opts.SetDialer(&net.Dialer{Timeout: lineTimeout})
	opts.SetConnectionLostHandler(func(_ paho.Client, err error) { cancel(fmt.Errorf("connection lost: %w", err)) })
	client := paho.NewClient(opts)
	defer client.Disconnect(0)
	if err := await(ctx, client.Connect()); err != nil {
		return fmt.Errorf("connecting to broker: %w", err)
	}
	all := "mg/1/" + a.opts.City + "/d/+/issuer/up"
	token := client.Subscribe(all, 1, func(c paho.Client, m paho.Message) {
		if err := a.answer(ctx, c, m); err != nil && ctx.Err() == nil {
			o.Log.Warn("issuer message", "err", err) // names the box, never what is in the message
		}
	})
	if err := await(ctx, token); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	if code := token.(*paho.SubscribeToken).Result()[all]; code > 2 {
		return fmt.Errorf("subscribing: broker refused %s", all)
	}
	o.Log.Info("issuer link's broker connected")
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
			if err := a.Sweep(ctx); err != nil {
				return err
			}
		}
	}
}

func (a *Authority) answer(ctx context.Context, c paho.Client, m paho.Message) error {
	device, ok := strings.CutPrefix(m.Topic(), "mg/1/"+a.opts.City+"/d/")
	device, end := strings.CutSuffix(device, "/issuer/up")
	if !ok || !end || m.Retained() || len(m.Payload()) > issuer.MaxSize {
		return fmt.Errorf("message of %d bytes on a topic that has none", len(m.Payload()))
	}
	frame, err := a.Handle(ctx, device, m.Payload())
	if err != nil || frame == nil {
		return err
	}
	return await(ctx, c.Publish("mg/1/"+a.opts.City+"/d/"+device+"/issuer/down", 1, false, frame))
}

// await waits for a token, which alone may never complete.
func await(ctx context.Context, t paho.Token) error {
	limit := time.NewTimer(lineTimeout)
	defer limit.Stop()
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-limit.C:
		return fmt.Errorf("no answer within %v", lineTimeout)
	}
}
