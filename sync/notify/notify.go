// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// readyEvery is how often a program without a watchdog is asked until it is ready.
const readyEvery = 2 * time.Second

// A Manager is the service manager's end. Its zero value is none: everything succeeds and nothing is sent.
type Manager struct {
	conn  net.Conn      // nil: not started by a service manager
	every time.Duration // between two questions; 0: no watchdog
}

// FromEnv connects to the service manager named by the environment, and takes the variables out of it. Without them it is the zero Manager.
func FromEnv() (*Manager, error) {
	defer func() {
		for _, k := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
			os.Unsetenv(k)
		}
	}()
	return open(os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID"), os.Getpid())
}

func open(socket, usec, pid string, self int) (*Manager, error) {
	if socket == "" {
		return &Manager{}, nil
	}
	m := &Manager{}
	if usec != "" && (pid == "" || pid == strconv.Itoa(self)) {
		n, err := strconv.ParseInt(usec, 10, 64)
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("reading WATCHDOG_USEC: %q is no number of microseconds above zero", usec)
		}
		// Three questions in one term: one lost answer is no death.
		m.every = time.Duration(n) * time.Microsecond / 3
	}
	// A leading @ is the abstract name space, which package net writes the same way.
	conn, err := net.Dial("unixgram", socket)
	if err != nil {
		return nil, fmt.Errorf("reaching the service manager: %w", err)
	}
	m.conn = conn
	return m, nil
}

// Present tells whether there is a service manager.
func (m *Manager) Present() bool { return m.conn != nil }

// Run asks alive until ctx ends, and says READY=1 after its first nil, WATCHDOG=1 after each one and STOPPING=1 at the end. An error
// of alive is told as the unit's status and feeds nothing. alive gets a deadline and must keep it.
func (m *Manager) Run(ctx context.Context, alive func(context.Context) error) error {
	if m.conn == nil {
		<-ctx.Done()
		return nil
	}
	defer m.conn.Close()
	every := m.every
	if every == 0 {
		every = readyEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ready := false; ; {
		ask, cancel := context.WithTimeout(ctx, every)
		err := alive(ask)
		cancel()
		switch {
		case ctx.Err() != nil:
		case err != nil:
			err = m.send("STATUS=" + oneLine(err.Error()))
		case !ready:
			ready = true
			err = m.send("READY=1\nWATCHDOG=1\nSTATUS=in service")
		case m.every > 0:
			err = m.send("WATCHDOG=1")
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		if ready && m.every == 0 {
			<-ctx.Done()
		}
		select {
		case <-ctx.Done():
			return m.send("STOPPING=1")
		case <-tick.C:
		}
	}
}

func (m *Manager) send(state string) error {
	if _, err := m.conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("telling the service manager: %w", err)
	}
	return nil
}

// oneLine keeps a status from being read as another variable.
func oneLine(s string) string {
	return strings.ReplaceAll(s, "\n", "; ")
}
