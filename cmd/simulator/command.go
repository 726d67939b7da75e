// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/card/pcsc"
	"madoguchi/cmd/internal/wire"
	"madoguchi/cmd/internal/world"
	"madoguchi/cmd/internal/world/child"
	"madoguchi/display/epd"
)

// flags are the program's own.
type flags struct {
	listen, city, office, data, date, card, panel, broker string
	headless, reveal, fresh                               bool
}

func command(stdout, stderr io.Writer) *cobra.Command {
	var f flags
	root := &cobra.Command{
		Use:           "simulator",
		Short:         "The Madoguchi counter box on one machine, with the world around it",
		Args:          noArgs,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, _ []string) error {
			opts, err := f.world()
			if err != nil {
				return usageError{err}
			}
			return serve(c.Context(), f, opts, stdout, stderr)
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	flags := root.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "loopback `address` of the page; port 0 picks a free one and prints it")
	flags.StringVar(&f.city, "city", "nabari", "`city` whose counter it is: nabari, matsue, sakuragawa, city_001, city_004")
	flags.StringVar(&f.office, "office", "", "`office` of that city: its place in the rules (default: the city's first)")
	flags.StringVar(&f.data, "data", "", "`folder` of everything that outlives a power cut (default: madoguchi in the user's state folder)")
	flags.StringVar(&f.date, "date", "", "`YYYY-MM-DD` on which the box's clock starts; it runs from there (default: today)")
	flags.StringVar(&f.card, "card", world.CardSim, "where cards are: `sim|pcsc`, the page's sample cards or a real reader")
	flags.StringVar(&f.panel, "panel", string(epd.Model4in2), "`panel` of the box: 4in2_v2 (4.2 inch, 400×300) or 7in5_v2 (7.5 inch, 800×480)")
	flags.StringVar(&f.broker, "broker", "", "`URL` of an MQTT broker, tcp://host:port (default: one is embedded)")
	flags.BoolVar(&f.reveal, "reveal", false, "let residents look at a typed signing password, one character at a time while メニュー is held")
	flags.BoolVar(&f.fresh, "new-box", false, "begin with a box that comes from its maker: it is enrolled at its window, by the letter that the page shows")
	flags.BoolVar(&f.headless, "headless", false, "serve the HTTP interface without the page")
	root.AddCommand(cardCommand(stdout, stderr), fleetCommand(stdout, stderr), boxCommand(stderr), linkCommand(stderr))
	return root
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown argument %q", args[0])}
	}
	return nil
}

// world turns the flags into a world. Errors are mistakes in the arguments.
func (f flags) world() (world.Opts, error) {
	o := world.Opts{City: f.city, Office: f.office, Data: f.data, Card: f.card, Broker: f.broker, Model: epd.Model(f.panel), Reveal: f.reveal, New: f.fresh, Command: again}
	if !slices.Contains(epd.Models, o.Model) {
		return o, fmt.Errorf("--panel %q: choose one of %v", f.panel, epd.Models)
	}
	if _, _, err := world.Place(f.city, f.office); err != nil {
		return o, err
	}
	if f.date != "" {
		d, err := time.ParseInLocation(time.DateOnly, f.date, wire.Japan)
		if err != nil {
			return o, fmt.Errorf("--date %q is no date like 2026-04-01", f.date)
		}
		o.Date = d
	}
	switch f.card {
	case world.CardSim:
	case world.CardPCSC:
		if err := pcscBuilt(); err != nil {
			return o, err
		}
	default:
		return o, fmt.Errorf("--card %q: choose sim or pcsc", f.card)
	}
	if o.Data == "" {
		d, err := stateFolder()
		if err != nil {
			return o, err
		}
		o.Data = d
	}
	return o, nil
}

// pcscBuilt says clearly when this build cannot reach a real reader.
func pcscBuilt() error {
	r, err := pcsc.Open(nil)
	if errors.Is(err, pcsc.ErrNotBuilt) {
		return fmt.Errorf("--card pcsc: %w: this simulator was built without cgo; use make run-reader", err)
	}
	if err != nil {
		return fmt.Errorf("--card pcsc: %w", err)
	}
	return r.Close()
}

// stateFolder is where data lies when nobody says otherwise (XDG Base Directory
// Specification 0.8).
func stateFolder() (string, error) {
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "madoguchi"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder (%w): say where data goes with --data", err)
	}
	return filepath.Join(home, ".local", "state", "madoguchi"), nil
}

// boxCommand is the PIN side, started by the world: fd 3 is the wire, fd 4 the
// wall's socket.
func boxCommand(stderr io.Writer) *cobra.Command {
	var config, card, panel string
	c := &cobra.Command{
		Use: "box", Hidden: true, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			conn, err := inherited(3, "wire", fs.ModeSocket)
			if err != nil {
				return err
			}
			wall, err := inherited(4, "wall", fs.ModeSocket)
			if err != nil {
				return err
			}
			return child.Box(c.Context(), child.BoxConfig{Config: config, PCSC: card == world.CardPCSC, Build: version, Hardware: world.Hardware, Panel: panel, Log: logTo(stderr, slog.LevelWarn)}, conn, wall)
		},
	}
	c.Flags().StringVar(&config, "config", "", "")
	c.Flags().StringVar(&card, "card", world.CardSim, "")
	c.Flags().StringVar(&panel, "panel", "", "")
	return c
}

// linkCommand is the network side: fd 3 ends when the world does.
func linkCommand(stderr io.Writer) *cobra.Command {
	var cfg child.LinkConfig
	c := &cobra.Command{
		Use: "link", Hidden: true, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			life, err := inherited(3, "life", fs.ModeNamedPipe)
			if err != nil {
				return err
			}
			// A cut line is shown on the box and on the page; it need not fill the terminal.
			cfg.Log = logTo(stderr, slog.LevelError)
			return child.Link(c.Context(), cfg, life)
		},
	}
	c.Flags().StringVar(&cfg.Broker, "broker", "", "")
	c.Flags().StringVar(&cfg.City, "city", "", "")
	c.Flags().StringVar(&cfg.Device, "device", "", "")
	c.Flags().StringVar(&cfg.Wall, "wall", "", "")
	c.Flags().StringVar(&cfg.State, "state", "", "")
	c.Flags().BoolVar(&cfg.New, "new", false, "")
	return c
}

// inherited is a file of the given sort that the world must have handed over.
func inherited(fd uintptr, name string, sort fs.FileMode) (*os.File, error) {
	f := os.NewFile(fd, name)
	if st, err := f.Stat(); err != nil || st.Mode().Type() != sort {
		return nil, usageError{errors.New("this is a part of the simulator, which starts it by itself: run simulator without this word")}
	}
	return f, nil
}

// logTo writes what an operator should know, without the time: the world adds
// it.
func logTo(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}
