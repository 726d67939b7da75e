// SPDX-License-Identifier: Apache-2.0

// Package vpcd puts a simulated card into pcscd's virtual reader: it speaks the
// wire protocol of vsmartcard's vpcd driver (virtualsmartcard/src/vpcd/vpcd.h),
// so that every PC/SC program on the machine sees a card in a reader.
//
// The driver listens on TCP, 35963 for the first slot and 35964 for the second;
// the card connects. A frame is a length of two bytes, big endian, and so many
// bytes. One byte is a control: 0 power off, 1 power on, 2 reset, 4 "answer to
// reset", which is also the driver's question, about every 400 ms, whether the
// card is still there. Anything longer is a command APDU. Only control 4 and
// APDUs are answered. To connect is to insert the card, to close is to pull it.
//
// It is for benches and tests; no firmware holds it. The driver listens on all
// addresses: give pcscd a network namespace of its own.
package vpcd
