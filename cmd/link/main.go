// SPDX-License-Identifier: Apache-2.0

// Link is the network side of the box: MQTT, TLS and the device's key, and nothing of the card, the keys or the
// panel. It runs as a user of its own beside counter and speaks frames of known types and sizes with it.
//
//	link --config /etc/madoguchi/link.toml
//
// If that file is not there and a provisioning file lies beside it, the box is new: link draws its key, gets its certificate by what the PIN side asks, writes the configuration and
// goes on with it.
//
// The configuration:
//
//	broker    = "tls://mqtt.example.lg.jp:8883"   # tcp:// only to this machine; several of a cluster with commas
//	city      = "nabari"
//	device    = "k3v7q2xw5m4nr8ta"                # the certificate's common name
//	office_group = "g07"                          # said in presence; may be left out
//	ca_file   = "/etc/madoguchi/ca.pem"           # with tls://
//	cert_file = "/data/link/cert.pem"
//	key_file  = "/data/link/key.pem"
//	identity  = "/data/link"                      # in place of the two: the folder of a box that was enrolled; its certificate is renewed
//	wall      = "/run/madoguchi/wall.sock"        # counter's socket
//	data_dir  = "/data/link"                      # keeps the session number and the clock's floor
//	spread    = "180s"                            # first connection after a start: a random time below this
//
// It ends with 0 when told to stop, 1 when it cannot go on, 2 when its arguments or its configuration are wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"madoguchi/sync/link"
	"madoguchi/sync/notify"
)

// version is set when the firmware is built.
var version = "development"

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 1 && args[1] == "network" {
		return runNetwork(args[2:], stderr)
	}
	flags := flag.NewFlagSet("link", flag.ContinueOnError)
	flags.SetOutput(stderr)
	config := flags.String("config", "/etc/madoguchi/link.toml", "configuration `file`")
	wallPath := flags.String("wall", "/run/madoguchi/wall.sock", "counter's `socket`, for the configuration of a new box")
	showVersion := flags.Bool("version", false, "print the version and end")
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "link: unexpected argument %q; everything is set by flags and the configuration file\n", flags.Arg(0))
		return 2
	}
	if *showVersion {
		fmt.Fprintln(stdout, "link", version)
		return 0
	}
	// 24 MiB is what this side of the box may take at most; the broker's largest packet fits many times.
	debug.SetMemoryLimit(20 << 20)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	opts := link.DefaultOpts
	opts.Log = slog.New(slog.NewTextHandler(stderr, nil))
	opts.Probe = new(link.Probe)
	manager, err := notify.FromEnv()
	if err != nil {
		fmt.Fprintln(stderr, "link:", err)
		return 1
	}
	go func() { // a new box says so, too: it waits for a person, and its watchdog is fed
		if err := manager.Run(ctx, opts.Probe.Alive); err != nil {
			opts.Log.Error("watchdog", "cause", err)
		}
	}()
	cfg, err := loadConfig(*config)
	if errors.Is(err, fs.ErrNotExist) {
		err = enrolled(ctx, *config, *wallPath, err, &opts)
		if ctx.Err() != nil {
			return 0
		}
		if err == nil {
			cfg, err = loadConfig(*config)
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "link:", err)
		return 2
	}
	if err := swept(*config); err != nil {
		opts.Log.Warn("what an enrolment leaves behind", "err", err)
	}
	err = link.Run(ctx, cfg, &opts)
	if errors.Is(err, link.ErrForgotten) {
		fmt.Fprintln(stderr, "link:", err)
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "link:", err)
		return 1
	}
	return 0
}
