// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"context"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/authority"
	"madoguchi/cmd/internal/broker"
	"madoguchi/device/issue"
	"madoguchi/sync/issuer"
)

// TestLine carries a whole operation over the embedded broker, with the rights that box and authority have there; the broker goes away once in the middle.
func TestLine(t *testing.T) {
	b, err := broker.Start(broker.Opts{City: city})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	r := newRig(t, spec("locked"))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.auth.Line(ctx, authority.LineOpts{Broker: b.URL(), Password: b.Password()}) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	down := make(chan []byte, 16)
	dial := func() paho.Client {
		c := paho.NewClient(paho.NewClientOptions().AddBroker(b.URL()).SetClientID(device).SetCleanSession(true).SetAutoReconnect(false).SetConnectTimeout(5 * time.Second))
		if tok := c.Connect(); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
			t.Fatal(tok.Error())
		}
		if tok := c.Subscribe("mg/1/"+city+"/d/"+device+"/issuer/down", 1, func(_ paho.Client, m paho.Message) { down <- m.Payload() }); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
			t.Fatal(tok.Error())
		}
		return c
	}
	c := dial()
	defer func() { c.Disconnect(0) }()
	cut := false
	r.post = func(f []byte) []byte {
		if r.box.state.Step == issue.Requesting && !cut {
			cut = true
			if err := b.SetUp(false); err != nil {
				t.Fatal(err)
			}
			if err := b.SetUp(true); err != nil {
				t.Fatal(err)
			}
			c.Disconnect(0)
			c = dial()
		}
		for range 30 { // a message that nobody was there for is sent again, as the box does
			if tok := c.Publish("mg/1/"+city+"/d/"+device+"/issuer/up", 1, false, f); !tok.WaitTimeout(10*time.Second) || tok.Error() != nil {
				t.Fatal(tok.Error())
			}
			select {
			case answer := <-down:
				return answer
			case <-time.After(500 * time.Millisecond):
			}
		}
		t.Fatal("no answer over the broker")
		return nil
	}
	r.begin(loginReset)
	r.run(time.Minute)
	if r.box.ended == nil || r.box.ended.Outcome != issue.Done || !cut {
		t.Errorf("%+v, broker cut %v", r.box.ended, cut)
	}
	if book, err := r.auth.Book(ctx, issuer.Done); err != nil || len(book) != 1 {
		t.Errorf("%d in the book, %v", len(book), err)
	}
}
