// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/cmd/internal/frontpanel"
	"madoguchi/cmd/internal/world"
	"madoguchi/display/epd/epdtest"
)

// again makes the command of a child: this program with another role.
func again(role string, args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", append([]string{role}, args...)...)
	c.Args[0] = "simulator"
	return c
}

// tunePanel changes the emulated panel; set by tests only.
var tunePanel func(*epdtest.Opts)

// serve runs the world and its page until ctx ends.
func serve(ctx context.Context, f flags, opts world.Opts, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	opts.Log, opts.Panel = log, tunePanel
	l, err := listen(f.listen)
	if err != nil {
		return err
	}
	defer l.Close()
	w, err := world.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer w.Close()
	greet(stdout, l.Addr(), w, f.headless)
	if err := page(ctx, l, frontpanel.New(w, frontpanel.Opts{Headless: f.headless, Log: log}), log); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("ending: %w", err)
	}
	return nil
}

// page serves until ctx ends.
func page(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	// A browser's event streams must not hold up the end.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	cancel()
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	if err := server.Shutdown(end); err != nil {
		server.Close()
	}
	return nil
}

// listen takes the page's address, which must be this machine's loopback: there
// is no log-in.
func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, usageError{fmt.Errorf("--listen %q is no address like 127.0.0.1:8080", addr)}
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, usageError{fmt.Errorf("--listen %s: only a loopback address, such as 127.0.0.1:8080, is served: the page has no log-in", addr)}
	}
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return nil, fmt.Errorf("address %s is in use: stop the program that has it, or choose another with --listen (127.0.0.1:0 finds a free port)", addr)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("address %s is not allowed to this user: choose a port above 1023 with --listen", addr)
	case err != nil:
		return nil, fmt.Errorf("opening the page's address: %w", err)
	}
	return l, nil
}

// greet prints what a first visitor needs.
func greet(out io.Writer, addr net.Addr, w *world.World, headless bool) {
	s := w.Switches()
	if headless {
		fmt.Fprintf(out, "http://%s/api/\n", addr)
		return
	}
	fmt.Fprintf(out, "\n  Madoguchi 窓口   %s / %s\n\n  Open  http://%s/\n\n  Clerk codes of the demo:", s.Office.JA, s.Office.EN, addr)
	for _, c := range s.Clerks {
		fmt.Fprintf(out, "  %s %s", c.Label, c.Code)
	}
	if l := w.Letter(); l != nil {
		fmt.Fprintf(out, "\n  The letter of the new box:  %s %s %s (%s), one-time code %s", l.Words[0], l.Words[1], l.Words[2], l.Fingerprint, l.Code)
	}
	fmt.Fprintf(out, "\n  Data lies in %s\n  Ctrl-C ends it.\n\n", w.Data())
}
