// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"madoguchi/device/bundle"
)

// wishWithin is how long a wish may take in a machine that is a hundred times slower than a board.
const wishWithin = 15 * time.Minute

// wish asks the installer as counter does: look, check SHA256, install SHA256, try, keep, drop or stay. What it answers is written as JSON.
func wish(args []string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), wishWithin)
	defer cancel()
	c := bundle.NewClient("/run/madoguchi/install.sock")
	switch step := bundle.Step(args[0]); {
	case step == bundle.Look && len(args) == 1:
		b, err := c.Look(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(b)
	case step == bundle.Check && len(args) == 2:
		return c.Check(ctx, args[1])
	case step == bundle.Install && len(args) == 2:
		b, err := c.Install(ctx, args[1], func(percent int) { fmt.Fprintln(out, percent, "%") })
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(b)
	case len(args) == 1:
		return c.Mark(ctx, step)
	}
	return fmt.Errorf("no such wish: %q", args)
}
