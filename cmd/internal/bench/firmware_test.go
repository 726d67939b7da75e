// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// firmware is a stand-in for the board's: from the card's first partition it takes which slot starts, and from there kernel and command line. One
// start with the flag of a trial takes the other slot and forgets the flag (raspberrypi/documentation, config_txt/autoboot.adoc).
type firmware struct {
	card string
	dir  string
	try  bool // the one-shot flag, set by a restart with "0 tryboot"
}

// started is what the firmware hands to the kernel.
type started struct {
	kernel, cmdline, dtb string
	partition            int
	tryboot              bool
}

// start reads the card and describes the machine as the firmware would.
func (f *firmware) start(t testing.TB, memory, cpus int) started {
	t.Helper()
	s := started{tryboot: f.try, kernel: filepath.Join(f.dir, "kernel"), dtb: filepath.Join(f.dir, "machine.dtb")}
	f.try = false
	s.partition = bootPartition(t, command(t, "mtype", "-i", partition(t, f.card, 1), "::autoboot.txt"), s.tryboot)
	slot := partition(t, f.card, s.partition)
	s.cmdline = strings.TrimSpace(command(t, "mtype", "-i", slot, "::cmdline.txt"))
	os.Remove(s.kernel)
	command(t, "mcopy", "-n", "-i", slot, "::Image", s.kernel)

	// The machine's own description, and in it what the firmware says of this start.
	plain, text := filepath.Join(f.dir, "plain.dtb"), filepath.Join(f.dir, "machine.dts")
	command(t, "qemu-system-aarch64", "-machine", "virt,dumpdtb="+plain, "-cpu", cpu, "-m", fmt.Sprint(memory), "-smp", fmt.Sprint(cpus), "-nodefaults", "-display", "none")
	command(t, "dtc", "-q", "-I", "dtb", "-O", "dts", "-o", text, plain)
	dts, err := os.ReadFile(text)
	must(t, err)
	// Without a seed the guest's kernel lies where it was linked. With one, Debian's kernel also keeps tables of pages of its own for programs, although
	// this processor does not need them, and each call of the kernel would empty the emulated processor's own tables.
	dts = kaslrSeed.ReplaceAll(dts, nil)
	try := 0
	if s.tryboot {
		try = 1
	}
	dts = fmt.Appendf(dts, "/ { chosen { bootloader { tryboot = <%d>; partition = <%d>; }; }; };\n", try, s.partition)
	must(t, os.WriteFile(text, dts, 0o644))
	command(t, "dtc", "-q", "-I", "dts", "-O", "dtb", "-o", s.dtb, text)
	return s
}

var kaslrSeed = regexp.MustCompile(`(?m)^\s*kaslr-seed = .*\n`)

// bootPartition reads autoboot.txt as the firmware does: at most one sector; [all] holds always, [tryboot] on a trial; the last line counts.
func bootPartition(t testing.TB, text string, try bool) int {
	t.Helper()
	if len(text) > 512 {
		t.Fatalf("autoboot.txt has %d bytes, the firmware reads 512", len(text))
	}
	partition, ab, on := 1, false, true
	for line := range strings.Lines(strings.ReplaceAll(text, "\r", "")) {
		line = strings.TrimSpace(strings.TrimRight(line, "\x00"))
		switch key, value, ok := strings.Cut(line, "="); {
		case line == "[all]":
			on = true
		case line == "[tryboot]":
			on = try
		case strings.HasPrefix(line, "["):
			on = false
		case ok && on && key == "tryboot_a_b":
			ab = value == "1"
		case ok && on && key == "boot_partition":
			fmt.Sscan(value, &partition)
		}
	}
	if !ab {
		t.Fatalf("autoboot.txt does not switch slots:\n%s", text)
	}
	return partition
}
