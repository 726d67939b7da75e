// SPDX-License-Identifier: Apache-2.0

// Fleet is the city's tool for its boxes: what they run, how it comes to them, and why one does not. See README.md beside this file for the signing keys.
//
//	fleet keys new --city /srv/fleet/nabari --code nabari
//	fleet release policy nabari-18.policy --version 18
//	fleet rollout create policy/18 --reason "fee of 2027"
//	fleet rollout status policy-18 --watch
//	fleet serve --broker tls://broker:8883
//
// "fleet policy" decides and checks cases by the municipalities' rules and checks the rules.
//
// It ends with 0, with 1 when it found differences or faults or could not go on, and with 2 when its arguments are wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/policycmd"
)

// version is set by the Makefile.
var version = "development"

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return runWith(ctx, args, stdin, stdout, stderr)
}

// usageError is a mistake in how the program was called that cobra cannot see.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func runWith(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ran := false
	a := &app{in: stdin, out: stdout, err: stderr}
	root := &cobra.Command{
		Use:   "fleet",
		Short: "The city's tool for its Madoguchi boxes",
		Long: `fleet signs releases, brings them to the boxes wave by wave, and says what each box
runs and why. A release goes this way:

  fleet release firmware counter.raucb --version 1.4.2     two of three firmware keys sign it
  fleet rollout create firmware/1.4.2 --reason "…"          one person draws up the plan
  fleet rollout approve firmware-1.4.2                      another approves it
  fleet rollout start firmware-1.4.2
  fleet rollout status firmware-1.4.2 --watch               it goes on, or stops, by itself

"fleet serve" must run somewhere for anything to reach the boxes.`,
		Version:          version,
		Args:             cobra.NoArgs,
		SilenceErrors:    true,
		SilenceUsage:     true,
		RunE:             func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRun: func(*cobra.Command, []string) { ran = true },
	}
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	f := root.PersistentFlags()
	f.StringVar(&a.city, "city", "", "the city's folder: releases and keys (see \"fleet keys new\")")
	f.StringVar(&a.data, "data", "", "city hall's data folder: the database that it shares with cityhall")
	f.StringVar(&a.databaseFile, "database-file", "", "file with the database's address (postgres://…), as of cityhall")
	f.StringVar(&a.as, "as", "", "act as this account of city hall; its password is asked for")
	f.BoolVar(&a.json, "json", false, "print results as JSON")
	f.BoolVar(&a.dry, "dry-run", false, "say what would be done, and do nothing")
	root.AddCommand(policycmd.New(stdin, stdout, stderr), keysCommand(a), releaseCommand(a), rolloutCommand(a), deviceCommand(a), wipeCommand(a), enrollCommand(a), auditCommand(a), logCommand(a), brokerCommand(a), serveCommand(a))
	root.SetArgs(args[1:])
	c, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, policycmd.ErrFindings):
		return 1
	}
	fmt.Fprintln(stderr, "fleet:", err)
	if !ran || errors.As(err, new(usageError)) {
		if c == root {
			fmt.Fprintln(stderr, "fleet --help lists the commands")
		} else {
			fmt.Fprintf(stderr, "%s --help says more: %s\n", c.CommandPath(), c.UseLine())
		}
		return 2
	}
	return 1
}
