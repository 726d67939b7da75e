// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/host/v3/gpioioctl"
	"periph.io/x/host/v3/sysfs"
)

// A missing is a piece of hardware that is not there: what it is, which file stands for it, and how it is enabled.
// It is what somebody reads who starts the program on the wrong machine or forgot an overlay.
type missing struct {
	What string // "GPIO lines"
	File string // "/dev/gpiochip*"
	Do   string // the next step
	Err  error  // what the system said; may be nil
}

func (m *missing) Error() string {
	s := fmt.Sprintf("%s: %s is missing", m.What, m.File)
	if m.Err != nil && !errors.Is(m.Err, fs.ErrNotExist) {
		s = fmt.Sprintf("%s: %s cannot be used: %v", m.What, m.File, m.Err)
	}
	return s + "; " + m.Do
}

func (m *missing) Unwrap() error { return m.Err }

// dev is where device files are looked for. Tests point it at a folder of their own.
var dev = "/dev"

// checkFiles looks for every device file before any is opened, so that one start names all that is missing.
func checkFiles(spiDev, readerSocket string) []error {
	var errs []error
	if chips, _ := filepath.Glob(filepath.Join(dev, "gpiochip*")); len(chips) == 0 {
		errs = append(errs, &missing{What: "GPIO lines (key-pad, panel, lamp)", File: "/dev/gpiochip*",
			Do: "this program runs on the counter's board; on the board, the kernel needs CONFIG_GPIO_CDEV"})
	} else {
		errs = append(errs, usable("GPIO lines (key-pad, panel, lamp)", chips[0], "add this user to the group gpio"))
	}
	errs = append(errs, usable("SPI port (e-ink panel)", filepath.Join(dev, filepath.Base(spiDev)),
		"enable it with dtparam=spi=on in config.txt, and add this user to the group spi"))
	if readerSocket != "" {
		errs = append(errs, usable("smart-card service", readerSocket, "start pcscd.socket (package pcscd), and allow this user in its polkit rule"))
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// usable reports why a file cannot be opened for use, as a *missing; nil when it can.
func usable(what, file, do string) error {
	st, err := os.Stat(file)
	if err == nil && st.Mode()&fs.ModeSocket == 0 {
		var f *os.File
		if f, err = os.OpenFile(file, os.O_RDWR, 0); err == nil {
			return f.Close()
		}
	}
	if err != nil {
		return &missing{What: what, File: file, Do: do, Err: err}
	}
	return nil
}

// A chip is a GPIO controller, found by its label: names of lines differ between kernels, offsets do not.
type chip struct{ *gpioioctl.GPIOChip }

// openChip finds the GPIO controller with a label ("pinctrl-bcm2711" on a Raspberry Pi 4, "pinctrl-bcm2835" on a Zero 2 W).
func openChip(label string) (chip, error) {
	// A driver that fails to load is not fatal: on a board that periph does not know, only its own drivers do.
	if _, err := driverreg.Init(); err != nil {
		return chip{}, fmt.Errorf("loading GPIO drivers: %w", err)
	}
	var labels []string
	for _, c := range gpioioctl.Chips {
		if c.Label() == label {
			return chip{c}, nil
		}
		labels = append(labels, c.Label())
	}
	return chip{}, fmt.Errorf("%w: %q (there are: %s); set gpio_chip in the configuration", errNoChip, label, cmp.Or(strings.Join(labels, ", "), "none"))
}

// line is one line of the chip by its offset.
func (c chip) line(use string, offset int) (gpio.PinIO, error) {
	if offset < 0 || offset >= c.LineCount() {
		return nil, fmt.Errorf("%s: GPIO chip %s has lines 0 to %d, not %d", use, c.Label(), c.LineCount()-1, offset)
	}
	return c.ByNumber(offset), nil
}

var spidev = regexp.MustCompile(`^/dev/spidev([0-9]+)\.([0-9]+)$`)

// openSPI opens a kernel SPI port by its device file, "/dev/spidev0.0".
func openSPI(file string) (spi.PortCloser, error) {
	m := spidev.FindStringSubmatch(file)
	if m == nil {
		return nil, fmt.Errorf("spi = %q: want a device file like /dev/spidev0.0", file)
	}
	bus, _ := strconv.Atoi(m[1])
	cs, _ := strconv.Atoi(m[2])
	port, err := sysfs.NewSPI(bus, cs)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", file, err)
	}
	return port, nil
}
