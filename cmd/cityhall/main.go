// SPDX-License-Identifier: Apache-2.0

// Command cityhall is city hall's end of the records line: it subscribes to a
// broker, lets through only well-formed anonymised records, keeps them in a
// database, acknowledges them after they are on disk, and shows figures on pages.
// See README.md beside this file.
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

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/store"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "unknown"

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return runWith(ctx, args, stdin, stdout, stderr)
}

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func runWith(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	cmd := command(stdin, stdout, stderr)
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

func command(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "cityhall --broker URL --data DIR",
		Short: "Receive, keep and show the anonymised records of a city's counters",
		Long: `cityhall subscribes to a broker, lets through only well-formed anonymised
records, keeps them in a database (SQLite, or PostgreSQL), acknowledges them after
they are on disk, and shows figures on pages: offices, procedures, lock-outs,
times, friction, devices, alerts.

On the first start it generates the key that signs acknowledgements: DIR/ack.key
stays here; DIR/ack.pub goes into each box's ack_key setting.`,
		Example:       "  cityhall --broker tcp://127.0.0.1:1883 --data /var/lib/cityhall --city nabari",
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), c, stdout, stderr) },
	}
	both := cmd.PersistentFlags()
	both.SortFlags = false
	both.StringVar(&c.Data, "data", "", "folder for the signing key, and for the database if it is SQLite; made if it is missing")
	both.StringVar(&c.DatabaseFile, "database-file", "", "file with the database's address (postgres://…), readable only by its owner; default SQLite in the data folder")
	both.IntVar(&c.KeepWeeks, "keep-weeks", store.DefaultOpts.KeepWeeks, "weeks that keep single records; older ones keep their counts")
	both.IntVar(&c.KeepCounts, "keep-counts", store.DefaultOpts.KeepCounts, "weeks that keep their counts")
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&c.Broker, "broker", "", "the broker: tcp://host:port, or tls://host:port")
	f.StringVar(&c.BrokerCA, "broker-ca", "", "file with the authority that the broker's certificate is from (default the system's)")
	f.StringVar(&c.BrokerCert, "broker-cert", "", "file with our certificate for the broker")
	f.StringVar(&c.BrokerKey, "broker-key", "", "file with its key")
	f.StringVar(&c.User, "user", "", "user name at the broker (default the client id)")
	f.StringVar(&c.PasswordFile, "password-file", "", "file with the password at the broker, readable only by its owner")
	f.StringVar(&c.Name, "name", "", "this collector's name, where a city has several; they share one database and one ack.key")
	f.BoolVar(&c.Share, "share", false, "let the broker share messages out among the collectors ($share)")
	f.StringVar(&c.City, "city", "nabari", "city code in the topics")
	f.StringVar(&c.TitleJa, "title", "", "the city's name on the pages in Japanese (default the city code)")
	f.StringVar(&c.TitleEn, "title-en", "", "the same in English")
	f.StringVar(&c.Offices, "offices", "", "TOML file with the names of the office groups")
	f.IntVar(&c.K, "k", cityweb.DefaultOpts.K, "the least number that is shown; 10 for publication")
	f.DurationVar(&c.Silent, "silent", cityweb.DefaultOpts.Silent, "after how long a device counts as silent")
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8090", "address of the pages; port 0 picks a free one; beyond loopback with TLS and accounts only")
	f.StringVar(&c.Cert, "tls-cert", "", "file with the pages' certificate")
	f.StringVar(&c.Key, "tls-key", "", "file with its key")
	f.StringVar(&c.Host, "host", "", "host name of the pages; requests for another are refused")
	f.StringVar(&c.TokenFile, "metrics-token-file", "", "file with the bearer token for /metrics, readable only by its owner")
	f.BoolVar(&c.SimulatedIssuer, "simulated-issuer", false, "also answer the issuer link as a fake authority, for simulated cards only; see cityhall issuer")
	f.StringVar(&c.IssuerPasswordFile, "issuer-password-file", "", "file with that authority's password at the broker (user host_issuer), readable only by its owner")
	f.BoolVar(&c.JSON, "json", false, "print address and public key as one line of JSON")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(accountCommand(&c, stdin, stdout), auditCommand(&c, stdout), restoredCommand(&c, stdout), backedUpCommand(&c, stdout), issuerCommand(&c, stdin, stdout), &cobra.Command{
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
