// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// accountCommand makes, lists and deletes accounts. There is no page for it: who
// may change accounts sits at this machine.
func accountCommand(c *config, stdin io.Reader, stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Make, list and delete the accounts of the pages", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	role := ""
	set := &cobra.Command{
		Use: "set NAME --role viewer|auditor|admin", Short: "Make an account, or change its role and password (read from the terminal)",
		Long: "Name accounts after posts, not after people: the name stands in the audit log.\nThe password is asked for twice, or read as one line when the input is no terminal.",
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := cityweb.ParseRole(role)
			if err != nil {
				return usageError{err}
			}
			if !record.ValidDevice(args[0]) {
				return usageError{fmt.Errorf("account name %q is not 1 to %d of a–z 0–9 -", args[0], record.MaxDeviceName)}
			}
			password, err := askPassword(stdin, stdout, "Password: ", "Again: ")
			if err != nil {
				return err
			}
			hash, err := cityweb.HashPassword(password)
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), func(ctx context.Context, db *store.Store) error {
				if err := db.PutAccount(ctx, store.Account{Name: args[0], Role: string(r), Hash: hash}); err != nil {
					return err
				}
				return db.Note(ctx, "local", "account", "set "+args[0]+" "+string(r))
			})
		},
	}
	set.Flags().StringVar(&role, "role", "", "what the account may do: viewer, auditor or admin")
	drop := &cobra.Command{Use: "drop NAME", Short: "Delete an account; who uses it is out at once", Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, db *store.Store) error {
				if err := db.DropAccount(ctx, args[0]); err != nil {
					return err
				}
				return db.Note(ctx, "local", "account", "drop "+args[0])
			})
		}}
	list := &cobra.Command{Use: "list", Short: "List the accounts", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, db *store.Store) error {
				accounts, err := db.Accounts(ctx)
				for _, a := range accounts {
					fmt.Fprintf(stdout, "%-20s %s\n", a.Name, a.Role)
				}
				return err
			})
		}}
	cmd.AddCommand(set, drop, list)
	return cmd
}

// auditCommand proves that the audit log is whole.
func auditCommand(c *config, stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "audit-verify", Short: "Read the whole audit log and say whether a line was changed or taken out", Args: noArgs,
		Long: "Prints how many lines there are and the last one's hash. Keep both elsewhere: they show\nwhether lines at the end were cut off since.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, db *store.Store) error {
				n, head, err := db.VerifyAudit(ctx)
				if err == nil {
					fmt.Fprintf(stdout, "%d lines, head %x\n", n, head)
				}
				return err
			})
		},
	}
}

// restoredCommand begins a new life of the database.
func restoredCommand(c *config, stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "restored", Short: "Say that the database was put back from a backup, before cityhall is started on it", Args: noArgs,
		Long: "To put a backup back: end cityhall, copy it over cityhall.db, delete cityhall.db-wal and cityhall.db-shm, and\n" +
			"call this. The database has a new life then, which the acknowledgements tell, and the boxes send again what\n" +
			"they still keep and the backup has not. Doing it without need costs nothing but what is sent again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(ctx context.Context, db *store.Store) error {
				n, err := db.Restored(ctx)
				if err == nil {
					fmt.Fprintf(stdout, "life %08x: start cityhall now, and the boxes send again what is not here\n", n)
				}
				return err
			})
		},
	}
}

// backedUpCommand lets the boxes delete what a checked backup holds.
func backedUpCommand(c *config, stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "backed-up COPY", Short: "Check a backup, and let the boxes delete the records that are in it",
		Long: "COPY is a file made with VACUUM INTO; with --database-file it is a file with the address of a database that\n" +
			"the dump was read back into, readable only by its owner. Keep the backup until the next one was checked.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("want one backup")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			dsn := args[0]
			if c.DatabaseFile != "" {
				if dsn, err = readSecret("backup's address", dsn); err != nil {
					return err
				}
			}
			return c.with(cmd.Context(), func(ctx context.Context, db *store.Store) error {
				b, err := db.BackedUp(ctx, dsn)
				if err != nil {
					return err
				}
				fmt.Fprintf(stdout, "%d records, %d outboxes, %d of them may delete more\n", b.Facets, b.Outboxes, b.Moved)
				return db.Note(ctx, "local", "backup", fmt.Sprintf("%d records", b.Facets))
			})
		},
	}
}

// with opens the database beside a cityhall that may be running.
func (c *config) with(ctx context.Context, f func(context.Context, *store.Store) error) (err error) {
	if c.Data == "" {
		return usageError{errors.New("--data is missing: where are the keys, and the database if it is SQLite?")}
	}
	if _, err := os.Stat(c.Data); err != nil {
		return fmt.Errorf("opening data folder: %w", err)
	}
	db, _, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(ctx, db)
}

// askPassword asks by each prompt at a terminal, and reads one line from anything else.
func askPassword(stdin io.Reader, stdout io.Writer, prompts ...string) (string, error) {
	f, ok := stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		if stdin == nil {
			return "", errors.New("reading password: there is no input")
		}
		line, err := bufio.NewReader(io.LimitReader(stdin, 1024)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	said := make([]string, len(prompts))
	for i, prompt := range prompts {
		fmt.Fprint(stdout, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(stdout)
		if err != nil {
			return "", fmt.Errorf("reading password: %w", err)
		}
		said[i] = string(text)
		if said[i] != said[0] {
			return "", errors.New("reading password: the two are not the same")
		}
	}
	return said[0], nil
}

func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{errors.New("want one account name")}
	}
	return nil
}
