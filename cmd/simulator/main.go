// SPDX-License-Identifier: Apache-2.0

//go:debug cryptocustomrand=1

// Simulator is the whole box on one machine, with the world around it: the
// e-ink panel, the keys, cards, the clerk's lamp, a broker and city hall, shown
// on one page in a browser and driven over HTTP on loopback. The box itself runs
// the firmware's code in two child processes that are this program again, as
// "simulator box" and "simulator link".
//
//	simulator --city nabari --data ./data
//
// It prints its address and runs until it is told to stop. It ends with 0 then,
// with 1 when it cannot start or go on, and with 2 when its arguments are wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the box lives in Japan, wherever this machine does
)

// version is set by the Makefile.
var version = "development"

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

// usageError is a mistake in the arguments.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func run(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := command(stdout, stderr)
	root.SetArgs(args[1:])
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "simulator:", err)
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(stderr, "simulator --help lists the flags")
		return 2
	}
	return 1
}
