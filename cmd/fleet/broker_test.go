// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/brokers"
)

// TestBrokerCheckMosquitto: the configuration that cmd/cityhall ships is well; one without a list of rights is not.
func TestBrokerCheckMosquitto(t *testing.T) {
	h := newHall(t)
	city, err := brokers.NewCity("nabari", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, err := brokers.StartMosquitto(city)
	if err != nil {
		t.Fatal(err)
	}
	stops(t, m)
	files := map[string][2]string{}
	for _, name := range []string{broker.DirectorCheckID, probeBox} {
		cert, key, err := city.Issue(name, false)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = [2]string{cert, key}
	}
	director, box := files[broker.DirectorCheckID], files[probeBox]
	_, out := h.call(t.Context(), "broker", "check", "--broker", m.URL(), "--broker-ca", city.CAFile(), "--broker-cert", director[0], "--broker-key", director[1],
		"--device-cert", box[0]+","+box[1])
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "BAD") && !strings.Contains(line, "answers come at once") { // a loaded machine answers late
			t.Errorf("as shipped: %s", line)
		}
	}
	if strings.Count(out, "ok ") < 9 {
		t.Errorf("as shipped:\n%s", out)
	}

	if m, err = brokers.StartOpenMosquitto(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	stops(t, m)
	_, out = h.call(t.Context(), "broker", "check", "--broker", m.URL())
	for _, want := range []string{"BAD  a box does not hear another's orders: ", "BAD  a box does not hear all boxes: ", "BAD  a box does not speak for another: ", "BAD  a stranger does not"} {
		if !strings.Contains(out, want) {
			t.Errorf("without rights: no %q in\n%s", want, out)
		}
	}
}

// stops ends a broker with its test.
func stops(t *testing.T, m *brokers.Mosquitto) {
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
}
