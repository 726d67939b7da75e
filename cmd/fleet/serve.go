// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/store"
)

// service is what the flags of "fleet serve" say.
type service struct {
	broker, password, ca, cert, key string
	every                           time.Duration
	pace                            depot.ServeOpts
}

func serveCommand(a *app) *cobra.Command {
	var s service
	c := &cobra.Command{
		Use:   "serve --city DIR --data DIR --broker URL",
		Short: "Run the director: take what boxes say, move rollouts on, hand out releases",
		Long: `Runs until it is stopped, and can be killed at any moment: all that it knows is in the database and in
the city's folder. It signs by the director, snapshot and timestamp keys of the folder, renews the
timestamp every day, and answers the boxes' requests at the pace that --device-rate and --office-rate
allow. One is enough; a second one does no harm.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if s.broker == "" {
				return usage("--broker is missing: where are the boxes connected?")
			}
			d, err := a.depot()
			if err != nil {
				return err
			}
			keys, err := a.keys(d, nil, daily...)
			if err != nil {
				return err
			}
			line := director.Line{Broker: s.broker}
			if s.password != "" {
				if line.Password, err = secretFile(s.password); err != nil {
					return err
				}
			}
			if line.TLS, err = s.tls(); err != nil {
				return err
			}
			return a.with(c.Context(), func(db *store.Store) error {
				o := director.Opts{Store: db, Depot: d, Keys: keys, Line: line, Serve: s.pace, Every: s.every, Log: slog.New(slog.NewTextHandler(a.err, nil))}
				reg, _, err := a.registrar(d, db)
				if err != nil {
					return err
				}
				o.Enrol = reg
				dir, err := director.New(o)
				if err != nil {
					return err
				}
				if a.dry {
					return a.say(map[string]string{"would": "serve " + d.City()}, "would serve "+d.City()+" at "+s.broker+": keys, depot and database are as they must be")
				}
				return dir.Run(c.Context())
			})
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&s.broker, "broker", "", "the broker: tcp://host:port, or tls://host:port")
	f.StringVar(&s.password, "password-file", "", "file with the password at the broker, readable only by its owner")
	f.StringVar(&s.ca, "broker-ca", "", "file with the authority that the broker's certificate is from (default the system's)")
	f.StringVar(&s.cert, "broker-cert", "", "file with our certificate for the broker")
	f.StringVar(&s.key, "broker-key", "", "file with its key")
	f.Int64Var(&s.pace.DeviceBPS, "device-rate", 1<<20, "bytes a second to one box")
	f.Int64Var(&s.pace.OfficeBPS, "office-rate", 1<<20, "bytes a second to all boxes of one office")
	f.DurationVar(&s.every, "every", 10*time.Second, "between two looks at the rollouts")
	return c
}

func (s service) tls() (*tls.Config, error) {
	if (s.cert == "") != (s.key == "") {
		return nil, usage("--broker-cert and --broker-key belong together")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	if s.ca != "" {
		text, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, fmt.Errorf("reading broker's authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New("reading broker's authority: no certificate in " + s.ca)
		}
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return nil, fmt.Errorf("reading our certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
