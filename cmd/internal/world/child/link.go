// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"madoguchi/sync/link"
)

// LinkConfig is what the network side is told on its command line.
type LinkConfig struct {
	Broker, City, Device string
	Wall                 string // path of the wall's socket
	State                string // folder for the session number
	New                  bool   // it has a provisioning file in State, or the identity that came of it
	Log                  *slog.Logger
}

// Link runs the network side until ctx or life ends; life is a pipe whose other
// end the world holds.
func Link(ctx context.Context, c LinkConfig, life *os.File) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		io.Copy(io.Discard, life)
		cancel()
	}()
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return fmt.Errorf("making folder of the link: %w", err)
	}
	// A visitor who mends the line wants to see it at once; a fleet does not.
	opts := &link.Opts{RetryMin: 250 * time.Millisecond, RetryMax: 2 * time.Second, Log: c.Log}
	if c.New {
		cfg, err := link.Enrol(ctx, link.Enrolment{Dir: c.State, Wall: c.Wall, Broker: c.Broker}, opts)
		if errors.Is(err, link.ErrNothing) { // no unit would start it
			<-ctx.Done()
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		cfg.Spread = 0
		if err := link.Run(ctx, cfg, opts); !errors.Is(err, link.ErrForgotten) {
			return err
		}
		return nil
	}
	return link.Run(ctx, link.Config{Broker: c.Broker, City: c.City, Device: c.Device, Wall: c.Wall, DataDir: c.State}, opts)
}
