// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/card/pcsc"
	"madoguchi/device"
	"madoguchi/display/buzzer"
	"madoguchi/display/epd"
	"madoguchi/display/lamp"
	"madoguchi/pinpad"
)

// open opens the front and the reader.
func open(cfg device.Config) (device.Hardware, func(), error) {
	hw, closeFront, err := openFront(cfg)
	if err != nil {
		return hw, nil, err
	}
	reader, err := pcsc.Open(&pcsc.Opts{Reader: cfg.Reader})
	if err != nil {
		closeFront()
		return device.Hardware{}, nil, fmt.Errorf("starting the card reader: %w", err)
	}
	hw.Reader = reader
	return hw, func() {
		_ = reader.Close()
		closeFront()
	}, nil
}

// openFront claims the board's lines and the SPI port, and puts the drivers on them: all but the reader, which a new box does not need.
func openFront(cfg device.Config) (device.Hardware, func(), error) {
	var hw device.Hardware
	var undo []func()
	closeAll := func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}
	fail := func(err error) (device.Hardware, func(), error) {
		closeAll()
		return device.Hardware{}, nil, err
	}

	c, err := openChip(cfg.GPIOChip)
	if err != nil {
		return fail(err)
	}
	l := &lines{chip: c, used: map[int]string{}}
	var rows, cols [4]gpio.PinIO
	for i := range rows {
		rows[i] = l.line(fmt.Sprintf("key row %d", i+1), cfg.Pins.Rows[i])
		cols[i] = l.line(fmt.Sprintf("key column %d", i+1), cfg.Pins.Cols[i])
	}
	pins := epd.Pins{DC: l.line("panel DC", cfg.Pins.DC), RST: l.line("panel RST", cfg.Pins.RST),
		Busy: l.line("panel BUSY", cfg.Pins.Busy), PWR: l.line("panel power", cfg.Pins.Power)}
	red, yellow, green := l.line("red lamp", cfg.Pins.Red), l.line("yellow lamp", cfg.Pins.Yellow), l.line("green lamp", cfg.Pins.Green)
	sound := l.line("buzzer", cfg.Pins.Buzzer)
	if cfg.Pins.Lid >= 0 {
		hw.Lid = l.line("lid switch", cfg.Pins.Lid)
	}
	if l.err != nil {
		return fail(l.err)
	}

	// First what an earlier run may have left on, and off again whatever happens: lines keep their level when a process ends.
	if hw.Lamp, err = lamp.New(red, yellow, green); err != nil {
		return fail(fmt.Errorf("starting the lamp: %w", err))
	}
	undo = append(undo, func() { _ = hw.Lamp.Halt() })
	if hw.Buzzer, err = buzzer.New(sound); err != nil {
		return fail(fmt.Errorf("starting the buzzer: %w", err))
	}
	undo = append(undo, func() { _ = hw.Buzzer.Halt() })

	port, err := openSPI(cfg.SPI)
	if err != nil {
		return fail(err)
	}
	undo = append(undo, func() { _ = port.Close() })
	if hw.Panel, err = epd.New(port, pins, &epd.Opts{Model: epd.Model(cfg.Panel)}); err != nil {
		return fail(fmt.Errorf("starting the panel: %w", err))
	}
	if hw.Pad, err = pinpad.New(rows, cols, &pinpad.Opts{Reveal: cfg.Reveal}); err != nil {
		return fail(fmt.Errorf("starting the key-pad: %w", err))
	}
	undo = append(undo, func() { _ = hw.Pad.Halt() })
	return hw, closeAll, nil
}

// lines hands out each line of a chip once; the first mistakes are kept, so that one start names them all.
type lines struct {
	chip chip
	used map[int]string
	err  error
}

func (l *lines) line(use string, offset int) gpio.PinIO {
	if other, ok := l.used[offset]; ok {
		l.err = errors.Join(l.err, fmt.Errorf("%s and %s have the same line %d; mend pins in the configuration", other, use, offset))
		return nil
	}
	l.used[offset] = use
	p, err := l.chip.line(use, offset)
	l.err = errors.Join(l.err, err)
	return p
}
