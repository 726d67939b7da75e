// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The mailbox to the board's firmware, as the kernel hands it on: one buffer of 32-bit words, little-endian: size of all, request or
// answer, then a tag with the size of its room, request or answer, and its values.
const (
	vcio        = "/dev/vcio"
	vcioRequest = 0xC0086400 // _IOWR(100, 0, char *)
	tagReadKey  = 0x00030081 // rows of the customer's private key; raspberrypi/rpi-eeprom, tools/rpi-otp-private-key
	answered    = 0x80000000
	keyRows     = 8 // 256 bits; a Raspberry Pi 4 has no more
)

var errNoBoardKey = errors.New("this board has no key in its one-time memory")

// runBoardKey writes the board's own 256-bit key to stdout, as bytes: what opens the data partition. Only root may ask, once, at start.
func runBoardKey(stdout, stderr io.Writer) int {
	key, err := boardKey(mailbox)
	if err == nil {
		_, err = stdout.Write(key)
		clear(key)
	}
	if err != nil {
		fmt.Fprintln(stderr, "counter: reading the board's key:", err)
		return 1
	}
	return 0
}

// boardKey asks the firmware for the key. A board that was never given one answers with zeros, an older one not at all: errNoBoardKey.
func boardKey(call func([]uint32) error) ([]byte, error) {
	msg := make([]uint32, 7+keyRows+1)
	defer clear(msg)
	msg[0] = uint32(len(msg) * 4)
	msg[2], msg[3], msg[4] = tagReadKey, 8+keyRows*4, 0
	msg[5], msg[6] = 0, keyRows // first row, how many
	if err := call(msg); err != nil {
		return nil, err
	}
	if msg[1] != answered || msg[4]&answered == 0 {
		return nil, errNoBoardKey
	}
	if n := msg[4] &^ answered; n != 8+keyRows*4 {
		return nil, fmt.Errorf("the firmware answers with %d bytes, want %d", n, 8+keyRows*4)
	}
	key := make([]byte, 0, keyRows*4)
	var any uint32
	for _, row := range msg[7 : 7+keyRows] {
		key = binary.BigEndian.AppendUint32(key, row)
		any |= row
	}
	if any == 0 {
		return nil, errNoBoardKey
	}
	return key, nil
}

// mailbox has one message answered by the firmware.
func mailbox(msg []uint32) error {
	f, err := os.OpenFile(vcio, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("asking the firmware: %w", err)
	}
	defer f.Close()
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), vcioRequest, uintptr(unsafe.Pointer(&msg[0]))); e != 0 {
		return fmt.Errorf("asking the firmware: %w", e)
	}
	return nil
}
