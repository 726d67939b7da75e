// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"io/fs"
	"log/slog"
	"os"

	"madoguchi/device"
	"madoguchi/device/bundle"
	"madoguchi/device/firmware"
)

// updates is how this box installs firmware: by the program at the other end of the configured socket. Without that it installs none, and says so when it is sent one.
func updates(cfg device.Config, log *slog.Logger) device.UpdateOpts {
	if cfg.UpdateRoot == "" || cfg.Installer == "" {
		return device.UpdateOpts{}
	}
	if st, err := os.Stat(cfg.Installer); err != nil || st.Mode()&fs.ModeSocket == 0 {
		log.Warn("firmware is not installed here", "socket", cfg.Installer, "cause", err)
		return device.UpdateOpts{}
	}
	s := firmware.New(bundle.NewClient(cfg.Installer), firmware.Opts{
		Dir: cfg.DataDir,
		Ask: cmp.Or(os.Getenv("RUNTIME_DIRECTORY"), cfg.DataDir), // the service manager's, which the units watch
		Why: slotFellBack,
	})
	return device.UpdateOpts{Firmware: s, Restart: s.Restart, Reuse: s.Reuse, Detail: s.Detail, Follow: s.Follow}
}
