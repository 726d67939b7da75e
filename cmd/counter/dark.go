// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/epd"
	"madoguchi/sync/notify"
)

const (
	// darkLimit is how long the panel may take to show why the box does not start: a full refresh of a cold panel, and a reset before it.
	darkLimit = 25 * time.Second
	// darkHold is how long the program stays before it ends and is started again: by the service manager, or, after status 2, because link connects to
	// the wall's socket. Six starts in five minutes start the whole board (counter.service); what a person has to mend takes longer than that. The
	// gate of a slot on trial wants two minutes without a start: a program that only shows why it cannot work does not pass it.
	darkHold = 75 * time.Second
	// dataState is what the unit leaves that opens the data partition.
	dataState = "/run/madoguchi/data-state"
)

// boards are the labels of the GPIO chips of the boards that the image is made for: without a configuration the panel is looked for on each.
var boards = []string{"pinctrl-bcm2711", "pinctrl-bcm2835"}

// cause puts why the program cannot start into a screen: what is wrong, what to do, and one line for a technician. opened says whether the data
// partition is open.
func cause(err error, opened bool) display.Facts {
	var conf *device.ConfigError
	var field *device.FieldError
	var part *missing
	f := display.Facts{Reason: "parts"}
	switch {
	case errors.As(err, &conf):
		f.Reason, f.Text = "wrong", filepath.Base(conf.Path)
		if conf.Line > 0 {
			f.Text += fmt.Sprintf(":%d", conf.Line)
		}
	case errors.As(err, &field):
		f.Reason, f.Text = "wrong", field.Key
	case errors.As(err, &part) && strings.HasPrefix(part.What, "smart-card"):
		f.Reason, f.Text = "reader", part.File
	case errors.As(err, &part):
		f.Reason, f.Text = "board", part.File
	case errors.Is(err, errNoSettings) && !opened:
		f.Reason = "data"
	case errors.Is(err, errNoSettings):
		f.Reason, f.Text = "settings", "counter.toml"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		f.Reason = "readonly"
	case errors.Is(err, errNoChip):
		f.Reason, f.Text = "board", "gpio_chip"
	case errors.Is(err, errData):
		f.Reason = "data"
	}
	return f
}

// Why a start fails, where no type tells.
var (
	errNoSettings = errors.New("there is no configuration file")
	errNoChip     = errors.New("no GPIO chip has this label")
	errData       = errors.New("building the box on its data")
)

// dark is the box that cannot start: it shows why on the panel, which keeps the picture, and stays for hold, if there is a service manager: that must not start it
// again and again. What it cannot show it has already written to the journal.
func dark(ctx context.Context, cfg device.Config, err error, hold time.Duration) error {
	_, state := os.Stat(dataState)
	manager, nerr := notify.FromEnv()
	if nerr == nil {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go func() { _ = manager.Run(ctx, func(context.Context) error { return nil }) }()
	}
	panel, closePanel, perr := darkPanel(cfg)
	if perr == nil {
		defer closePanel()
		perr = tell(ctx, panel, cfg, cause(err, state == nil))
	}
	if nerr == nil && manager.Present() {
		select {
		case <-time.After(hold):
		case <-ctx.Done():
		}
	}
	if perr != nil {
		return fmt.Errorf("showing why the box does not start: %w", perr)
	}
	return nil
}

// tell draws the screen and lets the panel sleep over it.
func tell(ctx context.Context, panel display.Panel, cfg device.Config, f display.Facts) error {
	r, err := display.NewRenderer(panel.Bounds())
	if err != nil {
		return err
	}
	lang := display.Japanese
	if len(cfg.Languages) > 0 && cfg.Languages[0] == string(display.English) {
		lang = display.English
	}
	picture, err := r.Render(display.Screen{ID: display.FaultStart, Lang: lang, Facts: f})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, darkLimit)
	defer cancel()
	return errors.Join(panel.Full(ctx, picture), panel.Sleep(ctx))
}

// darkPanel opens the panel and nothing else. It is never halted: that would wipe what it shows.
func darkPanel(cfg device.Config) (display.Panel, func(), error) {
	var c chip
	var err error
	for _, label := range append([]string{cfg.GPIOChip}, boards...) {
		if c, err = openChip(label); err == nil {
			break
		}
	}
	if err != nil {
		return nil, nil, err
	}
	l := &lines{chip: c, used: map[int]string{}}
	pins := epd.Pins{DC: l.line("panel DC", cfg.Pins.DC), RST: l.line("panel RST", cfg.Pins.RST),
		Busy: l.line("panel BUSY", cfg.Pins.Busy), PWR: l.line("panel power", cfg.Pins.Power)}
	if l.err != nil {
		return nil, nil, l.err
	}
	port, err := openSPI(cfg.SPI)
	if err != nil {
		return nil, nil, err
	}
	panel, err := epd.New(port, pins, &epd.Opts{Model: epd.Model(cfg.Panel)})
	if err != nil {
		port.Close()
		return nil, nil, err
	}
	return panel, func() { port.Close() }, nil
}
