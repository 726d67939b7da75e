// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/pcsc"
	"madoguchi/card/simcard"
	"madoguchi/card/vpcd"
	"madoguchi/cmd/internal/pcscd"
)

// today is the day of every card.
var today = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// patience is how long any single thing may take on a loaded machine; it is
// never waited for in a test that passes.
const patience = 60 * time.Second

// daemon is the one private pcscd of this process: libpcsclite asks for the
// socket's path once.
var daemon *pcscd.Daemon

func TestMain(m *testing.M) {
	pcscd.Inside()
	os.Exit(func() int {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var err error
		if daemon, err = pcscd.Start(ctx); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			return 1
		}
		defer daemon.Close()
		os.Setenv("PCSCLITE_CSOCK_NAME", daemon.Socket())
		return m.Run()
	}())
}

func sample(t testing.TB, id string) *simcard.Card {
	t.Helper()
	s, ok := simcard.SampleByID(id, today)
	if !ok {
		t.Fatalf("no sample %q", id)
	}
	return simcard.New(s.Spec)
}

// reader is what the device needs of a reader.
type reader interface {
	Events() <-chan card.Event
	Connect(ctx context.Context) (card.Link, error)
	Close() error
}

// slot is one slot of the virtual reader.
type slot struct {
	t    testing.TB
	n    int
	mu   sync.Mutex
	conn net.Conn
	done chan error
}

func newSlot(t testing.TB, n int) *slot {
	s := &slot{t: t, n: n}
	t.Cleanup(s.remove)
	return s
}

// insert puts a card into the slot, in place of one that is there.
func (s *slot) insert(c vpcd.Card) {
	s.t.Helper()
	s.remove()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := daemon.Dial(ctx, s.n)
	if err != nil {
		s.t.Fatalf("%v%s", err, daemon.Said())
	}
	done := make(chan error, 1)
	go func() { done <- vpcd.Serve(conn, c) }()
	s.mu.Lock()
	s.conn, s.done = conn, done
	s.mu.Unlock()
}

// remove pulls the card; pcscd notices when it looks next.
func (s *slot) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return
	}
	s.conn.Close()
	<-s.done
	s.conn = nil
}

// inserted puts a card into the first slot and waits until programs see it. It waits by our own reader: opensc-tool's --wait sleeps for ever if the
// card comes between its look and its wait, as it does on a busy machine.
func inserted(t testing.TB, c vpcd.Card) *slot {
	t.Helper()
	r, err := pcsc.Open(&pcsc.Opts{Reader: "00 00"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := newSlot(t, 0)
	present(t, r, card.Empty) // the card before is gone
	s.insert(c)
	present(t, r, card.Present)
	return s
}

// present takes events until the reader is in this state.
func present(t testing.TB, r reader, want card.Presence) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	last := "none"
	for {
		select {
		case ev, ok := <-r.Events():
			if !ok {
				t.Fatal("the events ended")
			}
			if ev.Presence == want {
				return
			}
			last = fmt.Sprint(ev.Presence, " ", ev.Err)
		case <-limit.C:
			t.Fatalf("no event %v after %v; the last was %s", want, patience, last)
		}
	}
}

// result is what a program did.
type result struct {
	t    testing.TB
	name string
	out  string // both streams, for words
	std  []byte // standard output alone, for bytes
	err  error
}

// tool runs a program against the private pcscd.
func tool(t testing.TB, in []byte, name string, args ...string) result {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%v: run `make setup`", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), daemon.Env(), "LC_ALL=C", "HOME="+t.TempDir())
	c.Stdin = bytes.NewReader(in)
	var out, all bytes.Buffer
	c.Stdout, c.Stderr = &out, &all
	err := c.Run()
	return result{t, name + " " + strings.Join(args, " "), out.String() + all.String(), out.Bytes(), err}
}

// ok fails unless the program ended well and said each of these words.
func (r result) ok(words ...string) result {
	r.t.Helper()
	if r.err != nil {
		r.t.Fatalf("%s: %v\n%s", r.name, r.err, r.out)
	}
	return r.says(words...)
}

// fails fails unless the program ended badly and said these words.
func (r result) fails(words ...string) result {
	r.t.Helper()
	if r.err == nil {
		r.t.Errorf("%s: ended well\n%s", r.name, r.out)
	}
	return r.says(words...)
}

func (r result) says(words ...string) result {
	r.t.Helper()
	for _, w := range words {
		if !strings.Contains(r.out, w) {
			r.t.Errorf("%s: %q is not in what it printed:\n%s", r.name, w, r.out)
		}
	}
	return r
}

// file writes bytes for a program to read.
func file(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
