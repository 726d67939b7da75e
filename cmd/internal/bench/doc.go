// SPDX-License-Identifier: Apache-2.0

// Package bench boots the box without its hardware. An arm64 machine of QEMU starts Debian's kernel and systemd from a card image made by the
// image's own scripts, and on it run the product's own units with the programs counter and link as built for the box. What the board has and
// QEMU lacks (lines of keys, panel, lamp and lid, the SPI port, the key in one-time memory, the flag of a trial start) is a kernel
// module of the guest, buildroot/bench/board; its other end is here, and so is a stand-in for the board's firmware, which reads
// autoboot.txt and starts a slot. Card reader and card come from package qemu and card/vscard.
//
// The scenes that boot carry the build tag bench and run by `make bench-boot`, `make bench-faults` and `make bench-update`: keys are pressed from outside, the bytes for the
// panel are drawn, and every picture is compared with that of the same box in this process, the twin. TestRehearsal goes through the cases with the twin alone,
// in half a minute; TestBench boots, TestFaults boots into all kinds of bad input, and TestUpdate goes through four starts with bundles. A scene is a method of rig in a file of its own (rig.sceneChange, …) which finds the box at rest and leaves it so.
//
// Steps do not wait for a fixed time; only wake-ups are counted over one. What is waited for is a picture, a number of scans of the keys, a record at city hall, or the guest's end; the limits are far
// above what any of them takes, because the guest's processor is emulated. Only a picture that must be finished is given a moment of stillness, which doubles each time
// the guest did not hear a key. Pictures, log and console are kept in dist/bench.
//
// What it cannot show: timing and bounce of real lines, the board's own firmware, an SD card that lies about what it has
// written, T=1 and answers above 256 bytes over USB. buildroot/BRINGUP.md lists these.
package bench
