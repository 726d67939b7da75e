// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"madoguchi/device"
	"madoguchi/device/enrol"
	"madoguchi/pinpad/pin"
	sent "madoguchi/sync/enrol"
	"madoguchi/sync/notify"
)

// hardware is how releases name the boards of boards.
var hardware = map[string]string{"pinctrl-bcm2711": "rpi4", "pinctrl-bcm2835": "rpizero2w"}

// beside is the folder of a configuration, as an enrolment keeps it.
func beside(config string) sent.Disk { return sent.Folder(filepath.Dir(config)) }

// isNew tells whether a box without configuration has a provisioning file.
func isNew(config string) bool {
	return filepath.Base(config) == enrol.ConfigFile && enrol.Waiting(beside(config))
}

// sweep erases what an enrolment leaves behind, if the power went before it could.
func sweep(config string) error {
	if filepath.Base(config) != enrol.ConfigFile {
		return nil
	}
	return enrol.Sweep(beside(config))
}

// startNew enrols a box. 0: it has its configuration, or was told to stop. The service manager starts the program again, with its socket and its reader.
func startNew(config, wallPath string, peer int, stderr io.Writer) int {
	return bare(wallPath, stderr, func(*device.Config) {}, func(ctx context.Context, hw device.Hardware, cfg device.Config, log *slog.Logger) error {
		dir, err := filepath.Abs(filepath.Dir(config))
		if err != nil {
			return fmt.Errorf("enrolling: %w", err)
		}
		return enrol.Run(ctx, enrol.Opts{Hardware: hw, Disk: sent.Folder(dir), PeerUID: peer, Log: log,
			Board: enrol.Board{Hardware: hardware[cfg.GPIOChip], GPIOChip: cfg.GPIOChip, DataDir: dir}})
	})
}

// work is what a box in nobody's service does.
type work func(ctx context.Context, hw device.Hardware, cfg device.Config, log *slog.Logger) error

// bare runs do on a box that is in nobody's service, new or being wiped: with its keys, its panel and its wall, while the service manager hears that the program lives. set changes what is
// taken for such a board. What goes wrong is on stderr and on the panel. It returns the program's status: 0 also when it was told to stop.
func bare(wallPath string, stderr io.Writer, set func(*device.Config), do work) int {
	err := onBare(wallPath, stderr, set, do)
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	for _, e := range causes(err) {
		fmt.Fprintln(stderr, "counter:", e)
	}
	return showDark(device.DefaultConfig, err, 1, stderr)
}

func onBare(wallPath string, stderr io.Writer, set func(*device.Config), do work) error {
	if err := pin.Harden(); err != nil {
		return fmt.Errorf("protecting the process: %w", err)
	}
	cfg, err := newBoard()
	if err != nil {
		return err
	}
	set(&cfg)
	hw, closeHW, err := openFront(cfg)
	if err != nil {
		return err
	}
	defer closeHW()
	if hw.Wall, err = listen(wallPath); err != nil {
		return err
	}
	defer hw.Wall.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	manager, err := notify.FromEnv()
	if err != nil {
		return err
	}
	go func() { _ = manager.Run(ctx, func(context.Context) error { return ctx.Err() }) }()
	return do(ctx, hw, cfg, slog.New(slog.NewTextHandler(stderr, nil)))
}

// newBoard is the default configuration with the GPIO chip that this board has.
func newBoard() (device.Config, error) {
	cfg := device.DefaultConfig
	if errs := checkFiles(cfg.SPI, ""); len(errs) > 0 {
		return cfg, errors.Join(errs...)
	}
	var err error
	for _, label := range boards {
		if _, err = openChip(label); err == nil {
			cfg.GPIOChip = label
			return cfg, nil
		}
	}
	return cfg, err
}
