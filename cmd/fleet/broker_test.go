// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
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

	_, out = h.call(t.Context(), "broker", "check", "--broker", open(t))
	for _, want := range []string{"BAD  a box does not hear another's orders: ", "BAD  a box does not hear all boxes: ", "BAD  a box does not speak for another: ", "BAD  a stranger does not"} {
		if !strings.Contains(out, want) {
			t.Errorf("without rights: no %q in\n%s", want, out)
		}
	}
}

// open starts a mosquitto that lets everybody do everything.
func open(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, "listener %d 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n", addr.Port), 0o600); err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	cmd := exec.Command(path, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: make setup installs it", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for deadline := time.Now().Add(30 * time.Second); ; {
		c, err := net.DialTimeout("tcp", addr.String(), time.Second)
		if err == nil {
			c.Close()
			return "tcp://" + addr.String()
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
