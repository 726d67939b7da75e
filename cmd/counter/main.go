// SPDX-License-Identifier: Apache-2.0

// Counter is the PIN side of the box: key-pad, e-ink panel, lamp, card reader, the session and the outbox. It has no
// network; what goes to city hall goes through a socket to link, the other program.
//
//	counter --config /etc/madoguchi/counter.toml
//	counter card readers|status|watch|selftest|trace [--json]
//	counter selftest [--json]               # keys, panel, reader, clock, storage, link: a line and a code each, within 20 s
//	counter board-key                       # for the unit that opens the data partition
//	slots get-primary|set-primary|…         # RAUC's back-end for the two slots, and their gate; also "counter slots"
//
// If there is no configuration and a provisioning file lies beside where it would be, the box is new: counter enrols it at its window (package device/enrol) and
// ends, and the service manager starts it with its configuration. If its fleet has ordered it to be wiped, a mark lies there: counter then erases all that makes it this box, and
// asks for a start of the board, which makes the data partition anew.
//
// The configuration's fields are those of device.Config. The socket to link is handed over by the service manager
// (LISTEN_FDS); --wall makes one at a path instead, for a bench without a service manager. It says when it is ready and feeds the service
// manager's watchdog (NOTIFY_SOCKET, WATCHDOG_USEC) as long as its loop answers.
//
// A start that fails is shown on the panel, with what to do, if the panel can be reached.
//
// It ends with 0 when told to stop, 1 when it could not start, 2 when its arguments or its configuration are wrong, 70 after a
// fault of its own, 71 when reader and card service hang, and 72 when it is to be wiped; the service manager starts it again after the last three.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"madoguchi/device"
	"madoguchi/pinpad/pin"
	"madoguchi/sync/notify"
	"madoguchi/sync/wall"
)

// version is set when the firmware is built.
var version = "development"

const usage = `usage: counter [flags]       the PIN side of the box; the service manager starts it
       counter card COMMAND  a technician's look at reader and card, on a bench
       counter selftest      keys, panel, reader, clock, storage and link, on a bench
       counter board-key     the key of the data partition, for the unit that opens it
       counter slots COMMAND RAUC's back-end for the two slots

`

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if filepath.Base(args[0]) == "slots" { // the name by which RAUC calls it
		return runSlots(args[1:], stdout, stderr)
	}
	if len(args) > 1 && args[1] == "slots" {
		return runSlots(args[2:], stdout, stderr)
	}
	if len(args) > 1 && args[1] == "card" {
		return runCard(args[2:], stdout, stderr)
	}
	if len(args) > 1 && args[1] == "selftest" {
		return runSelftest(args[2:], stdout, stderr)
	}
	if len(args) == 2 && args[1] == "board-key" {
		return runBoardKey(stdout, stderr)
	}
	flags := flag.NewFlagSet("counter", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	config := flags.String("config", "/etc/madoguchi/counter.toml", "configuration `file`")
	wallPath := flags.String("wall", "", "make the socket to link at this `path` (default: handed over by the service manager)")
	peer := flags.Int("link-uid", os.Getuid(), "the only `user` id that may be at the other end of that socket")
	showVersion := flags.Bool("version", false, "print the version and end")
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "counter: unexpected argument %q; counter --help lists the commands, everything else is set by flags and the configuration file\n", flags.Arg(0))
		return 2
	}
	if *showVersion {
		fmt.Fprintln(stdout, "counter", version)
		return 0
	}
	if isWiping(*config) { // before anything of the box is read: half of it may be gone
		return startWipe(*config, *wallPath, *peer, stderr)
	}
	cfg, err := device.LoadConfig(*config)
	if errors.Is(err, fs.ErrNotExist) && isNew(*config) {
		return startNew(*config, *wallPath, *peer, stderr)
	}
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(stderr, "counter: there is no configuration file %s; name one with --config (what goes in: go doc ./device Config)\n", *config)
		return showDark(device.DefaultConfig, errNoSettings, 2, stderr)
	} else if err != nil {
		fmt.Fprintln(stderr, "counter:", err)
		return showDark(device.DefaultConfig, err, 2, stderr)
	}
	if err := sweep(*config); err != nil {
		fmt.Fprintln(stderr, "counter: what an enrolment leaves behind:", err)
	}
	if err := start(*config, cfg, *wallPath, *peer, stderr); err != nil {
		for _, e := range causes(err) {
			fmt.Fprintln(stderr, "counter:", e)
		}
		var exit *device.ExitError
		if errors.As(err, &exit) {
			return exit.Code
		}
		return showDark(cfg, err, 1, stderr)
	}
	return 0
}

// showDark shows on the panel why the box does not start, and gives the exit status back.
func showDark(cfg device.Config, why error, status int, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dark(ctx, cfg, why, darkHold); err != nil {
		fmt.Fprintln(stderr, "counter:", err)
	}
	return status
}

// start brings the box up and runs it until it is told to stop.
func start(config string, cfg device.Config, wallPath string, peer int, stderr io.Writer) error {
	// No core dump, no debugger, no traceback with arguments: before the first key is scanned.
	if err := pin.Harden(); err != nil {
		return fmt.Errorf("protecting the process: %w", err)
	}
	debug.SetTraceback("none")
	// Each command to the reader allocates 64 KiB (ebfe/scard); the limit keeps that from piling up.
	debug.SetMemoryLimit(20 << 20)

	if errs := checkFiles(cfg.SPI, cfg.ReaderSocket); len(errs) > 0 {
		return errors.Join(errs...)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	hw, closeHW, err := open(cfg)
	if err != nil {
		return err
	}
	defer closeHW()
	if hw.Wall, err = listen(wallPath); err != nil {
		return err
	}
	d, err := device.New(hw, cfg, &device.Opts{Log: log, PeerUID: peer, Build: version, Update: updates(cfg, log), Home: home(config, cfg)})
	if err != nil {
		return fmt.Errorf("%w: %w", errData, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	manager, err := notify.FromEnv()
	if err != nil {
		return err
	}
	go func() {
		// A service manager that cannot be told stops feeding the watchdog: it will start the program again.
		if err := manager.Run(ctx, d.Alive); err != nil {
			log.Error("watchdog", "cause", err)
		}
	}()
	return d.Run(ctx)
}

// listen takes the socket to link from the service manager, or makes it at a path that only this user may reach.
func listen(path string) (net.Listener, error) {
	if path == "" {
		l, err := wall.Inherited()
		if errors.Is(err, wall.ErrNoSocket) {
			return nil, fmt.Errorf("socket to link: %w; start by the service manager's socket unit, or name a path with --wall", err)
		}
		return l, err
	}
	defer syscall.Umask(syscall.Umask(0o177))
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("socket to link: %w", err)
	}
	return l, nil
}

// causes takes a joined error apart, one line each.
func causes(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
