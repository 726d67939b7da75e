// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
)

// devices are the boxes of the fleet as a plan for a release looks at them: what each has said of its board and of what it runs.
func devices(boxes []store.Box, m update.Manifest, now time.Time) []rollout.Device {
	var out []rollout.Device
	for _, b := range boxes {
		if b.Retired {
			continue
		}
		l := lineOf(b)
		d := rollout.Device{ID: b.ID, Office: b.Office, Board: l.Board}
		var no *update.RefusedError
		like := update.Box{Product: m.Product, City: m.City, Installed: l.Update.Installed}
		if len(m.Hardware) > 0 { // boards are looked at for themselves
			like.Hardware = m.Hardware[0]
		}
		if errors.As(m.Fits(like, update.Moment{At: now, Trusted: true}), &no) {
			d.Newer = no.Code == "older" || no.Code == "epoch"
		}
		out = append(out, d)
	}
	return out
}

// completeAim completes what a plan may aim at by what the fleet has; of a list with commas the last part.
func (a *app) completeAim(c *cobra.Command) {
	for flag, of := range map[string]func(b store.Box) string{
		"office": func(b store.Box) string { return b.Office },
		"board":  func(b store.Box) string { return lineOf(b).Board },
		"box":    func(b store.Box) string { return b.ID },
	} {
		_ = c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) { // cannot fail: the flag is there
			before := typed[:strings.LastIndexByte(typed, ',')+1]
			names := map[string]bool{}
			_ = a.with(c.Context(), func(db *store.Store) error { // without a database there is nothing to complete
				boxes, err := db.Boxes(c.Context())
				for _, b := range boxes {
					if name := of(b); !b.Retired && name != "" {
						names[before+name] = true
					}
				}
				return err
			})
			return slices.Sorted(maps.Keys(names)), cobra.ShellCompDirectiveNoFileComp
		})
	}
}
