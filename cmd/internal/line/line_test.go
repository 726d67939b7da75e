// SPDX-License-Identifier: Apache-2.0

package line_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/line"
)

// TestRun: a session for each connection; one that is lost ends its session with the reason, and another follows when the broker is back.
func TestRun(t *testing.T) {
	b, err := broker.Start(broker.Opts{City: "nabari"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	heard := make(chan string, 8)
	opts := line.Opts{Broker: b.URL(), ClientID: broker.DirectorID, Password: b.Password(), RetryMin: 10 * time.Millisecond}
	n := 0
	err = line.Run(ctx, opts, func(ctx context.Context, c *line.Conn) error {
		n++
		if err := c.Subscribe(ctx, []string{"mg/1/nabari/d/+/reported", "mg/1/nabari/d/+/presence"}, func(m paho.Message) { heard <- string(m.Payload()) }); err != nil {
			return err
		}
		box, _, err := line.Dial(ctx, line.Opts{Broker: b.URL(), ClientID: "box-1"})
		if err != nil {
			return err
		}
		defer box.Close()
		if err := box.Publish(ctx, "mg/1/nabari/d/box-1/reported", false, fmt.Appendf(nil, "session %d", n)); err != nil {
			return err
		}
		if got, want := <-heard, fmt.Sprintf("session %d", n); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
		if n == 3 {
			stop()
			return nil
		}
		for _, up := range []bool{false, true} {
			if err := b.SetUp(up); err != nil {
				t.Error(err)
			}
		}
		<-ctx.Done()
		if cause := context.Cause(ctx); n < 3 && !strings.Contains(cause.Error(), "connection lost") {
			t.Errorf("session %d ended with %v", n, cause)
		}
		return context.Cause(ctx)
	})
	if err != nil || n != 3 {
		t.Errorf("%d sessions, %v", n, err)
	}
}

// TestRefused: what the broker does not allow is an error, and not silence.
func TestRefused(t *testing.T) {
	b, err := broker.Start(broker.Opts{City: "nabari"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	ctx := t.Context()
	if _, _, err := line.Dial(ctx, line.Opts{Broker: b.URL(), ClientID: broker.DirectorID, Password: "not it"}); err == nil {
		t.Error("connected with a wrong password")
	}
	box, ctx, err := line.Dial(ctx, line.Opts{Broker: b.URL(), ClientID: "box-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	if err := box.Subscribe(ctx, []string{"mg/1/nabari/d/box-2/desired"}, func(paho.Message) {}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a box hears another's orders: %v", err)
	}
}

func TestCheckAddress(t *testing.T) {
	for address, want := range map[string]string{
		"tcp://127.0.0.1:1883": "", "mqtts://broker.example:8883": "", "tls://[::1]:8883": "",
		"http://x:1": "scheme", "tcp://x": "host and port", "tcp://:1883": "host and port", "tcp://a:b@x:1": "do not belong", "tcp://x:port": "reading",
	} {
		err := line.CheckAddress(address)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

func ExampleRun() {
	ctx, stop := context.WithCancel(context.Background())
	stop() // at once
	err := line.Run(ctx, line.Opts{Broker: "tcp://127.0.0.1:1", ClientID: "host_director"}, func(ctx context.Context, c *line.Conn) error {
		if err := c.Subscribe(ctx, []string{"mg/1/nabari/d/+/reported"}, func(paho.Message) {}); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	fmt.Println(err)
	// Output: <nil>
}
