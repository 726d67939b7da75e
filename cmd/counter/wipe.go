// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"madoguchi/device"
	"madoguchi/device/enrol"
	"madoguchi/device/firmware"
	sent "madoguchi/sync/enrol"
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
	disk := beside(config)
	return bare(wallPath, stderr, func(cfg *device.Config) {
		if mark, _ := sent.ReadMark(disk); mark.Panel != "" {
			cfg.Panel = mark.Panel
		}
	}, func(ctx context.Context, hw device.Hardware, _ device.Config, log *slog.Logger) error {
		if err := enrol.Forget(ctx, enrol.Opts{Hardware: hw, Disk: disk, PeerUID: peer, Log: log}); err != nil {
			return err
		}
		return startAnew(ctx, os.Getenv("RUNTIME_DIRECTORY"), restartWait)
	})
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
