// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// manager listens as a service manager does; next returns the next datagram.
func manager(t *testing.T) (path string, next func() string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return path, func() string {
		t.Helper()
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 512)
		n, err := c.Read(b)
		if err != nil {
			t.Fatalf("nothing was said: %v", err)
		}
		return string(b[:n])
	}
}

// TestRun: ready and fed only by answers; a hang feeds nothing and says why.
func TestRun(t *testing.T) {
	path, next := manager(t)
	m, err := open(path, "90000", "42", 42)
	if err != nil {
		t.Fatal(err)
	}
	var hangs atomic.Bool
	hangs.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- m.Run(ctx, func(ctx context.Context) error {
			if hangs.Load() {
				<-ctx.Done()
				return errors.New("the loop\ndoes not answer")
			}
			return nil
		})
	}()
	if got := next(); got != "STATUS=the loop; does not answer" {
		t.Errorf("a program that hangs says %q", got)
	}
	hangs.Store(false)
	got := next()
	for strings.HasPrefix(got, "STATUS=the loop") {
		got = next()
	}
	if diff := cmp.Diff("READY=1\nWATCHDOG=1\nSTATUS=in service", got); diff != "" {
		t.Error(diff)
	}
	if got := next(); got != "WATCHDOG=1" {
		t.Errorf("a living program says %q", got)
	}
	hangs.Store(true)
	for got = next(); got == "WATCHDOG=1"; got = next() {
	}
	if !strings.HasPrefix(got, "STATUS=the loop") {
		t.Errorf("a program that hangs later says %q", got)
	}
	stop()
	for got = next(); strings.HasPrefix(got, "STATUS="); got = next() {
	}
	if got != "STOPPING=1" {
		t.Errorf("at the end it says %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	path, _ := manager(t)
	for _, c := range []struct {
		name, socket, usec, pid string
		every                   time.Duration
		wrong                   string
	}{
		{name: "by hand"},
		{name: "no watchdog", socket: path},
		{name: "watchdog", socket: path, usec: "30000000", pid: "42", every: 10 * time.Second},
		{name: "watchdog for anybody", socket: path, usec: "3000000", every: time.Second},
		{name: "watchdog of another", socket: path, usec: "3000000", pid: "41"},
		{name: "no number", socket: path, usec: "soon", pid: "42", wrong: "WATCHDOG_USEC"},
		{name: "zero", socket: path, usec: "0", pid: "42", wrong: "WATCHDOG_USEC"},
		{name: "no manager", socket: path + ".gone", wrong: "reaching the service manager"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := open(c.socket, c.usec, c.pid, 42)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("error %v, want one about %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m.every != c.every || (m.conn != nil) != (c.socket != "") {
				t.Errorf("every %v, connected %v", m.every, m.conn != nil)
			}
		})
	}
}

// TestByHand: without a service manager Run waits for the end and asks nobody.
func TestByHand(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := (&Manager{}).Run(ctx, func(context.Context) error { t.Error("asked"); return nil }); err != nil {
		t.Error(err)
	}
}
