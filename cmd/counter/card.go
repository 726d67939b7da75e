// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"madoguchi/card"
	"madoguchi/card/pcsc"
	"madoguchi/device"
)

// cardUsage is what a technician reads.
const cardUsage = `usage: counter card COMMAND [--reader PART] [--wait 10s] [--json]

  readers    which readers there are and what they hold
  status     what the card in the reader is: tries left, certificates, applications (no PIN, nobody's data)
  watch      every change at the reader, until Ctrl-C
  selftest   reader, card, its answers, the session's end, each with what to do
  trace      the commands of one status, by class and instruction, with answers and times

It is for a bench. Beside a running service it refuses: there the service menu shows the same.
`

// cardTool is one call of "counter card".
type cardTool struct {
	out    io.Writer
	json   bool
	wait   time.Duration
	reader *pcsc.Reader
	name   string // part of the reader's name that was asked for
}

// commands of "counter card".
var cardCommands = map[string]func(*cardTool, context.Context) error{
	"readers":  (*cardTool).readers,
	"status":   (*cardTool).status,
	"watch":    (*cardTool).watch,
	"selftest": (*cardTool).selftest,
	"trace":    (*cardTool).trace,
}

// errSelftest is a test that found something; it has been printed.
var errSelftest = errors.New("not all is well")

func runCard(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, cardUsage)
		return 2
	}
	do, ok := cardCommands[args[0]]
	if !ok {
		if args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
			fmt.Fprint(stdout, cardUsage)
			return 0
		}
		fmt.Fprintf(stderr, "counter card: unknown command %q\n%s", args[0], cardUsage)
		return 2
	}
	t := cardTool{out: stdout}
	flags := flag.NewFlagSet("counter card "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	config := flags.String("config", "/etc/madoguchi/counter.toml", "configuration `file`, for the reader's name; need not be there")
	flags.StringVar(&t.name, "reader", "", "a `part` of the reader's name (default: the configuration's, else whichever holds a card)")
	flags.BoolVar(&t.json, "json", false, "print JSON, one object a line")
	flags.DurationVar(&t.wait, "wait", 10*time.Second, "how `long` to wait for a reader and a card")
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "counter card: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	cfg, err := device.LoadConfig(*config)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(stderr, "counter card:", err)
		return 2
	}
	if t.name == "" {
		t.name = cfg.Reader
	}
	if err := t.run(cfg.DataDir, do); err != nil {
		if !errors.Is(err, errSelftest) {
			fmt.Fprintln(stderr, "counter card:", err)
		}
		return 1
	}
	return 0
}

// run does one command on a reader of its own.
func (t *cardTool) run(dataDir string, do func(*cardTool, context.Context) error) error {
	if err := alone(dataDir); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if t.reader, err = pcsc.Open(&pcsc.Opts{Reader: t.name}); err != nil {
		return err
	}
	defer t.reader.Close()
	return do(t, ctx)
}

// print writes one object, as JSON or by its lines.
func (t *cardTool) print(v any, lines ...string) {
	if t.json {
		_ = json.NewEncoder(t.out).Encode(v)
		return
	}
	for _, l := range lines {
		fmt.Fprintln(t.out, strings.TrimRight(l, " "))
	}
}

// first waits for the reader's first news.
func (t *cardTool) first(ctx context.Context) (card.Event, error) {
	return t.until(ctx, func(card.Event) bool { return true })
}

// until waits for an event that is as wanted; after t.wait the last one is the
// reason of an error.
func (t *cardTool) until(ctx context.Context, ok func(card.Event) bool) (card.Event, error) {
	limit := time.NewTimer(t.wait)
	defer limit.Stop()
	last := card.Event{Err: errors.New("card service says nothing")}
	for {
		select {
		case ev := <-t.reader.Events():
			if last = ev; ok(ev) {
				return ev, nil
			}
		case <-ctx.Done():
			return last, ctx.Err()
		case <-limit.C:
			return last, reason(last)
		}
	}
}

// reason turns a reader's state into what a technician does about it.
func reason(ev card.Event) error {
	switch {
	case ev.Err != nil:
		return ev.Err
	case ev.Presence == card.Empty:
		return fmt.Errorf("%w: put one in, chip first", card.ErrNoCard)
	case ev.Presence == card.Mute:
		return fmt.Errorf("%w: turn it, clean its contacts, try another card", card.ErrMute)
	}
	return nil
}

// connect waits for a card and opens a session.
func (t *cardTool) connect(ctx context.Context) (card.Link, error) {
	if _, err := t.until(ctx, func(ev card.Event) bool { return ev.Presence == card.Present }); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	l, err := t.reader.Connect(ctx)
	if errors.Is(err, card.ErrBusy) {
		return nil, fmt.Errorf("%w: end it (a card tool, a browser with a card plug-in)", err)
	}
	return l, err
}
