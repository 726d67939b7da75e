// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Nats is a cluster of NATS servers with MQTT.
type Nats struct {
	nodes []*natsNode
}

type natsNode struct {
	p                   process
	client, route, mqtt int
}

// StartNats starts a cluster of n servers that knows the devices and collectors named. Every client is known by its certificate's subject, and may use its own topics only. NATS
// does not tie the client id to the certificate, and knows no $share from MQTT clients: collectors subscribe plainly, every one gets everything, and the database's unique key
// makes that harmless.
func StartNats(c *City, n int, devices, collectors []string) (*Nats, error) {
	top, err := root()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(top, ".tools/bin/nats-server")
	if _, err := exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("nats-server is not installed (make setup builds it): %w", err)
	}
	ports, err := freePorts(3 * n)
	if err != nil {
		return nil, err
	}
	cert, key, err := c.Issue("broker", true)
	if err != nil {
		return nil, err
	}
	cl := &Nats{}
	var routes []string
	for i := range n {
		cl.nodes = append(cl.nodes, &natsNode{client: ports[3*i], route: ports[3*i+1], mqtt: ports[3*i+2]})
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[3*i+1]))
	}
	users := natsUsers(c.Code, devices, collectors)
	for i, node := range cl.nodes {
		config := filepath.Join(c.Dir, fmt.Sprintf("nats-%d.conf", i))
		text := fmt.Sprintf(`server_name: n%d
listen: "127.0.0.1:%d"
jetstream { store_dir: %q, max_memory_store: 128MB, max_file_store: 512MB }
cluster { name: city, listen: "127.0.0.1:%d", routes: [%s] }
mqtt {
  listen: "127.0.0.1:%d"
  ack_wait: "5s"
  max_ack_pending: 200
  tls { cert_file: %q, key_file: %q, ca_file: %q, verify_and_map: true, timeout: 20 }
}
accounts { CITY { jetstream: enabled, users: [
%s] } }
`, i, node.client, filepath.Join(c.Dir, fmt.Sprintf("nats-%d", i)), node.route, strings.Join(routes, ", "), node.mqtt, cert, key, c.CAFile(), users)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("configuring nats: %w", err)
		}
		node.p = process{program: program, args: []string{"-c", config}, ready: "Server is ready"}
	}
	for _, node := range cl.nodes {
		if err := node.p.start(); err != nil {
			return nil, errors.Join(err, cl.Stop())
		}
	}
	return cl, nil
}

// natsUsers writes who may use which topic; the subject of a topic has dots for slashes. $MQTT.sub is how NATS delivers QoS 1 to a client.
func natsUsers(city string, devices, collectors []string) string {
	var b strings.Builder
	user := func(name string, publish, subscribe []string) {
		quote := func(topics []string) string {
			for i, t := range topics {
				topics[i] = fmt.Sprintf("%q", strings.NewReplacer("/", ".", "+", "*").Replace(t))
			}
			return strings.Join(topics, ", ")
		}
		fmt.Fprintf(&b, "  { user: %q, permissions: { publish: { allow: [%s] }, subscribe: { allow: [%s, \"$MQTT.sub.>\"] } } }\n", "CN="+name, quote(publish), quote(subscribe))
	}
	for _, d := range devices {
		own := "mg/1/" + city + "/d/" + d + "/"
		user(d, []string{own + "presence", own + "reported", own + "rec", own + "evt", own + "req", own + "claim/put", own + "claim/get", own + "issuer/up"},
			[]string{own + "ack", own + "claim", own + "issuer/down", own + "desired", own + "chunk", own + "cmd", "mg/1/" + city + "/meta/+", "mg/1/" + city + "/host/state"})
	}
	for _, name := range collectors {
		all := "mg/1/" + city + "/d/+/"
		user(name, []string{all + "ack", all + "claim", "mg/1/" + city + "/host/state"},
			[]string{all + "presence", all + "reported", all + "rec", all + "evt", all + "req", all + "claim/put", all + "claim/get", "mg/1/" + city + "/host/state"})
	}
	return b.String()
}

// URL is the addresses of all nodes for a box, with commas.
func (n *Nats) URL() string {
	var all []string
	for i := range n.nodes {
		all = append(all, n.Node(i))
	}
	return strings.Join(all, ",")
}

// Node is the address of one node.
func (n *Nats) Node(i int) string { return fmt.Sprintf("tls://127.0.0.1:%d", n.nodes[i].mqtt) }

// Kill ends one node as a power cut would.
func (n *Nats) Kill(i int) error { return n.nodes[i].p.end(syscall.SIGKILL) }

// Restart starts it again on the same ports and files.
func (n *Nats) Restart(i int) error { return n.nodes[i].p.start() }

// Said is the newest lines of every node's log, to look at after a test that failed.
func (n *Nats) Said() string {
	var all []string
	for i, node := range n.nodes {
		all = append(all, fmt.Sprintf("node %d: %s", i, node.p.said()))
	}
	return strings.Join(all, "\n")
}

// Stop ends all nodes.
func (n *Nats) Stop() error {
	var errs []error
	for _, node := range n.nodes {
		errs = append(errs, node.p.end(syscall.SIGKILL)) // nothing of it is kept
	}
	return errors.Join(errs...)
}
