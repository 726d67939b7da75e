// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"madoguchi/card/pcsc"
	"madoguchi/cmd/internal/wire"
	"madoguchi/device"
	"madoguchi/device/enrol"
	"madoguchi/display"
	"madoguchi/display/buzzer"
	"madoguchi/display/epd"
	"madoguchi/display/lamp"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
	sent "madoguchi/sync/enrol"
)

var (
	_ device.Reader = (*wire.Reader)(nil)
	_ device.Clock  = (*wire.Clock)(nil)
)

// BoxConfig is what the PIN side is told on its command line, beside the two
// files that it inherits.
type BoxConfig struct {
	Config string // path of the TOML configuration
	PCSC   bool   // a real card reader instead of the one on the wire
	Build  string // version shown on the screen about the box

	// Hardware and Panel are of a box that has no configuration yet.
	Hardware, Panel string

	Log *slog.Logger
	Pad pinpad.Opts // times of the key-pad; zero: the product's
	// Adjust may change parts and options before the box is built from them. Tests plant a leak in it to see that it is found.
	Adjust func(*device.Hardware, *device.Opts)
}

// Box runs the PIN side on the wire until ctx ends, the world hangs up, or the
// box itself ends. conn is the world's socket pair, wall the listening socket
// for the network side.
func Box(ctx context.Context, c BoxConfig, conn, wall *os.File) error {
	if err := pin.Harden(); err != nil {
		return err
	}
	cfg, err := device.LoadConfig(c.Config)
	disk := sent.Folder(filepath.Dir(c.Config))
	without := cardless(disk, err)
	if without != nil {
		cfg, err = device.DefaultConfig, nil
		if c.Panel != "" {
			cfg.Panel = c.Panel
		}
	}
	if err != nil {
		return err
	}
	listener, err := net.FileListener(wall)
	wall.Close()
	if err != nil {
		return fmt.Errorf("taking over the wall: %w", err)
	}
	defer listener.Close()
	sock, err := wire.FromFile(conn)
	if err != nil {
		return err
	}
	matrix := pinpadtest.NewMatrix()
	var keys *closures
	first := true
	var box *wire.Box
	keys = newClosures(matrix, c.Pad, func(mask uint16) error { return box.Scanned(mask) })
	box, err = wire.OpenBox(sock, &wire.BoxOpts{Keys: func(mask uint16) {
		if first { // as the keys stood when the power came: nobody waits for them
			first = false
			matrix.SetClosed(mask)
			return
		}
		keys.set(mask)
	}})
	if err != nil {
		return err
	}
	defer box.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	defer wait.Wait()
	wait.Go(func() { keys.run(box.Done()) })
	wait.Go(func() {
		<-box.Done()
		cancel(box.Err())
	})
	defer box.Close()

	c.Pad.Now, c.Pad.Reveal = box.Clock().Now, cfg.Reveal
	hw, err := hardware(box, matrix, c, epd.Model(cfg.Panel))
	if err != nil {
		return err
	}
	hw.Wall = listener
	if without != nil {
		err := without(ctx, enrol.Opts{Hardware: hw, Disk: disk, PeerUID: os.Getuid(), Clock: box.Clock(), Log: c.Log,
			Board:   enrol.Board{Hardware: c.Hardware, GPIOChip: cfg.GPIOChip, DataDir: string(disk)},
			Observe: func(o device.Observed) { observe(box, o, c.Log) }})
		if ctx.Err() != nil {
			return nil
		}
		return err // the world starts it again, as the service manager does
	}
	opts := &device.Opts{Clock: box.Clock(), Log: c.Log, PeerUID: os.Getuid(), Build: c.Build,
		Observe: func(o device.Observed) { observe(box, o, c.Log) }}
	if filepath.Clean(cfg.DataDir) == string(disk) {
		opts.Home = enrol.Home{Disk: disk}
	}
	// A visitor wants to see an update come; a fleet has time.
	opts.Update = device.UpdateOpts{Retry: 2 * time.Second, Poll: time.Second, Answer: 5 * time.Second, Report: 2 * time.Second}
	if c.Adjust != nil {
		c.Adjust(&hw, opts)
	}
	d, err := device.New(hw, cfg, opts)
	if err != nil {
		return err
	}
	err = d.Run(ctx)
	if cause := context.Cause(ctx); errors.Is(cause, io.EOF) {
		return nil
	}
	return err
}

// cardless is what a box without a configuration does, as cmd/counter decides it; err is why it has none. nil: it has one, or its own is wrong.
func cardless(disk sent.Folder, err error) func(context.Context, enrol.Opts) error {
	switch {
	case enrol.Wiping(disk):
		return enrol.Forget
	case !errors.Is(err, fs.ErrNotExist):
		return nil
	case enrol.Waiting(disk):
		return enrol.Run
	}
	return blank
}

// blank is a box as from its maker: it shows that it wants a card with settings, until the power goes.
func blank(ctx context.Context, o enrol.Opts) error {
	r, err := display.NewRenderer(o.Hardware.Panel.Bounds())
	if err != nil {
		return err
	}
	s := display.Screen{ID: display.FaultStart, Lang: display.Japanese, Facts: display.Facts{Reason: "settings", Text: enrol.ConfigFile}}
	picture, err := r.Render(s)
	if err != nil {
		return err
	}
	if err := o.Hardware.Panel.Full(ctx, picture); err != nil {
		return err
	}
	o.Observe(device.Observed{Face: string(display.FaceIdle), Screen: string(s.ID), Words: r.Text(s)})
	<-ctx.Done()
	return nil
}

// hardware builds the firmware's own drivers on the wire.
func hardware(box *wire.Box, matrix *pinpadtest.Matrix, c BoxConfig, model epd.Model) (device.Hardware, error) {
	var hw device.Hardware
	var err error
	if hw.Pad, err = pinpad.New(matrix.Rows(), matrix.Cols(), &c.Pad); err != nil {
		return hw, err
	}
	port, dc := box.Port()
	pins := epd.Pins{DC: dc, RST: box.Out(wire.LineReset), Busy: box.Busy(), PWR: box.Out(wire.LinePower)}
	// AnyTime: the world may hurry its panel.
	if hw.Panel, err = epd.New(port, pins, &epd.Opts{Model: model, AnyTime: true}); err != nil {
		return hw, err
	}
	if hw.Lamp, err = lamp.New(box.Out(wire.LineRed), box.Out(wire.LineYellow), box.Out(wire.LineGreen)); err != nil {
		return hw, err
	}
	if hw.Buzzer, err = buzzer.New(box.Out(wire.LineBuzzer)); err != nil {
		return hw, err
	}
	hw.Lid = box.Lid()
	hw.Reader = box.Reader()
	if c.PCSC {
		if hw.Reader, err = pcsc.Open(&pcsc.Opts{Now: box.Clock().Now}); err != nil {
			return hw, err
		}
	}
	return hw, nil
}

// observe tells the world. A state that cannot be told ends nothing.
func observe(box *wire.Box, o device.Observed, log *slog.Logger) {
	js, err := json.Marshal(o)
	if err == nil {
		err = box.Observe(js)
	}
	if err != nil && log != nil {
		log.Warn("state not told", "err", err)
	}
}
