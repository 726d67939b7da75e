// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"strings"
	"testing"

	paho "github.com/eclipse/paho.mqtt.golang"
)

func TestConnecting(t *testing.T) {
	b := start(t)
	will := func(topic string) func(*paho.ClientOptions) {
		return func(o *paho.ClientOptions) { o.SetWill(topic, "off", 1, true) }
	}
	for _, c := range []struct {
		name, id string
		change   func(*paho.ClientOptions)
		want     bool
	}{
		{"device", devA, nil, true},
		{"device that names itself", devA, func(o *paho.ClientOptions) { o.SetUsername(devA) }, true},
		{"device that names another", devA, func(o *paho.ClientOptions) { o.SetUsername(devB) }, false},
		{"device id too long", strings.Repeat("a", 33), nil, false},
		{"device id with capitals", "AAAAAAAAAAAAAAAA", nil, false},
		{"no id", "", nil, false},
		{"device with its own will", devA, will("mg/1/nabari/d/" + devA + "/presence"), true},
		{"device with another's will", devA, will("mg/1/nabari/d/" + devB + "/presence"), false},
		{"device with the collector's will", devA, will("mg/1/nabari/host/state"), false},
		{"device that keeps a session", devA, func(o *paho.ClientOptions) { o.SetCleanSession(false) }, false},
		{"MQTT 3.1", devA, func(o *paho.ClientOptions) { o.SetProtocolVersion(3) }, false},
		{"collector", CollectorID, nil, true},
		{"collector's will", CollectorID, will("mg/1/nabari/host/state"), true},
		{"collector without password", CollectorID, func(o *paho.ClientOptions) { o.SetUsername("").SetPassword("") }, false},
		{"issuer", IssuerID, nil, true},
		{"issuer without password", IssuerID, func(o *paho.ClientOptions) { o.SetUsername("").SetPassword("") }, false},
		{"director", DirectorID, nil, true},
		{"director on trial", DirectorCheckID, func(o *paho.ClientOptions) { o.SetUsername(DirectorID).SetPassword(b.Password()) }, true},
		{"director on trial by its own name", DirectorCheckID, func(o *paho.ClientOptions) { o.SetUsername(DirectorCheckID).SetPassword(b.Password()) }, false},
		{"director on trial without password", DirectorCheckID, func(o *paho.ClientOptions) { o.SetUsername(DirectorID).SetPassword("") }, false},
		{"collector with a wrong password", CollectorID, func(o *paho.ClientOptions) { o.SetPassword("wrong") }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(b, c.id)
			if c.change != nil {
				c.change(o)
			}
			if _, err := connect(t, o); (err == nil) != c.want {
				t.Errorf("connected: %t (%v), want %t", err == nil, err, c.want)
			}
		})
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		pattern, filter string
		want            bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/c", false},
		{"a/b", "a", false},
		{"a/b", "a/b/c", false},
		{"a/+", "a/b", true},
		{"a/+", "a/+", true},
		{"a/b", "a/+", false},
		{"a/+", "a/#", false},
		{"a/+", "#", false},
		{"a/+/c", "a/b/c", true},
		{"a/+", "$share/g/a/b", false},
	} {
		if got := covers(c.pattern, c.filter); got != c.want {
			t.Errorf("covers(%q, %q) = %t, want %t", c.pattern, c.filter, got, c.want)
		}
	}
}

func TestTopics(t *testing.T) {
	b := start(t)
	const own, other = "mg/1/nabari/d/" + devA + "/", "mg/1/nabari/d/" + devB + "/"
	for _, c := range []struct {
		name, id, verb, topic string
		want                  bool
	}{
		{"own records", devA, "pub", own + "rec", true},
		{"own presence", devA, "pub", own + "presence", true},
		{"another's records", devA, "pub", other + "rec", false},
		{"own ack", devA, "pub", own + "ack", false},
		{"own desired", devA, "pub", own + "desired", false},
		{"host state", devA, "pub", "mg/1/nabari/host/state", false},
		{"another city", devA, "pub", "mg/1/iga/d/" + devA + "/rec", false},
		{"reading own ack", devA, "sub", own + "ack", true},
		{"reading own desired", devA, "sub", own + "desired", true},
		{"reading host state", devA, "sub", "mg/1/nabari/host/state", true},
		{"reading fleet metadata", devA, "sub", "mg/1/nabari/meta/+", true},
		{"reading own records", devA, "sub", own + "rec", false},
		{"reading another's ack", devA, "sub", other + "ack", false},
		{"reading every ack", devA, "sub", "mg/1/nabari/d/+/ack", false},
		{"reading everything", devA, "sub", "#", false},
		{"reading the broker", devA, "sub", "$SYS/#", false},
		{"shared", devA, "sub", "$share/x/" + own + "ack", false},
		{"collector: records", CollectorID, "sub", "mg/1/nabari/d/+/rec", true},
		{"collector: presence", CollectorID, "sub", "mg/1/nabari/d/+/presence", true},
		{"collector: everything", CollectorID, "sub", "#", false},
		{"issuer: questions", IssuerID, "sub", "mg/1/nabari/d/+/issuer/up", true},
		{"issuer: answers", IssuerID, "pub", own + "issuer/down", true},
		{"issuer: records", IssuerID, "sub", "mg/1/nabari/d/+/rec", false},
		{"collector: issuer's questions", CollectorID, "sub", "mg/1/nabari/d/+/issuer/up", false},
		{"collector: issuer's answers", CollectorID, "pub", own + "issuer/down", false},
		{"collector: ack", CollectorID, "pub", own + "ack", true},
		{"collector: records", CollectorID, "pub", own + "rec", false},
		{"collector: desired", CollectorID, "pub", own + "desired", false},
		{"director: desired", DirectorID, "pub", own + "desired", true},
		{"director: chunk", DirectorID, "pub", own + "chunk", true},
		{"director: requests", DirectorID, "sub", "mg/1/nabari/d/+/req", true},
		{"director: records", DirectorID, "sub", "mg/1/nabari/d/+/rec", false},
		{"director: ack", DirectorID, "pub", own + "ack", false},
	} {
		t.Run(c.name+" "+c.verb, func(t *testing.T) {
			cl := mustConnect(t, options(b, c.id))
			var got bool
			if c.verb == "sub" {
				code, _ := subscribe(t, cl, c.topic)
				got = code == 1
			} else {
				got = publish(t, cl, c.topic, "x", false) == nil
			}
			if got != c.want {
				t.Errorf("allowed: %t, want %t", got, c.want)
			}
		})
	}
}
