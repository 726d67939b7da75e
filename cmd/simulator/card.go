// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/card/vpcd"
	"madoguchi/card/vscard"
	"madoguchi/cmd/internal/wire"
)

// cardFlags are those of "simulator card".
type cardFlags struct {
	list, asJSON    bool
	vpcd, vscard    string
	id, state, date string
	issuer          bool
}

// cardCommand serves one sample card to a virtual card reader.
func cardCommand(stdout, stderr io.Writer) *cobra.Command {
	var f cardFlags
	c := &cobra.Command{
		Use:   "card",
		Short: "Put a sample card into pcscd's virtual reader (vpcd) or a virtual machine's (QEMU)",
		Long: `Put a sample card into a virtual card reader, where every PC/SC program finds it.
The card stays in until this program ends; what it keeps without power is kept in --state.

  simulator card --list
  simulator card --vpcd 127.0.0.1:35963 --card adult --state adult.json
  simulator card --vscard 127.0.0.1:7816 --card one_try_left`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return usageError{err}
			}
			if f.list {
				return f.print(stdout)
			}
			return f.serve(c.Context(), stderr)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.BoolVar(&f.list, "list", false, "list the sample cards with their made-up PINs, and end")
	flags.BoolVar(&f.asJSON, "json", false, "with --list: as JSON")
	flags.StringVar(&f.vpcd, "vpcd", "", "`HOST:PORT` of pcscd's virtual reader (vsmartcard-vpcd; 127.0.0.1:35963 is its first slot)")
	flags.StringVar(&f.vscard, "vscard", "", "`HOST:PORT` of QEMU's ccid-card-passthru")
	flags.StringVar(&f.id, "card", "adult", "which sample `card`")
	flags.StringVar(&f.state, "state", "", "`file` that keeps PINs and counters (default: none, the card is fresh each time)")
	flags.StringVar(&f.date, "date", "", "`YYYY-MM-DD` around which the samples' dates lie (default: today)")
	flags.BoolVar(&f.issuer, "simulated-issuer", false, "the card also obeys an issuer that does not exist; no real card answers like this")
	return c
}

func (f *cardFlags) check() error {
	chosen := 0
	for _, on := range []bool{f.list, f.vpcd != "", f.vscard != ""} {
		if on {
			chosen++
		}
	}
	switch {
	case chosen != 1:
		return errors.New("choose one of --list, --vpcd HOST:PORT and --vscard HOST:PORT")
	case f.asJSON && !f.list:
		return errors.New("--json goes with --list")
	}
	if addr := f.vpcd + f.vscard; addr != "" {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("%q is no address like 127.0.0.1:%d", addr, vpcd.Port)
		}
	}
	today, err := f.today()
	if err != nil {
		return err
	}
	if _, ok := simcard.SampleByID(f.id, today); !ok {
		return fmt.Errorf("there is no sample card %q; --list shows all", f.id)
	}
	return nil
}

func (f *cardFlags) today() (time.Time, error) {
	if f.date == "" {
		return time.Now().In(wire.Japan), nil
	}
	d, err := time.ParseInLocation(time.DateOnly, f.date, wire.Japan)
	if err != nil {
		return d, fmt.Errorf("--date %q is no date like 2026-04-01", f.date)
	}
	return d, nil
}

// listed is one sample card as JSON.
type listed struct {
	ID    string               `json:"id"`
	Title simcard.Text         `json:"title"`
	What  simcard.Text         `json:"what"`
	PINs  map[card.Kind]string `json:"pins"`
	Ends  string               `json:"ends,omitempty"` // of its certificates
}

func (f *cardFlags) print(out io.Writer) error {
	today, err := f.today()
	if err != nil {
		return usageError{err}
	}
	samples := simcard.Samples(today)
	if f.asJSON {
		all := make([]listed, len(samples))
		for i, s := range samples {
			all[i] = listed{ID: s.ID, Title: s.Title, What: s.What, PINs: s.PINs}
			if !s.Spec.Ends.IsZero() {
				all[i].Ends = s.Spec.Ends.Format(time.DateOnly)
			}
		}
		enc := json.NewEncoder(out)
		enc.SetIndent("", " ")
		return enc.Encode(all)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CARD\tWHAT\tMADE-UP PINS")
	for _, s := range samples {
		var pins []string
		for _, k := range card.Kinds() {
			if p, ok := s.PINs[k]; ok {
				pins = append(pins, k.String()+" "+p)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.ID, s.What.EN, strings.Join(pins, ", "))
	}
	return w.Flush()
}

// serve keeps the card in the reader until ctx ends. A reader that goes away
// is waited for.
func (f *cardFlags) serve(ctx context.Context, stderr io.Writer) error {
	today, err := f.today()
	if err != nil {
		return usageError{err}
	}
	s, _ := simcard.SampleByID(f.id, today)
	if f.issuer && s.Spec.Profile == simcard.MyNumber {
		s.Spec.Profile = simcard.SimulatedIssuer
		fmt.Fprintln(stderr, "simulator: this card obeys a simulated issuer; no real card answers like this")
	}
	c, err := keep(simcard.New(s.Spec), f.state)
	if err != nil {
		return err
	}
	addr, serve := f.vpcd, func(conn net.Conn) error {
		defer context.AfterFunc(ctx, func() { conn.Close() })() // pulls the card
		return vpcd.Serve(conn, c)
	}
	if f.vscard != "" {
		addr, serve = f.vscard, func(conn net.Conn) error { return vscard.Serve(ctx, conn, c) }
	}
	for {
		fmt.Fprintf(stderr, "simulator: waiting for the reader at %s\n", addr)
		conn, err := vpcd.Dial(ctx, addr)
		if err != nil {
			return nil // told to stop
		}
		fmt.Fprintf(stderr, "simulator: card %s is in the reader; Ctrl-C pulls it\n", f.id)
		if err := serve(conn); err != nil || ctx.Err() != nil {
			return err
		}
	}
}
