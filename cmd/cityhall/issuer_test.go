// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/authority"
	"madoguchi/cmd/internal/broker"
	"madoguchi/sync/issuer"
)

// TestIssuerIDs holds that the embedded broker knows the issuer's name.
func TestIssuerIDs(t *testing.T) {
	if authority.ClientID != broker.IssuerID {
		t.Errorf("the authority calls itself %s, the broker knows %s", authority.ClientID, broker.IssuerID)
	}
}

// TestSimulatedIssuer: off by default; with its flag it says what it is, and answers a box that was enrolled by the command.
func TestSimulatedIssuer(t *testing.T) {
	b := newCity(t)
	args := b.args()
	off := start(t, args...)
	off.says(t, "broker connected")
	if _, said := off.stop(); strings.Contains(said, "SIMULATION") {
		t.Error("the issuer is on by default")
	}
	if _, err := os.Stat(filepath.Join(b.data, "issuer.db")); err == nil {
		t.Error("there is a book of an issuer that is off")
	}
	s := start(t, append(args, "--simulated-issuer", "--issuer-password-file="+b.password)...)
	s.says(t, "SIMULATION")
	s.says(t, "issuer link's broker connected")

	command := func(stdin string, args ...string) (string, int) {
		t.Helper()
		var out, errs bytes.Buffer
		status := run(append([]string{"cityhall", "--data=" + b.data, "issuer"}, args...), strings.NewReader(stdin), &out, &errs)
		return out.String() + errs.String(), status
	}
	must := func(stdin string, args ...string) string {
		t.Helper()
		out, status := command(stdin, args...)
		if status != 0 {
			t.Fatalf("%v: %d: %s", args, status, out)
		}
		return out
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{4}, 32))
	must("", "box", "box-17", base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)))
	must("246810\n", "releaser", "B")
	var keys [2][]byte
	for i, line := range strings.Split(strings.TrimSpace(must("", "keys")), "\n") {
		raw, err := base64.StdEncoding.DecodeString(strings.Fields(line)[1])
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = raw
	}
	line, err := issuer.NewLine("nabari", "box-17", key, keys[0], issuer.SealKey(keys[1]))
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.NewClientOptions().AddBroker(b.URL()).SetClientID("box-17").SetAutoReconnect(false))
	if tok := c.Connect(); !tok.WaitTimeout(wait) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	defer c.Disconnect(0)
	answers := make(chan []byte, 1)
	if tok := c.Subscribe("mg/1/nabari/d/box-17/issuer/down", 1, func(_ paho.Client, m paho.Message) { answers <- m.Payload() }); !tok.WaitTimeout(wait) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	frame, err := line.Seal(issuer.Open{Token: issuer.NewToken(), Order: issuer.Order{
		Operation: issuer.PinReset, Kind: issuer.Login, Procedure: issuer.ResetCase, Case: issuer.NewCase(), Opener: issuer.LabelOf("A")}})
	if err != nil {
		t.Fatal(err)
	}
	c.Publish("mg/1/nabari/d/box-17/issuer/up", 1, false, frame)
	select {
	case a := <-answers:
		m, err := line.Open(a)
		if _, ok := m.(issuer.Ready); !ok || err != nil {
			t.Errorf("%T, %v", m, err)
		}
	case <-time.After(wait):
		t.Fatalf("no answer: %s", s.errs)
	}
	if out := must("", "list"); !strings.Contains(out, "box-17") || !strings.Contains(out, "opened   pin_reset login") {
		t.Errorf("the list says %q", out)
	}
	for name, c := range map[string]struct {
		stdin string
		args  []string
		code  int
	}{
		"nothing waits":       {"246810\n", []string{"release", "1234", "B"}, 1},
		"a wrong code":        {"000000\n", []string{"release", "1234", "B"}, 1},
		"three digits":        {"246810\n", []string{"release", "123", "B"}, 2},
		"no label":            {"", []string{"release", "1234"}, 2},
		"a key of 31 bytes":   {"", []string{"box", "box-18", base64.StdEncoding.EncodeToString(make([]byte, 31))}, 2},
		"a code with letters": {"12a4\n", []string{"releaser", "C"}, 1},
	} {
		if out, status := command(c.stdin, c.args...); status != c.code {
			t.Errorf("%s: status %d, want %d: %s", name, status, c.code, out)
		}
	}
	if status, said := s.stop(); status != 0 {
		t.Errorf("ended with %d: %s", status, said)
	}
}
