// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"madoguchi/pinpad"
)

// TestCaseLock: whoever is to start the board anew sees that a case is open, and that none is.
func TestCaseLock(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"the case ends": func(r *rig) { r.press(pinpad.KeyCancel, pinpad.KeyCancel); r.rests() },
		"the power goes": func(r *rig) {
			if err := r.off(); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				open := func() bool {
					f, err := os.Open(filepath.Join(r.dir, "case"))
					if errors.Is(err, os.ErrNotExist) {
						return false
					}
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
				}
				r.until("idle")
				if open() {
					t.Error("locked at rest")
				}
				r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
				r.until("resident.pin.login")
				if !open() {
					t.Error("not locked during a case")
				}
				end(r)
				if open() {
					t.Error("locked afterwards")
				}
			})
		})
	}
}
