// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// errService is a service that has the reader.
var errService = errors.New("the counter service runs on this machine: use its service menu (hold メニュー and 取消), or stop it first")

// proc is where processes are looked for; tests have their own.
var proc = "/proc"

// alone fails if the counter service runs: by the lock on its outbox, or by its
// name among the processes. A technician's tool would take the reader away from
// a resident.
func alone(dataDir string) error {
	if dataDir != "" {
		if f, err := os.Open(filepath.Join(dataDir, "outbox.db")); err == nil {
			defer f.Close()
			if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
				return errService
			}
		}
	}
	dirs, err := filepath.Glob(filepath.Join(proc, "[0-9]*"))
	if err != nil {
		return fmt.Errorf("looking for the counter service: %w", err)
	}
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err != nil || pid == os.Getpid() {
			continue
		}
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil || string(bytes.TrimSpace(comm)) != "counter" {
			continue
		}
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if a := bytes.Split(args, []byte{0}); len(a) > 1 && string(a[1]) == "card" {
			continue // this tool again
		}
		return errService
	}
	return nil
}
