// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/device"
	"madoguchi/sync/wall"
)

// TestCheckReported: a box that is switched on after the time of its check looks at its parts by itself, and tells city hall what it found.
func TestCheckReported(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.until("idle")
		p := r.peer(wall.Up)
		time.Sleep(20 * time.Minute)
		if got, _ := p.told(); !strings.Contains(got, `"check":"ok"`) {
			t.Errorf("document %s", got)
		}
		if err := os.RemoveAll(filepath.Join(r.dir, "selftest")); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(r.dir, "selftest"), 0o700); err != nil { // the check cannot write its file
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		if got, _ := p.told(); !strings.Contains(got, `"check":"ST2"`) {
			t.Errorf("document %s", got)
		}
		if err := os.Remove(filepath.Join(r.dir, "selftest")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(80 * time.Minute)
		if got, _ := p.told(); !strings.Contains(got, `"check":"ok"`) {
			t.Errorf("what was mended is still told: %s", got)
		}
	})
}

// TestCheckStorage: what can be wrong with the folder is told apart, and nothing stays in it.
func TestCheckStorage(t *testing.T) {
	dir := t.TempDir()
	if _, err := device.CheckStorage(dir); err != nil {
		var low *device.LowError
		if !errors.As(err, &low) {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v stays", left)
	}
	if _, err := device.CheckStorage(filepath.Join(dir, "none")); !errors.Is(err, device.ErrNoFolder) {
		t.Errorf("no folder: %v", err)
	}
	if _, err := device.CheckStorage("/proc"); err == nil || errors.Is(err, device.ErrNoFolder) {
		t.Errorf("a folder that cannot be written: %v", err)
	}
}
