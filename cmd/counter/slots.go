// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/device/slots"
)

// Where the two slots are kept. RAUC, and the units around a trial, call this program as root.
const (
	firstPartition = "/dev/disk/by-partuuid/6d616475-01"
	slotNotes      = "/data/rauc/slots.json"
	slotBaseline   = "/data/rauc/baseline.json"
	boxTrial       = "/data/counter/firmware.json" // says which slot the box itself judges
	boxCase        = "/data/counter/case"          // locked by the box while a case is open
	bootloaderNode = "/proc/device-tree/chosen/bootloader"
	slotFellBack   = "/run/madoguchi/fell-back" // why the last trial ended in the slot before, for the PIN side
)

const slotsUsage = "usage: slots get-primary | set-primary SLOT | get-state SLOT | set-state SLOT good|bad | get-current | arm | settle | gate"

// runSlots is RAUC's back-end (its documentation, "Custom" boot loader): answers on stdout, 1 on any error.
func runSlots(args []string, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintln(stderr, "slots:", err)
		return 1
	}
	if len(args) == 0 {
		fmt.Fprintln(stderr, slotsUsage)
		return 2
	}
	boot, err := readBoot(bootloaderNode)
	var s *slots.Slots
	if err == nil {
		s, err = slots.New(&fatCard{device: firstPartition, dir: "/run/madoguchi-autoboot"}, noteFile(slotNotes), boot)
	}
	if len(args) == 1 && args[0] == "gate" {
		if err == nil {
			err = gate(s, systemGate, stderr)
		}
		if err != nil && boot.Tryboot {
			return fail(err) // the board starts again, and from the slot in force
		}
		if err != nil {
			fmt.Fprintln(stderr, "slots:", err)
		}
		return 0
	}
	if err != nil {
		return fail(err)
	}
	answer, err := slotCall(s, args)
	if errors.Is(err, errSlotUsage) {
		fmt.Fprintln(stderr, slotsUsage)
		return 2
	}
	if err != nil {
		return fail(err)
	}
	if answer != "" {
		fmt.Fprintln(stdout, answer)
	}
	return 0
}

var errSlotUsage = errors.New("usage")

// slotCall makes one call of RAUC's.
func slotCall(s *slots.Slots, args []string) (answer string, err error) {
	var name slots.Name
	if len(args) > 1 {
		if name, err = slots.ParseName(args[1]); err != nil {
			return "", err
		}
	}
	switch {
	case len(args) == 1 && args[0] == "get-primary":
		n, err := s.Primary()
		return string(n), err
	case len(args) == 1 && args[0] == "get-current":
		return string(s.Current()), nil
	case len(args) == 1 && args[0] == "arm":
		return "", s.Arm()
	case len(args) == 1 && args[0] == "settle":
		return "", settle(s, slotFellBack)
	case len(args) == 2 && args[0] == "set-primary":
		return "", s.SetPrimary(name)
	case len(args) == 2 && args[0] == "get-state":
		good, err := s.Good(name)
		if !good {
			return "bad", err
		}
		return "good", err
	case len(args) == 3 && args[0] == "set-state" && (args[2] == "good" || args[2] == "bad"):
		return "", s.SetState(name, args[2] == "good")
	}
	return "", errSlotUsage
}

// settle drops an armed trial that did not come about, and says in a file what became of the last one. In the slot that is on trial there is nothing to tell yet.
func settle(s *slots.Slots, file string) error {
	why, err := s.Settle()
	if err != nil {
		return err
	}
	if trial, err := s.OnTrial(); err != nil || trial || why == "" {
		return err
	}
	return os.WriteFile(file, []byte(why+"\n"), 0o644)
}

// readBoot asks what the firmware left in the device tree: two cells, big-endian.
func readBoot(dir string) (slots.Boot, error) {
	cell := func(name string) (uint32, error) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return 0, fmt.Errorf("asking the firmware which slot it started: %w", err)
		}
		if len(b) != 4 {
			return 0, fmt.Errorf("asking the firmware which slot it started: %s has %d bytes", name, len(b))
		}
		return binary.BigEndian.Uint32(b), nil
	}
	partition, err := cell("partition")
	if err != nil {
		return slots.Boot{}, err
	}
	try, err := cell("tryboot")
	return slots.Boot{Partition: int(partition), Tryboot: try != 0}, err
}

// fatCard is autoboot.txt on a partition that is mounted for each access only: nothing else of the system has business there.
type fatCard struct{ device, dir string }

var _ slots.Card = (*fatCard)(nil)

func (c *fatCard) with(flags uintptr, do func(file string) error) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	flags |= unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := again(func() error { return unix.Mount(c.device, c.dir, "vfat", flags, "") }, time.Sleep); err != nil {
		return fmt.Errorf("mounting %s: %w", c.device, err)
	}
	err := do(filepath.Join(c.dir, "autoboot.txt"))
	if e := unix.Unmount(c.dir, 0); err == nil && e != nil {
		err = fmt.Errorf("unmounting %s: %w", c.device, e)
	}
	return err
}

// again makes a call anew while another program has the partition mounted the other way (EBUSY): RAUC's call writes while the gate looks. Each has it for milliseconds.
func again(call func() error, sleep func(time.Duration)) error {
	const tries, pause = 50, 100 * time.Millisecond
	for n := 1; ; n++ {
		err := call()
		if n == tries || !errors.Is(err, unix.EBUSY) {
			return err
		}
		sleep(pause)
	}
}

// Read reads autoboot.txt.
func (c *fatCard) Read() (b []byte, err error) {
	err = c.with(unix.MS_RDONLY, func(file string) error {
		b, err = os.ReadFile(file)
		return err
	})
	return b, err
}

// Write writes the one sector over itself.
func (c *fatCard) Write(sector []byte) error {
	return c.with(unix.MS_NOATIME, func(file string) error { return overwrite(file, sector) })
}

// overwrite replaces a file's bytes where they lie: one write of a whole sector, and no change of its length, so that the table of the file
// system is not touched.
func overwrite(file string, sector []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() != int64(len(sector)) || len(sector) != slots.Sector {
		return fmt.Errorf("autoboot.txt has %d bytes, want %d: it is not of this image", st.Size(), slots.Sector)
	}
	if _, err := f.WriteAt(sector, 0); err != nil {
		return err
	}
	return f.Sync()
}

// noteFile is a small file that is replaced by renaming.
type noteFile string

var _ slots.Notes = noteFile("")

// Read gives nil if there is no file.
func (n noteFile) Read() ([]byte, error) {
	b, err := os.ReadFile(string(n))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Write replaces the file.
func (n noteFile) Write(b []byte) error {
	tmp := string(n) + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, string(n)); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(string(n)))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
