// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

const (
	devA = "aaaaaaaaaaaaaaaa"
	devB = "bbbbbbbbbbbbbbbb"
	// wait bounds every wait for the network in these tests.
	wait = 10 * time.Second
)

func start(t *testing.T) *Broker {
	t.Helper()
	b, err := Start(Opts{City: "nabari"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(); err != nil {
			t.Errorf("stopping broker: %v", err)
		}
	})
	return b
}

// options are a client's, with nothing that reconnects behind the test's back.
func options(b *Broker, id string) *paho.ClientOptions {
	o := paho.NewClientOptions().AddBroker(b.URL()).SetClientID(id).SetProtocolVersion(4).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(wait).SetWriteTimeout(wait)
	if id == CollectorID || id == IssuerID || id == DirectorID {
		o.SetUsername(id).SetPassword(b.Password())
	}
	return o
}

func connect(t *testing.T, o *paho.ClientOptions) (paho.Client, error) {
	t.Helper()
	c := paho.NewClient(o)
	tok := c.Connect()
	if !tok.WaitTimeout(wait) {
		t.Fatalf("connecting %s: no answer", o.ClientID)
	}
	if tok.Error() == nil {
		t.Cleanup(func() { c.Disconnect(0) })
	}
	return c, tok.Error()
}

func mustConnect(t *testing.T, o *paho.ClientOptions) paho.Client {
	t.Helper()
	c, err := connect(t, o)
	if err != nil {
		t.Fatalf("connecting %s: %v", o.ClientID, err)
	}
	return c
}

// subscribe returns the granted code and the messages as "topic=payload".
func subscribe(t *testing.T, c paho.Client, filter string) (byte, <-chan string) {
	t.Helper()
	got := make(chan string, 64)
	tok := c.Subscribe(filter, 1, func(_ paho.Client, m paho.Message) {
		got <- fmt.Sprintf("%s=%s retained=%t", m.Topic(), m.Payload(), m.Retained())
	})
	if !tok.WaitTimeout(wait) {
		t.Fatalf("subscribing %s: no answer", filter)
	}
	code, ok := tok.(*paho.SubscribeToken).Result()[filter]
	if !ok {
		code = 0x80
	}
	return code, got
}

func publish(t *testing.T, c paho.Client, topic, payload string, retained bool) error {
	t.Helper()
	tok := c.Publish(topic, 1, retained, payload)
	if !tok.WaitTimeout(wait) {
		t.Fatalf("publishing %s: no answer", topic)
	}
	return tok.Error()
}

func next(t *testing.T, c <-chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(wait):
		t.Fatal("no message came")
		return ""
	}
}

func TestStartRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		name string
		opts Opts
		want string
	}{
		{"every address", Opts{Listen: "0.0.0.0:0", City: "nabari"}, "not a loopback address"},
		{"no host", Opts{Listen: ":0", City: "nabari"}, "not a loopback address"},
		{"another machine's", Opts{Listen: "192.0.2.1:0", City: "nabari"}, "not a loopback address"},
		{"no port", Opts{Listen: "127.0.0.1", City: "nabari"}, "missing port"},
		{"no city", Opts{}, "no city code"},
		{"port in use", Opts{Listen: taken.Addr().String(), City: "nabari"}, "address already in use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Start(c.opts)
			if err == nil {
				b.Stop()
				t.Fatalf("started at %s", b.URL())
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %q, want it to contain %q", err, c.want)
			}
		})
	}
}

// TestDownAndUp takes the broker away and brings it back at the same address,
// with nothing remembered.
func TestDownAndUp(t *testing.T) {
	b := start(t)
	at := b.URL()
	lost := make(chan error, 1)
	o := options(b, devA).SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	dev := mustConnect(t, o)
	if err := publish(t, dev, "mg/1/nabari/d/"+devA+"/presence", "on", true); err != nil {
		t.Fatal(err)
	}
	_, got := subscribe(t, mustConnect(t, options(b, CollectorID)), "mg/1/nabari/d/+/presence")
	if diff := cmp.Diff("mg/1/nabari/d/"+devA+"/presence=on retained=true", next(t, got)); diff != "" {
		t.Errorf("retained presence (-want +got):\n%s", diff)
	}
	for range 3 {
		if err := errors.Join(b.SetUp(false), b.SetUp(false)); err != nil {
			t.Fatal(err)
		}
		if b.Up() {
			t.Error("Up() is true while down")
		}
		if _, err := connect(t, options(b, devA)); err == nil {
			t.Fatal("connected while down")
		}
		if err := errors.Join(b.SetUp(true), b.SetUp(true)); err != nil {
			t.Fatal(err)
		}
		if b.URL() != at {
			t.Fatalf("came back at %s, was %s", b.URL(), at)
		}
	}
	select {
	case <-lost:
	case <-time.After(wait):
		t.Error("the device's connection was not cut")
	}
	coll := mustConnect(t, options(b, CollectorID))
	_, got = subscribe(t, coll, "mg/1/nabari/d/+/presence")
	subscribe(t, coll, "mg/1/nabari/d/+/rec") // answered when the first one's retained messages are on their way
	if err := publish(t, mustConnect(t, options(b, devB)), "mg/1/nabari/d/"+devB+"/presence", "new", true); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("mg/1/nabari/d/"+devB+"/presence=new retained=false", next(t, got)); diff != "" {
		t.Errorf("first presence after the return (-want +got):\n%s", diff)
	}
}

// TestWill carries a device's will to the collector when its line is cut.
func TestWill(t *testing.T) {
	b := start(t)
	_, got := subscribe(t, mustConnect(t, options(b, CollectorID)), "mg/1/nabari/d/+/presence")
	topic := "mg/1/nabari/d/" + devA + "/presence"
	line, err := net.Dial("tcp", strings.TrimPrefix(b.URL(), "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	o := options(b, devA).SetWill(topic, "off", 1, true)
	o.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) { return line, nil })
	mustConnect(t, o)
	line.Close()
	if diff := cmp.Diff(topic+"=off retained=false", next(t, got)); diff != "" {
		t.Errorf("will (-want +got):\n%s", diff)
	}
}

// TestTooLarge cuts a client that sends more than the largest packet.
func TestTooLarge(t *testing.T) {
	b := start(t)
	lost := make(chan error, 1)
	o := options(b, devA).SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	c := mustConnect(t, o)
	c.Publish("mg/1/nabari/d/"+devA+"/rec", 1, false, make([]byte, 600<<10))
	select {
	case <-lost:
	case <-time.After(wait):
		t.Fatal("the connection stayed open")
	}
}

func TestStopTwice(t *testing.T) {
	b := start(t)
	if err := errors.Join(b.SetUp(false), b.Stop(), b.Stop()); err != nil {
		t.Fatal(err)
	}
	if err := b.SetUp(true); !errors.Is(err, ErrStopped) {
		t.Errorf("SetUp after Stop: got %v, want %v", err, ErrStopped)
	}
}
