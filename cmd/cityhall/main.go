// SPDX-License-Identifier: Apache-2.0

// Command cityhall is city hall's end of the records line: it subscribes to a
// broker, lets through only well-formed anonymised records, keeps them in a
// database, acknowledges them after they are on disk, and shows counts and
// records on a page of this machine. See README.md beside this file.
//
// Exit status: 0 ended by a signal, 1 could not start or go on, 2 wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "unknown"

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return runContext(ctx, args, stdout, stderr)
}

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func runContext(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := command(stdout, stderr)
	cmd.SetArgs(args[1:])
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "cityhall: %v\n", err)
	if errors.As(err, new(usageError)) {
		fmt.Fprintln(stderr, "cityhall --help says how to call it")
		return 2
	}
	return 1
}

func command(stdout, stderr io.Writer) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "cityhall --broker URL --data DIR",
		Short: "Receive, keep and show the anonymised records of a city's counters",
		Long: `cityhall subscribes to a broker, lets through only well-formed anonymised
records, keeps them in a database, acknowledges them after they are on disk, and
shows counts and records on a page of this machine.

On the first start it generates the key that signs acknowledgements: DIR/ack.key
stays here; DIR/ack.pub goes into each box's ack_key setting.`,
		Example:       "  cityhall --broker tcp://127.0.0.1:1883 --data /var/lib/cityhall --city nabari",
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), c, stdout, stderr) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&c.Broker, "broker", "", "the broker: tcp://host:port, or tls://host:port")
	f.StringVar(&c.Data, "data", "", "folder for the database and the signing key; made if it is missing")
	f.StringVar(&c.City, "city", "nabari", "city code in the topics")
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8090", "loopback address of the page; port 0 picks a free one")
	f.StringVar(&c.User, "user", "", "user name at the broker (default host.collector)")
	f.StringVar(&c.PasswordFile, "password-file", "", "file with the password at the broker, readable only by its owner")
	f.StringVar(&c.TitleJa, "title", "", "the city's name on the page in Japanese (default the city code)")
	f.StringVar(&c.TitleEn, "title-en", "", "the same in English")
	f.BoolVar(&c.JSON, "json", false, "print address and public key as one line of JSON")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(&cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(stdout, "cityhall", version)
			return err
		},
	})
	return cmd
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown argument %s", strings.Join(args, " "))}
	}
	return nil
}
