// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"strings"
	"testing"

	"madoguchi/cmd/internal/store"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
)

// told is a message with a payload and nothing else.
type told struct {
	paho.Message
	text string
}

func (m told) Payload() []byte { return []byte(m.text) }

// TestDropped hears the broker's count of dropped messages: the first says where
// it stands, a higher one is an alarm, a lower one is a broker that began anew.
func TestDropped(t *testing.T) {
	s := openStore(t)
	c, err := New(s, Opts{City: "nabari", Broker: "tcp://127.0.0.1:1", SignKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, step := range []struct {
		says string
		more int
	}{{"7", 0}, {"7", 0}, {"9", 2}, {"0", 0}, {"many", 0}, {"3", 3}} {
		if j := c.onDropped(told{text: step.says}); j.do != nil {
			if err := j.do(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		want += step.more
		got := 0
		alarms, err := s.Alarms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alarms {
			if a.Kind == store.AlarmDropped {
				got = a.Count
			}
		}
		if got != want {
			t.Errorf("after %s: %d, want %d", step.says, got, want)
		}
	}
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       store.Report
		ok         bool
	}{
		{"all of it", `{"fw":"1.4.0","policy":"17","clock":"network","outbox":{"hold":3,"out":4,"dead":1},"slots":["a","b"]}`,
			store.Report{Device: "box-a", Firmware: "1.4.0", Policy: "17", Clock: "network", Waiting: 7}, true},
		{"parts", `{"check":"RD2 ST3"}`, store.Report{Device: "box-a", Check: "RD2 ST3"}, true},
		{"parts, all well", `{"check":"ok"}`, store.Report{Device: "box-a", Check: "ok"}, true},
		{"parts, markup", `{"check":"RD2 <b>"}`, store.Report{}, false},
		{"parts without end", `{"check":"RD2` + strings.Repeat(" RD2", 12) + `"}`, store.Report{}, false},
		{"nothing of it", `{}`, store.Report{Device: "box-a"}, true},
		{"markup", `{"fw":"<b>"}`, store.Report{}, false},
		{"no UTF-8", "{\"site\":\"\xff\"}", store.Report{}, false},
		{"long", `{"fw":"` + strings.Repeat("1", 41) + `"}`, store.Report{}, false},
		{"other type", `{"fw":1}`, store.Report{}, false},
		{"too many", `{"outbox":{"hold":99999999999999}}`, store.Report{}, false},
		{"too large", `{"x":"` + strings.Repeat("x", maxReport) + `"}`, store.Report{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := report("box-a", []byte(c.text))
			if (err == nil) != c.ok {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
