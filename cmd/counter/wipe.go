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
	"time"

	"madoguchi/device"
	"madoguchi/device/enrol"
	"madoguchi/device/firmware"
	"madoguchi/pinpad/pin"
	sent "madoguchi/sync/enrol"
	"madoguchi/sync/notify"
)

// restartWait is how long a box that was wiped waits for the start that it has asked for: the unit ends the program within seconds.
const restartWait = 2 * time.Minute

// isWiping tells whether the box of a configuration is being wiped.
func isWiping(config string) bool {
	return filepath.Base(config) == enrol.ConfigFile && enrol.Wiping(beside(config))
}

// home is the folder of a box that can be wiped: one whose configuration lies among its data, as an enrolment leaves it.
func home(config string, cfg device.Config) device.Home {
	dir, err := filepath.Abs(filepath.Dir(config))
	if err != nil || filepath.Base(config) != enrol.ConfigFile || filepath.Clean(cfg.DataDir) != dir {
		return nil
	}
	return enrol.Home{Disk: sent.Folder(dir)}
}

// startWipe goes on with a wipe. 0: nothing is left, or it was told to stop.
func startWipe(config, wallPath string, peer int, stderr io.Writer) int {
	err := forget(config, wallPath, peer, stderr)
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	for _, e := range causes(err) {
		fmt.Fprintln(stderr, "counter:", e)
	}
	return showDark(device.DefaultConfig, err, 1, stderr)
}

func forget(config, wallPath string, peer int, stderr io.Writer) error {
	if err := pin.Harden(); err != nil {
		return fmt.Errorf("protecting the process: %w", err)
	}
	cfg, err := newBoard()
	if err != nil {
		return err
	}
	disk := beside(config)
	if mark, _ := sent.ReadMark(disk); mark.Panel != "" {
		cfg.Panel = mark.Panel
	}
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
	log := slog.New(slog.NewTextHandler(stderr, nil))
	if err := enrol.Forget(ctx, enrol.Opts{Hardware: hw, Disk: disk, PeerUID: peer, Log: log}); err != nil {
		return err
	}
	return startAnew(ctx, os.Getenv("RUNTIME_DIRECTORY"), restartWait)
}

// startAnew asks for a start of the board, which makes the data partition anew, and waits for it. Without a folder to ask in there is nobody to do so.
func startAnew(ctx context.Context, dir string, wait time.Duration) error {
	if dir == "" {
		return nil
	}
	if err := firmware.AskRestart(dir); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
	return nil
}
