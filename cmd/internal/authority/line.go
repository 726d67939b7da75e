// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/line"
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

// sweepEvery is between two looks for operations that nobody has ended.
const sweepEvery = time.Minute

// Line answers boxes over MQTT until ctx ends, over as many connections as it takes: mg/1/<city>/d/<device>/issuer/up comes in, issuer/down goes out. Nothing is retained, and what is
// lost is asked again.
func (a *Authority) Line(ctx context.Context, o LineOpts) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return line.Run(ctx, line.Opts{Broker: o.Broker, ClientID: ClientID, Password: o.Password, TLS: o.TLS, Log: o.Log}, func(ctx context.Context, c *line.Conn) error {
		all := "mg/1/" + a.opts.City + "/d/+/issuer/up"
		err := c.Subscribe(ctx, []string{all}, func(m paho.Message) {
			if err := a.answer(ctx, c, m); err != nil && ctx.Err() == nil {
				o.Log.Warn("issuer message", "err", err) // names the box, never what is in the message
			}
		})
		if err != nil {
			return err
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
	})
}

func (a *Authority) answer(ctx context.Context, c *line.Conn, m paho.Message) error {
	device, ok := strings.CutPrefix(m.Topic(), "mg/1/"+a.opts.City+"/d/")
	device, end := strings.CutSuffix(device, "/issuer/up")
	if !ok || !end || m.Retained() || len(m.Payload()) > issuer.MaxSize {
		return fmt.Errorf("message of %d bytes on a topic that has none", len(m.Payload()))
	}
	frame, err := a.Handle(ctx, device, m.Payload())
	if err != nil || frame == nil {
		return err
	}
	return c.Publish(ctx, "mg/1/"+a.opts.City+"/d/"+device+"/issuer/down", false, frame)
}
