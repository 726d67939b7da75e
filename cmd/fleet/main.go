// SPDX-License-Identifier: Apache-2.0

// Command fleet is the fleet admins' tool. It works on files and over a broker,
// and never with a device's own credentials. What it can do in this version is
// what its help lists.
//
// Exit status: 0 done, 1 failed, 2 wrong usage.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "unknown"

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	cmd := command(stdout)
	cmd.SetArgs(args[1:])
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.Execute()
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "fleet: %v\n", err)
	if errors.As(err, new(usageError)) {
		fmt.Fprintln(stderr, "fleet --help lists the commands")
		return 2
	}
	return 1
}

func command(stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "Look after a city's counters",
		Long: `fleet is the tool of those who look after a city's counters: it enrols boxes,
signs rules, settings and firmware, rolls them out in waves that stop by
themselves, and says which box runs what. Signing works on files, so that a
signer needs no network; what goes to the boxes goes over the broker, and each
box verifies it for itself.

This version can only say its version. To come, in this order:

  enroll    give a box its identity and its first start file
  policy    check, simulate and sign a municipality's rules
  key       make and rotate signing keys
  release   describe and sign firmware
  rollout   plan, start, pause, stop and watch a rollout
  device    list boxes, show one, compare wanted and actual state
  broker    check a broker's settings and access rules`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(&cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(stdout, "fleet", version)
			return err
		},
	})
	return cmd
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %s", strings.Join(args, " "))}
	}
	return nil
}
