// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/crowd"
	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/world"
	"madoguchi/device/update"
)

// fleetFlags are those of "simulator fleet".
type fleetFlags struct {
	listen, city, data, sick string
	boxes                    int
}

func fleetCommand(stdout, stderr io.Writer) *cobra.Command {
	var f fleetFlags
	c := &cobra.Command{
		Use:   "fleet",
		Short: "A city of many simulated boxes, to try rollouts on",
		Long: `Starts a broker, city hall and its fleet with many boxes, and serves city hall's page. The boxes run the
firmware's own update code; their slots only remember a digest. Bring releases to them with "fleet"
as in a real city. See cmd/fleet/README.md; "make show-rollout" does it all.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.boxes < 1 || f.boxes > 2000 {
				return usageError{fmt.Errorf("--boxes %d: from 1 to 2000", f.boxes)}
			}
			return serveFleet(c.Context(), f, stdout, stderr)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.IntVar(&f.boxes, "boxes", 50, "how `many`, four to an office")
	flags.StringVar(&f.sick, "sick", "", "`wave` whose boxes are not well on what a rollout brings them")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8081", "loopback `address` of city hall's page; port 0 picks a free one and prints it")
	flags.StringVar(&f.city, "city", "nabari", "`city` that they stand in")
	flags.StringVar(&f.data, "data", "", "`folder` of the city (default: madoguchi-fleet in the user's state folder)")
	return c
}

// serveFleet runs the city until ctx ends.
func serveFleet(ctx context.Context, f fleetFlags, stdout, stderr io.Writer) (err error) {
	log := logTo(stderr, slog.LevelWarn)
	if f.data == "" {
		d, err := stateFolder()
		if err != nil {
			return err
		}
		f.data = d + "-fleet"
	}
	if _, _, err := world.Place(f.city, ""); err != nil {
		return usageError{err}
	}
	l, err := listen(f.listen)
	if err != nil {
		return err
	}
	defer l.Close()
	w, err := world.Open(ctx, world.Opts{City: f.city, Data: f.data, Bare: true, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	d, err := depot.Open(w.Depot())
	if err != nil {
		return err
	}
	o, err := crowd.Opts{Broker: w.BrokerURL(), Dir: filepath.Join(w.Data(), "boxes"), Cases: 3, Sick: sickIn(f.sick), Warn: log}.Of(d)
	if err != nil {
		return err
	}
	all, err := crowd.Make(f.boxes, o)
	if err != nil {
		return err
	}
	for i, b := range all {
		if err := w.Enrol(ctx, b.String(), crowd.Office(i+1)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lived := make(chan error, 1)
	go func() {
		lived <- all.Run(ctx)
		cancel()
	}()
	fmt.Fprintf(stdout, "\n  Madoguchi 窓口   %d simulated boxes\n\n  City hall   http://%s/rollouts\n  The tool    fleet --city %s --data %s\n  Ctrl-C ends it.\n\n", f.boxes, l.Addr(), w.Depot(), w.Data())
	err = page(ctx, l, w.CityHall(), log)
	cancel()
	return errors.Join(err, <-lived)
}

// sickIn makes the boxes unwell on what a wave of that name brings them.
func sickIn(name string) func(string, update.Digest, string) string {
	if name == "" {
		return nil
	}
	return func(_ string, _ update.Digest, wave string) string {
		if strings.HasSuffix(wave, "/"+name) {
			return "the reader does not answer"
		}
		return ""
	}
}
