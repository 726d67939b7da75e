// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
)

// TestCause: each way in which a start fails, as the functions report it, has a screen with what to do.
func TestCause(t *testing.T) {
	for _, tc := range []struct {
		name   string
		err    error
		opened bool
		want   display.Facts
	}{
		{"no settings", errNoSettings, true, display.Facts{Reason: "settings", Text: "counter.toml"}},
		{"no data partition", errNoSettings, false, display.Facts{Reason: "data"}},
		{"a mistake in them", fmt.Errorf("reading configuration: %w", errors.Join(&device.ConfigError{Path: "/data/counter/counter.toml", Line: 12, What: "unknown key"})), true,
			display.Facts{Reason: "wrong", Text: "counter.toml:12"}},
		{"an office that does not fit", fmt.Errorf("%w: %w", errData, &device.FieldError{Key: "office"}), true, display.Facts{Reason: "wrong", Text: "office"}},
		{"wrong overlay", errors.Join(&missing{What: "SPI port (e-ink panel)", File: "/dev/spidev0.0", Err: fs.ErrNotExist}), true,
			display.Facts{Reason: "board", Text: "/dev/spidev0.0"}},
		{"another board", fmt.Errorf("opening: %w: %q", errNoChip, "pinctrl-bcm2711"), true, display.Facts{Reason: "board", Text: "gpio_chip"}},
		{"no card service", errors.Join(&missing{What: "smart-card service", File: "/run/pcscd/pcscd.comm", Err: fs.ErrNotExist}), true,
			display.Facts{Reason: "reader", Text: "/run/pcscd/pcscd.comm"}},
		{"read-only data", fmt.Errorf("%w: %w", errData, &os.PathError{Op: "open", Path: "outbox.db", Err: syscall.EROFS}), true, display.Facts{Reason: "readonly"}},
		{"data of somebody else", fmt.Errorf("%w: %w", errData, &os.PathError{Op: "open", Path: "outbox.db", Err: syscall.EACCES}), true, display.Facts{Reason: "readonly"}},
		{"no data folder", fmt.Errorf("%w: data folder /data/counter does not exist", errData), true, display.Facts{Reason: "data"}},
		{"anything else", errors.New("starting the key-pad: no answer"), true, display.Facts{Reason: "parts"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, cause(tc.err, tc.opened)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTell: the panel keeps the picture, in the language of the box's clerks, and is not told anything that it must not be.
func TestTell(t *testing.T) {
	for _, reason := range display.FaultStart.Reasons() {
		for _, lang := range []display.Lang{display.Japanese, display.English} {
			glass := epdtest.NewSSD1683(&epdtest.Opts{Speed: 100})
			panel, err := epd.New(glass.Port(), epd.Pins(glass.Pins()), &epd.Opts{AnyTime: true})
			if err != nil {
				t.Fatal(err)
			}
			f := display.Facts{Reason: reason, Text: "/dev/spidev0.0"}
			if err := tell(context.Background(), panel, device.Config{Languages: []string{string(lang)}}, f); err != nil {
				t.Fatalf("%s in %s: %v", reason, lang, err)
			}
			r, err := display.NewRenderer(panel.Bounds())
			if err != nil {
				t.Fatal(err)
			}
			want, err := r.Render(display.Screen{ID: display.FaultStart, Lang: lang, Facts: f})
			if err != nil {
				t.Fatal(err)
			}
			if !glass.Glass().Equal(want) {
				t.Errorf("%s in %s: the glass shows something else", reason, lang)
			}
			for _, fault := range glass.Faults() {
				t.Errorf("%s in %s: %s", reason, lang, fault)
			}
		}
	}
}

// TestDarkHolds: under a service manager a box that cannot start says that it runs, feeds the watchdog, and stays. Ending at once, it would be started again by
// the next connection to the wall's socket, and after six times the whole board.
func TestDarkHolds(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "30000")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- dark(ctx, device.DefaultConfig, errNoSettings, time.Hour) }()
	if err := manager.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	told := make([]byte, 256)
	for range 20 { // far longer than it takes to find that this machine has no panel
		if _, err := manager.Read(told); err != nil {
			t.Fatalf("the watchdog starves: %v", err)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, errNoChip) {
		t.Errorf("told to stop, it says %v, want that there is no panel", err)
	}
}
