// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"madoguchi/cmd/internal/authority"
	"madoguchi/sync/issuer"
	"madoguchi/sync/record"

	"github.com/spf13/cobra"
)

// simulation is said wherever the simulated issuer shows itself.
const simulation = "SIMULATION: a fake authority for simulated cards; no real card obeys it, and it is not J-LIS"

// openIssuer opens the simulated issuer in the data folder.
func (c *config) openIssuer(ctx context.Context) (*authority.Authority, error) {
	if c.Data == "" {
		return nil, usageError{errors.New("--data is missing: where is the issuer's book?")}
	}
	seed, err := authority.OpenSeed(c.Data)
	if err != nil {
		return nil, err
	}
	return authority.Open(ctx, filepath.Join(c.Data, "issuer.db"), authority.Opts{City: c.City, Seed: seed})
}

// simulate answers the boxes until ctx ends; ended waits for that and closes the book.
func (c *config) simulate(ctx context.Context, tls *tls.Config, log *slog.Logger) (ended func(), err error) {
	password, err := readSecret("issuer's password", c.IssuerPasswordFile)
	if err != nil {
		return nil, err
	}
	a, err := c.openIssuer(ctx)
	if err != nil {
		return nil, err
	}
	log.Warn(simulation)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.Line(ctx, authority.LineOpts{Broker: c.Broker, Password: password, TLS: tls, Log: log}); err != nil {
			log.Error("issuer link", "err", err)
		}
	}()
	return func() {
		cancel()
		<-done
		if err := a.Close(); err != nil {
			log.Error("closing the issuer's book", "err", err)
		}
	}, nil
}

// issuerCommand is what people do at the simulated issuer. It works beside a cityhall that runs.
func issuerCommand(c *config, stdin io.Reader, stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use: "issuer", Short: "Release and list operations of the simulated issuer (off by default)", Args: noArgs,
		Long: simulation + ".\n`cityhall --simulated-issuer` answers the boxes; these commands are for the people beside it.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&c.City, "city", "nabari", "city code in the topics")
	with := func(f func(ctx context.Context, a *authority.Authority, args []string) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, args []string) error {
			if _, err := os.Stat(c.Data); c.Data != "" && err != nil {
				return fmt.Errorf("opening data folder: %w", err)
			}
			a, err := c.openIssuer(cmd.Context())
			if err != nil {
				return err
			}
			return errors.Join(f(cmd.Context(), a, args), a.Close())
		}
	}
	no := false
	release := &cobra.Command{
		Use: "release NUMBER LABEL", Short: "Release the operation that shows this number, as a second person (the code is read from the terminal)",
		Args: want(2, "the number on the box's screen and a label"),
		RunE: with(func(ctx context.Context, a *authority.Authority, args []string) error {
			n, err := strconv.ParseUint(args[0], 10, 16)
			if err != nil || n > 9999 || len(args[0]) != 4 {
				return usageError{fmt.Errorf("%q is not a number of four digits", args[0])}
			}
			code, err := askPassword(stdin, stdout, "Code: ")
			if err != nil {
				return err
			}
			return a.Release(ctx, uint16(n), args[1], code, !no)
		}),
	}
	release.Flags().BoolVar(&no, "no", false, "refuse it instead")
	cmd.AddCommand(release,
		&cobra.Command{Use: "keys", Short: "Print the public keys that each box must be given", Args: noArgs,
			RunE: with(func(_ context.Context, a *authority.Authority, _ []string) error {
				sign, seal := a.Keys()
				_, err := fmt.Fprintf(stdout, "issuer_key  %s\nissuer_seal %s\n", base64.StdEncoding.EncodeToString(sign), base64.StdEncoding.EncodeToString(seal[:]))
				return err
			})},
		&cobra.Command{Use: "box DEVICE KEY", Short: "Enrol a box by the public key of its PIN side, in base64", Args: want(2, "a device and its key"),
			RunE: with(func(ctx context.Context, a *authority.Authority, args []string) error {
				key, err := base64.StdEncoding.DecodeString(args[1])
				if err != nil || len(key) != ed25519.PublicKeySize || !record.ValidDevice(args[0]) {
					return usageError{errors.New("want a device id and 32 bytes in base64")}
				}
				return a.AddBox(ctx, args[0], key)
			})},
		&cobra.Command{Use: "releaser LABEL", Short: "Name a post that may release, and its code of 4 to 8 digits (read from the terminal)", Args: want(1, "a label"),
			RunE: with(func(ctx context.Context, a *authority.Authority, args []string) error {
				code, err := askPassword(stdin, stdout, "Code: ", "Again: ")
				if err != nil {
					return err
				}
				return a.SetReleaser(ctx, args[0], code)
			})},
		&cobra.Command{Use: "list", Short: "List the operations, and what should never have happened", Args: noArgs,
			RunE: with(func(ctx context.Context, a *authority.Authority, _ []string) error {
				book, err := a.Book(ctx)
				for _, e := range book {
					number := "----"
					if e.State == issuer.Waiting {
						number = fmt.Sprintf("%04d", e.Check())
					}
					fmt.Fprintf(stdout, "%s  %-16s %-8s %s %s\n", number, e.Device, e.State, e.Open.Order.Operation, e.Open.Order.Kind)
				}
				alarms, aerr := a.Alarms(ctx)
				for _, what := range alarms {
					fmt.Fprintf(stdout, "ALARM %s\n", what)
				}
				return errors.Join(err, aerr)
			})})
	return cmd
}

// want asks for n arguments.
func want(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("want %s", what)}
		}
		return nil
	}
}
