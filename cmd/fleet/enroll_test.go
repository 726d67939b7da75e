// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"madoguchi/cmd/internal/line"
	"madoguchi/sync/enrol"
)

// TestEnroll: from "fleet enroll new" to the certificate, over the broker as a box does it, and the box in its place after that.
func TestEnroll(t *testing.T) {
	h := newHall(t)
	out := filepath.Join(t.TempDir(), enrol.FileName)
	var said struct {
		Words             [3]string
		Fingerprint, Code string
		ClerkCode         string `json:"clerk_code"`
	}
	args := []string{"enroll", "new", "box-1", "--office", "g01", "--broker", "tls://mqtt:8883", "--out", out}
	if text := h.must(append(args, "--dry-run")...); !strings.Contains(text, "would write") {
		t.Error(text)
	}
	if err := json.Unmarshal([]byte(h.must(append(args, "--json")...)), &said); err != nil {
		t.Fatal(err)
	}
	h.refused("is there already", args...)
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 || strings.Contains(string(raw), said.Code) {
		t.Error("the file can be read by others, or holds its code")
	}
	f, err := enrol.Open(raw, time.Now(), true, func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if f.Print().Words != said.Words || f.Print().Hex != said.Fingerprint {
		t.Errorf("the panel would show %v, the letter says %v", f.Print(), said.Words)
	}
	if len(said.ClerkCode) != 6 || f.Label != "窓口" || !strings.HasPrefix(f.Clerk, "$argon2id$") || len(f.AckKey) != 32 || f.LogKey == "" {
		t.Errorf("what a box cannot do without: clerk %q %.9s, code of %d digits, key of receipts of %d bytes, log %q", f.Label, f.Clerk, len(said.ClerkCode), len(f.AckKey), f.LogKey)
	}
	if text := h.must("enroll", "list"); !strings.Contains(text, "waits for its box") {
		t.Errorf("list\n%s", text)
	}

	stop := h.serve()
	defer func() { stop() }()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := enrol.CodeKey(said.Code, f.Serial)
	if err != nil {
		t.Fatal(err)
	}
	req, err := enrol.First(f, secret, key)
	if err != nil {
		t.Fatal(err)
	}
	body, err := req.Encode()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, ctx, err := line.Dial(ctx, line.Opts{Broker: h.broker.URL(), ClientID: "box-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := make(chan []byte, 8)
	if err := conn.Subscribe(ctx, []string{"mg/1/nabari/d/box-1/enrol/down"}, func(m paho.Message) { answers <- m.Payload() }); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for again := time.NewTicker(300 * time.Millisecond); text == nil; { // the director may not be there yet
		if err := conn.Publish(ctx, "mg/1/nabari/d/box-1/enrol/up", false, body); err != nil {
			t.Fatal(err)
		}
		select {
		case text = <-answers:
			again.Stop()
		case <-again.C:
		case <-ctx.Done():
			t.Fatal("no answer")
		}
	}
	a, err := enrol.ParseAnswer(text)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(f.Authority)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.CertificateFor(req, "box-1", &key.PublicKey, ca, time.Now(), true)
	if err != nil {
		t.Fatal(err)
	}
	if list := h.must("enroll", "list"); !strings.Contains(list, cert.SerialNumber.Text(16)) || strings.Contains(list, "waits") {
		t.Errorf("list\n%s", list)
	}

	// Another box in its place: the old one is out.
	h.must("enroll", "new", "box-2", "--office", "g01", "--broker", "tls://mqtt:8883", "--out", out+"2", "--replace", "box-1")
	crl := filepath.Join(t.TempDir(), "crl.pem")
	h.must("enroll", "revoked", "--out", crl)
	if list := h.must("enroll", "list"); strings.Count(list, "revoked") != 2 {
		t.Errorf("after the replacement\n%s", list)
	}
	if show := h.must("device", "show", "box-1"); !strings.Contains(show, "retired") {
		t.Error(show)
	}
	h.refused("not used again", "enroll", "new", "box-1", "--office", "g01", "--broker", "tls://mqtt:8883", "--out", out+"3")
	if _, err := os.Stat(out + "3"); err == nil {
		t.Error("a file was written for an id that is used up")
	}
	if log := h.must("audit"); !strings.Contains(log, "in place of box-1") || !strings.Contains(log, "certify") {
		t.Errorf("audit log\n%s", log)
	}
}
