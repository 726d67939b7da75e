// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/card/vpcd"
	"madoguchi/cmd/internal/pcscd"
)

func TestMain(m *testing.M) {
	pcscd.Inside()
	os.Exit(m.Run())
}

// cardRun runs "counter card" and returns its status and what it printed.
func cardRun(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	args = append([]string{"counter", "card", args[0], "--config", filepath.Join(t.TempDir(), "none")}, args[1:]...)
	return run(args, &out, &out), out.String()
}

// empty makes the machine look as if no service runs.
func empty(t *testing.T) {
	t.Helper()
	was := proc
	proc = t.TempDir()
	t.Cleanup(func() { proc = was })
}

// TestCardTool runs every command against a private pcscd with a sample card.
func TestCardTool(t *testing.T) {
	empty(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := pcscd.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	t.Setenv("PCSCLITE_CSOCK_NAME", d.Socket())

	code, out := cardRun(t, "readers", "--json")
	want := `{"reader":"Virtual PCD 00 00","presence":"empty","chosen":true,"own_pad":"none"}` + "\n" + `{"reader":"Virtual PCD 00 01","presence":"empty","chosen":true,"own_pad":"none"}` + "\n"
	if diff := cmp.Diff(want, out); code != 0 || diff != "" {
		t.Errorf("readers ended with %d (-want +got):\n%s", code, diff)
	}
	if code, out := cardRun(t, "readers", "--reader", "PaSoRi"); code != 1 || !strings.Contains(out, `has "PaSoRi" in its name; there are: Virtual PCD 00 00; Virtual PCD 00 01`) {
		t.Errorf("a reader that is not there: %d, %q", code, out)
	}
	if code, out := cardRun(t, "status", "--wait", "10ms"); code != 1 || !strings.Contains(out, "put one in") {
		t.Errorf("status without a card: %d, %q", code, out)
	}

	s, _ := simcard.SampleByID("one_try_left", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	c := simcard.New(s.Spec)
	conn, err := d.Dial(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go vpcd.Serve(conn, c)

	code, out = cardRun(t, "status", "--json")
	var got shownStatus
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("status ended with %d, %v:\n%s", code, err, out)
	}
	status := shownStatus{Species: "my_number", Signing: true, Auth: true, AuthEnds: "2028-12-30",
		Tries: map[card.Kind]shownTries{card.KindLogin: {Known: true, Left: 1, Max: 3}, card.KindSigning: {Known: true, Left: 5, Max: 5},
			card.KindCardInfo: {Known: true, Left: 3, Max: 3}, card.KindRegister: {Known: true, Left: 3, Max: 3}},
		Applications: map[string]bool{"jpki": true, "text": true, "surface": true, "juki": true, "common": true}}
	if diff := cmp.Diff(status, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if _, out := cardRun(t, "status"); !strings.Contains(out, "login       1 of 3 tries left") || strings.Contains(out, "FAKE") {
		t.Errorf("status:\n%s", out)
	}
	if code, out := cardRun(t, "selftest"); code != 0 || strings.Contains(out, "FAIL") || strings.Count(out, "ok ") < 10 {
		t.Errorf("selftest ended with %d:\n%s", code, out)
	}
	code, out = cardRun(t, "trace")
	if code != 0 || !strings.Contains(out, "00 A4        9000") || !strings.Contains(out, "00 20 [PIN]  63C1") {
		t.Errorf("trace ended with %d:\n%s", code, out)
	}
	for _, h := range c.Log() {
		if h.INS == 0x24 || h.INS == 0x32 || h.INS == 0x2A {
			t.Errorf("%02X %02X went to the card", h.CLA, h.INS)
		}
	}
	if n := c.Left(card.KindLogin); n != 1 {
		t.Errorf("%d tries left, want 1 as before", n)
	}
	if m := c.Misuse(); len(m) > 0 {
		t.Errorf("flagged: %v", m)
	}
}

func TestCardArguments(t *testing.T) {
	empty(t)
	for _, r := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "usage: counter card"},
		{[]string{"--help"}, 0, "selftest"},
		{[]string{"unlock"}, 2, `unknown command "unlock"`},
		{[]string{"status", "now"}, 2, `unexpected argument "now"`},
		{[]string{"status", "--pin", "1"}, 2, "pin"},
	} {
		var out bytes.Buffer
		if code := run(append([]string{"counter", "card"}, r.args...), &out, &out); code != r.code || !strings.Contains(out.String(), r.want) {
			t.Errorf("%q ended with %d, want %d; printed %q", r.args, code, r.code, &out)
		}
	}
}

// TestCardAlone: beside a running service the tool refuses, by its lock or its
// process.
func TestCardAlone(t *testing.T) {
	empty(t)
	process := func(pid int, comm, cmdline string) {
		dir := filepath.Join(proc, fmt.Sprint(pid))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"comm": comm + "\n", "cmdline": strings.ReplaceAll(cmdline, " ", "\x00") + "\x00"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	process(10, "pcscd", "pcscd -f")
	process(11, "counter", "counter card watch")
	process(os.Getpid(), "counter", "counter")
	data := t.TempDir()
	if err := alone(data); err != nil {
		t.Errorf("nothing runs: %v", err)
	}
	f, err := os.Create(filepath.Join(data, "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := alone(data); err != nil {
		t.Errorf("an outbox nobody has: %v", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := alone(data); err != errService {
		t.Errorf("outbox in use: %v", err)
	}
	process(12, "counter", "counter --config /etc/madoguchi/counter.toml")
	if err := alone(""); err != errService {
		t.Errorf("service among the processes: %v", err)
	}
	if code, out := cardRun(t, "status"); code != 1 || !strings.Contains(out, "service menu") {
		t.Errorf("beside the service: %d, %q", code, out)
	}
}
