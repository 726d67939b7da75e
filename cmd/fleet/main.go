// SPDX-License-Identifier: Apache-2.0

// Fleet is the city's tool for its boxes. "fleet policy" decides and checks cases by the municipalities' rules and checks the rules.
//
//	fleet policy decide < cases.jsonl > decisions.jsonl
//	fleet policy check cases.jsonl
//
// It ends with 0, with 1 when it found differences or faults or could not go on, and with 2 when its arguments are wrong.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/policycmd"
)

// version is set by the Makefile.
var version = "development"

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ran := false
	root := &cobra.Command{
		Use:               "fleet",
		Short:             "The city's tool for its Madoguchi boxes",
		Version:           version,
		Args:              cobra.NoArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRun:  func(*cobra.Command, []string) { ran = true },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	root.AddCommand(policycmd.New(stdin, stdout, stderr))
	root.SetArgs(args[1:])
	err := root.Execute()
	switch {
	case err == nil:
		return 0
	case errors.Is(err, policycmd.ErrFindings):
		return 1
	}
	fmt.Fprintln(stderr, "fleet:", err)
	if !ran {
		fmt.Fprintln(stderr, "fleet --help lists the commands")
		return 2
	}
	return 1
}
