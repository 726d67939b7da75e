// SPDX-License-Identifier: Apache-2.0

// Installer speaks with RAUC, in the PIN side's place: it takes one wish at a time from counter over a socket (go doc ./device/bundle) and has RAUC do it
// over the message bus. It is started by the first wish and ends when nobody asked for a while.
//
//	installer [--bundles DIR] [--bus ADDRESS] [--peer UID] [--socket PATH] [--idle 1m]
//
// It has its own user, no network, and none of counter's data: RAUC opens the bundle. It decides nothing: what may be installed was decided by counter, and RAUC
// checks its signature again.
//
// It ends with 0 when it was idle or told to stop, 1 when it could not start, 2 when its arguments are wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"madoguchi/device/bundle"
	"madoguchi/sync/wall"
)

func main() { os.Exit(run(os.Args, os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	o := systemRAUC
	flags := flag.NewFlagSet("installer", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Bundles, "bundles", o.Bundles, "`folder` of the bundles, as RAUC sees it")
	flags.StringVar(&o.Bus, "bus", o.Bus, "`address` of the message bus")
	peer := flags.Int("peer", os.Getuid(), "the only `user` id that may ask")
	socket := flags.String("socket", "", "make the socket at this `path` (default: handed over by the service manager)")
	idle := flags.Duration("idle", time.Minute, "end after so `long` without a wish")
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || flags.NArg() > 0 {
		return 2
	}
	l, err := listen(*socket)
	if err != nil {
		fmt.Fprintln(stderr, "installer:", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = bundle.Serve(ctx, l, told{&rauc{o}, stderr}, bundle.ServeOpts{Idle: *idle, Peer: func(c net.Conn) error {
		uid, err := wall.PeerUID(c)
		if err == nil && uid != *peer {
			err = fmt.Errorf("user %d asks", uid)
		}
		return err
	}})
	if err != nil {
		fmt.Fprintln(stderr, "installer:", err)
		return 1
	}
	return 0
}

// listen takes the socket from the service manager, or makes one that only this user may reach.
func listen(path string) (net.Listener, error) {
	if path == "" {
		return wall.Inherited()
	}
	defer syscall.Umask(syscall.Umask(0o177))
	return net.Listen("unix", path)
}

// told writes each step and what came of it to the journal.
type told struct {
	bundle.Installer
	to io.Writer
}

func (t told) say(what string, err error) error {
	if err != nil {
		fmt.Fprintf(t.to, "installer: %s: %v\n", what, err)
	} else {
		fmt.Fprintf(t.to, "installer: %s: done\n", what)
	}
	return err
}

// Check tells of a look at a bundle.
func (t told) Check(ctx context.Context, sha256 string) error {
	return t.say("check "+sha256, t.Installer.Check(ctx, sha256))
}

// Install tells of an installation.
func (t told) Install(ctx context.Context, sha256 string, progress func(int)) error {
	return t.say("install "+sha256, t.Installer.Install(ctx, sha256, progress))
}

// Mark tells of a marked slot.
func (t told) Mark(ctx context.Context, s bundle.Step) error {
	return t.say("mark "+string(s), t.Installer.Mark(ctx, s))
}
