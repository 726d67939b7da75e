// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCardArguments(t *testing.T) {
	for _, r := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"list", []string{"--list"}, 0, "one_try_left"},
		{"list names the PINs", []string{"--list"}, 0, "login 1234, signing ABC123, card_info 1234, register 1234"},
		{"nothing chosen", nil, 2, "choose one of"},
		{"two chosen", []string{"--list", "--vpcd", "127.0.0.1:1"}, 2, "choose one of"},
		{"no address", []string{"--vpcd", "35963"}, 2, "no address"},
		{"no such card", []string{"--vpcd", "127.0.0.1:1", "--card", "dog"}, 2, `no sample card "dog"`},
		{"no date", []string{"--list", "--date", "soon"}, 2, "no date like"},
		{"argument", []string{"adult"}, 2, "unknown argument"},
		{"json without list", []string{"--vpcd", "127.0.0.1:1", "--json"}, 2, "--json goes with --list"},
	} {
		t.Run(r.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := run(append([]string{"simulator", "card"}, r.args...), nil, &out, &out); code != r.code {
				t.Errorf("ended with %d, want %d", code, r.code)
			}
			if !strings.Contains(out.String(), r.want) {
				t.Errorf("printed %q, want %q in it", &out, r.want)
			}
		})
	}
}

func TestCardListJSON(t *testing.T) {
	var out bytes.Buffer
	if code := run([]string{"simulator", "card", "--list", "--json", "--date", "2026-11-20"}, nil, &out, io.Discard); code != 0 {
		t.Fatalf("ended with %d", code)
	}
	var all []listed
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 8 || all[0].ID != "adult" || all[0].Ends != "2029-12-01" {
		t.Errorf("listed %+v", all)
	}
}

// reader is a driver that a card program connects to.
type reader struct {
	t *testing.T
	c net.Conn
}

func (r reader) say(frame string) string {
	r.t.Helper()
	if _, err := r.c.Write([]byte{0, byte(len(frame))}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.WriteString(r.c, frame); err != nil {
		r.t.Fatal(err)
	}
	if len(frame) == 1 && frame[0] != 4 {
		return ""
	}
	var head [2]byte
	if _, err := io.ReadFull(r.c, head[:]); err != nil {
		r.t.Fatal(err)
	}
	body := make([]byte, int(head[0])<<8|int(head[1]))
	if _, err := io.ReadFull(r.c, body); err != nil {
		r.t.Fatal(err)
	}
	return string(body)
}

// inserted runs "simulator card" until the test's driver has the card.
func inserted(t *testing.T, l net.Listener, args ...string) (reader, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	root := command(io.Discard, io.Discard)
	root.SetArgs(append([]string{"card", "--vpcd", l.Addr().String()}, args...))
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return reader{t, conn}, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
	}
}

// TestCardKeepsState: the counter is in the file before the answer is out, and
// the next start of the program finds it.
func TestCardKeepsState(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file := filepath.Join(t.TempDir(), "adult.json")
	const (
		jpki  = "\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01"
		login = "\x00\xA4\x02\x0C\x02\x00\x18"
		ask   = "\x00\x20\x00\x80"
		wrong = "\x00\x20\x00\x80\x049999"
	)
	r, stop := inserted(t, l, "--state", file)
	r.say("\x01")
	for _, s := range []struct{ cmd, want string }{{"\x04", "\x3B"}, {jpki, "\x90\x00"}, {login, "\x90\x00"}, {ask, "\x63\xC3"}, {wrong, "\x63\xC2"}} {
		if got := r.say(s.cmd); !strings.HasPrefix(got, s.want) {
			t.Fatalf("% X: % X, want % X", s.cmd, got, s.want)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(data, []byte(`"left": 2`)) {
		t.Errorf("the file has no lost try (%v):\n%s", err, data)
	}
	stop()
	r, stop = inserted(t, l, "--state", file)
	r.say("\x01")
	for _, s := range []struct{ cmd, want string }{{jpki, "\x90\x00"}, {login, "\x90\x00"}, {ask, "\x63\xC2"}} {
		if got := r.say(s.cmd); got != s.want {
			t.Errorf("after a new start % X: % X, want % X", s.cmd, got, s.want)
		}
	}
	// The reader goes: the card waits for it and is cold again.
	r.c.Close()
	if r.c, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	r.say("\x01")
	if got := r.say(ask); got != "\x69\x86" {
		t.Errorf("after the reader came back: % X, want no current file", got)
	}
	stop()
}

// TestCardStateRefused: a file that is not this card's memory changes nothing.
func TestCardStateRefused(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"not JSON": "{", "other keys": `{"keys":{"x":{"left":1}}}`} {
		file := filepath.Join(dir, "state.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if code := run([]string{"simulator", "card", "--vpcd", "127.0.0.1:1", "--state", file}, nil, &out, &out); code != 1 {
			t.Errorf("%s: ended with %d", name, code)
		}
		if !strings.Contains(out.String(), "remove it to have a fresh card") {
			t.Errorf("%s: printed %q", name, &out)
		}
		if b, _ := os.ReadFile(file); string(b) != text {
			t.Errorf("%s: the file was changed", name)
		}
	}
}
