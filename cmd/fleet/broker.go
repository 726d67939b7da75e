// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/line"
)

func brokerCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "broker", Short: "Look after the broker", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var s service
	device := ""
	check := &cobra.Command{
		Use: "check --city DIR --broker URL", Short: "Try what boxes and strangers may do at the broker, and how fast it answers", Args: cobra.NoArgs,
		Long: `Connects under the director's name (a director that serves goes on) and, with --device-cert, as a box, and
tries what must work and what must not: a box must not hear another's orders, nobody without a name must
get in. It also times 20 round trips: a broker without "set_tcp_nodelay true" takes 40 ms for each
(mosquitto's default).

A broker that takes a certificate's name for the client id (mosquitto's use_username_as_clientid) ends
the connection of a director that serves under the same one: give --broker-cert one named
"` + broker.DirectorCheckID + `", which the example ACL lets do the same.

Publishes only on topics of the boxes "` + probeBox + `" and "probe-1", which no fleet has. Exit status 1 if anything is wrong.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if s.broker == "" {
				return usage("--broker is missing")
			}
			d, err := a.depot()
			if err != nil {
				return err
			}
			o := line.Opts{Broker: s.broker, ClientID: broker.DirectorCheckID, Username: broker.DirectorID, Timeout: 5 * time.Second}
			if s.password != "" {
				if o.Password, err = secretFile(s.password); err != nil {
					return err
				}
			}
			if o.TLS, err = s.tls(); err != nil {
				return err
			}
			var box *tls.Config
			if device != "" {
				cert, key, _ := strings.Cut(device, ",")
				other := s
				other.cert, other.key = cert, key
				if box, err = other.tls(); err != nil {
					return err
				}
			}
			return a.checkBroker(c.Context(), d.City(), o, box)
		},
	}
	f := check.Flags()
	f.SortFlags = false
	f.StringVar(&s.broker, "broker", "", "the broker: tcp://host:port, or tls://host:port")
	f.StringVar(&s.password, "password-file", "", "file with the director's password at the broker")
	f.StringVar(&s.ca, "broker-ca", "", "file with the authority that the broker's certificate is from (default the system's)")
	f.StringVar(&s.cert, "broker-cert", "", "file with the director's certificate")
	f.StringVar(&s.key, "broker-key", "", "file with its key")
	f.StringVar(&device, "device-cert", "", "CERT,KEY of a test box named "+probeBox+", for a broker with TLS")
	cmd.AddCommand(check)
	return cmd
}

// probeBox is the box as which the broker is tried.
const probeBox = "probe-0"

// finding is one thing that was tried.
type finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Text string `json:"text,omitempty"`
}

// errBroker says that something was found.
var errBroker = errors.New("the broker is not as it must be")

func (a *app) checkBroker(ctx context.Context, city string, o line.Opts, boxTLS *tls.Config) error {
	var list []finding
	note := func(what string, err error) {
		f := finding{What: what, OK: err == nil}
		if err != nil {
			f.Text = err.Error()
		}
		list = append(list, f)
	}
	own := "mg/1/" + city + "/d/" + probeBox + "/"
	other := "mg/1/" + city + "/d/probe-1/"
	director, dctx, err := line.Dial(ctx, o)
	note("the director gets in", err)
	if err != nil {
		return a.brokerFindings(list)
	}
	defer director.Close()
	heard := make(chan string, 64)
	note("the director hears boxes", director.Subscribe(dctx, []string{"mg/1/" + city + "/d/+/presence", "mg/1/" + city + "/d/+/reported", "mg/1/" + city + "/d/+/req"},
		func(m paho.Message) {
			select {
			case heard <- m.Topic():
			default:
			}
		}))
	bo := line.Opts{Broker: o.Broker, ClientID: probeBox, TLS: boxTLS, Timeout: o.Timeout}
	if bo.TLS == nil {
		bo.TLS = o.TLS
	}
	box, bctx, err := line.Dial(ctx, bo)
	note("a box gets in", err)
	if err == nil {
		defer box.Close()
		orders := make(chan string, 64)
		note("a box hears its own orders", box.Subscribe(bctx, []string{own + "desired", own + "chunk"}, func(m paho.Message) {
			select {
			case orders <- string(m.Payload()):
			default:
			}
		}))
		another := listen(bctx, box, own, other+"desired")
		all := listen(bctx, box, own, "mg/1/"+city+"/d/+/desired", "mg/1/"+city+"/d/+/reported")
		if err := director.Publish(dctx, other+"desired", false, []byte("{}")); err != nil {
			note("the director speaks to boxes", err)
		}
		note("a box does not speak for another", a.deaf(bctx, box, other+"reported", heard))
		took, err := trips(bctx, director, own+"desired", orders)
		if err == nil && took > 20*time.Millisecond {
			err = fmt.Errorf("%s for a round trip: set_tcp_nodelay true is missing, or the line is slow", took.Round(time.Millisecond))
		}
		note("answers come at once ("+took.Round(100*time.Microsecond).String()+")", err)
		// What was sent before these round trips would have come before their end.
		note("a box does not hear another's orders", overheard(another))
		note("a box does not hear all boxes", overheard(all))
		note("the retained order is taken back", director.Publish(dctx, own+"desired", true, nil))
	}
	stranger, _, err := line.Dial(ctx, line.Opts{Broker: o.Broker, ClientID: o.ClientID, Username: o.Username, Password: "not the password", TLS: withoutCertificate(o.TLS), Timeout: o.Timeout})
	if err == nil {
		stranger.Close()
		err = errors.New("it got in as the director")
	} else {
		err = nil
	}
	note("a stranger does not get in as the director", err)
	return a.brokerFindings(list)
}

func withoutCertificate(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	c = c.Clone()
	c.Certificates = nil
	return c
}

// listen subscribes where a box must not, and collects what comes of other boxes. A broker refuses that, or takes the subscription and delivers nothing, as mosquitto does.
func listen(ctx context.Context, box *line.Conn, own string, filters ...string) <-chan string {
	came := make(chan string, 64)
	for _, f := range filters {
		_ = box.Subscribe(ctx, []string{f}, func(m paho.Message) { // refused is as good
			if !strings.HasPrefix(m.Topic(), own) {
				select {
				case came <- m.Topic():
				default:
				}
			}
		})
	}
	return came
}

func overheard(came <-chan string) error {
	select {
	case topic := <-came:
		return errors.New("the broker delivered " + topic)
	default:
		return nil
	}
}

// deaf publishes where a box must not, and expects that nobody hears it. A broker of MQTT 3.1.1 has no other way to refuse than silence, or to cut the line.
func (a *app) deaf(ctx context.Context, box *line.Conn, topic string, heard <-chan string) error {
	box.Post(topic, []byte("{}"))
	late := time.NewTimer(500 * time.Millisecond)
	defer late.Stop()
	for {
		select {
		case got := <-heard:
			if got == topic {
				return errors.New("the broker delivered " + topic)
			}
		case <-late.C:
			return nil
		case <-ctx.Done():
			return nil // cut off: as good
		}
	}
}

// trips times messages from us to a box, the median of 20.
func trips(ctx context.Context, from *line.Conn, topic string, arrived <-chan string) (time.Duration, error) {
	var all []time.Duration
	for n := range 20 {
		text := fmt.Sprintf("probe %d", n)
		began := time.Now()
		if err := from.Publish(ctx, topic, false, []byte(text)); err != nil {
			return 0, err
		}
		late := time.NewTimer(3 * time.Second)
		for got := ""; got != text; {
			select {
			case got = <-arrived:
			case <-late.C:
				return 0, errors.New("a message did not arrive within 3 s")
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		}
		late.Stop()
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

func (a *app) brokerFindings(list []finding) error {
	var text strings.Builder
	bad := false
	for _, f := range list {
		mark := "ok "
		if !f.OK {
			mark, bad = "BAD", true
		}
		fmt.Fprintf(&text, "%s  %s", mark, f.What)
		if f.Text != "" {
			fmt.Fprintf(&text, ": %s", f.Text)
		}
		text.WriteString("\n")
	}
	err := a.say(list, text.String())
	if err == nil && bad {
		err = errBroker
	}
	return err
}
