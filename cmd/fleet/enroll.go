// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"
)

func enrollCommand(a *app) *cobra.Command {
	office := ""
	c := &cobra.Command{
		Use:   "enroll DEVICE --office NAME",
		Short: "Add a box to the fleet",
		Long: `Adds a box, so that it is part of later rollouts and is told what to run. DEVICE is its id at the broker,
the common name of its certificate. An id is used once: a box that takes another's place has its own.
The office groups boxes: at most half of an office's are updated at a time.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !record.ValidDevice(args[0]) || office == "" {
				return usage("want a device id of 1 to %d of a–z 0–9 -, and --office", record.MaxDeviceName)
			}
			if a.dry {
				return a.say(map[string]string{"would": "enroll " + args[0]}, "would enroll "+args[0]+" at "+office)
			}
			return a.with(c.Context(), func(db *store.Store) error {
				who, err := a.who(c.Context(), db)
				if err != nil {
					return err
				}
				err = db.EnrolBox(c.Context(), args[0], office)
				if errors.Is(err, store.ErrStale) {
					return fmt.Errorf("there is or was a box %s; ids are not used again", args[0])
				}
				if err != nil {
					return err
				}
				if err := db.Note(c.Context(), who, "enroll", args[0]+" at "+office); err != nil {
					return err
				}
				return a.say(map[string]string{"device": args[0], "office": office}, args[0]+" is enrolled at "+office)
			})
		},
	}
	c.Flags().StringVar(&office, "office", "", "where it stands, such as g01")
	return c
}
