// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
)

// Mosquitto is one mosquitto process.
type Mosquitto struct {
	p   process
	url string
}

// StartMosquitto starts mosquitto with the configuration that cmd/cityhall ships: TLS and the city's topics.
func StartMosquitto(c *City, collectors ...string) (*Mosquitto, error) {
	return newMosquitto("tls", func(port int) (string, error) { return configure(c, port, collectors) })
}

// StartOpenMosquitto starts mosquitto without TLS, for anybody and anything; its file lies in dir.
func StartOpenMosquitto(dir string) (*Mosquitto, error) {
	return newMosquitto("tcp", func(port int) (string, error) {
		config := filepath.Join(dir, "mosquitto.conf")
		text := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nmax_inflight_messages 64\nmax_queued_messages 20000\nsys_interval 1\nlog_dest stderr\n", port)
		return config, os.WriteFile(config, []byte(text), 0o600)
	})
}

// newMosquitto starts it on a free port with the file that configure writes.
func newMosquitto(scheme string, configure func(port int) (string, error)) (*Mosquitto, error) {
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			return nil, fmt.Errorf("mosquitto is not installed (make setup installs it): %w", err)
		}
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	config, err := configure(ports[0])
	if err != nil {
		return nil, fmt.Errorf("configuring mosquitto: %w", err)
	}
	m := &Mosquitto{url: fmt.Sprintf("%s://127.0.0.1:%d", scheme, ports[0]), p: process{program: program, args: []string{"-c", config}, ready: " running"}}
	return m, m.p.start()
}

// configure writes the shipped configuration with this test's paths. A line that is not found is an error: then the shipped file says something else than what is tried.
func configure(c *City, port int, collectors []string) (string, error) {
	top, err := root()
	if err != nil {
		return "", err
	}
	cert, key, err := c.Issue("broker", true)
	if err != nil {
		return "", err
	}
	me, err := user.Current()
	if err != nil {
		return "", err
	}
	data := filepath.Join(c.Dir, "mosquitto") + "/"
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(top, "cmd/cityhall/mosquitto.conf"))
	if err != nil {
		return "", err
	}
	acl, err := os.ReadFile(filepath.Join(top, "cmd/cityhall/acl"))
	if err != nil {
		return "", err
	}
	aclFile, config := filepath.Join(c.Dir, "acl"), filepath.Join(c.Dir, "mosquitto.conf")
	s := string(text)
	for _, r := range [][2]string{
		{"\nlistener 8883\n", fmt.Sprintf("\nlistener %d 127.0.0.1\n", port)},
		{"cafile /etc/mosquitto/madoguchi/ca.pem", "cafile " + c.CAFile()},
		{"certfile /etc/mosquitto/madoguchi/broker.pem", "certfile " + cert},
		{"keyfile /etc/mosquitto/madoguchi/broker.key", "keyfile " + key},
		{"acl_file /etc/mosquitto/madoguchi.acl", "acl_file " + aclFile},
		{"persistence_location /var/lib/mosquitto/", "persistence_location " + data},
	} {
		if strings.Count(s, r[0]) != 1 {
			return "", fmt.Errorf("%q does not stand once in the shipped configuration", r[0])
		}
		s = strings.Replace(s, r[0], r[1], 1)
	}
	a := strings.ReplaceAll(string(acl), "mg/1/nabari/", "mg/1/"+c.Code+"/")
	_, collector, found := strings.Cut(a, "user host_collector\n")
	if !found {
		return "", fmt.Errorf("the shipped access list has no collector")
	}
	for _, name := range collectors {
		a += "\nuser " + name + "\n" + collector
	}
	if err := os.WriteFile(aclFile, []byte(a), 0o600); err != nil {
		return "", err
	}
	return config, os.WriteFile(config, []byte("user "+me.Username+"\n"+s), 0o600)
}

// URL is the address for clients.
func (m *Mosquitto) URL() string { return m.url }

// Kill ends it as a power cut would.
func (m *Mosquitto) Kill() error { return m.p.end(syscall.SIGKILL) }

// Restart starts it again on the same port and files.
func (m *Mosquitto) Restart() error { return m.p.start() }

// Stop ends it in good order.
func (m *Mosquitto) Stop() error { return m.p.end(syscall.SIGTERM) }

// PID is its process id; 0 if it does not run.
func (m *Mosquitto) PID() int { return m.p.pid() }
