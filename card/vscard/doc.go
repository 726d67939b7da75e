// SPDX-License-Identifier: Apache-2.0

// Package vscard puts a simulated card into the reader of a virtual machine: it
// speaks VSCard (libcacard's vscard_common.h) with QEMU's ccid-card-passthru,
// so that the guest's kernel, libccid and pcscd see a USB card reader.
//
//	-chardev socket,id=cc,host=127.0.0.1,port=7816,server=on,wait=off
//	-device usb-ccid,id=ccid0 -device ccid-card-passthru,chardev=cc,bus=ccid0.0
//
// A message is three numbers of four bytes, big endian (type, reader, length),
// and so many bytes. Measured with QEMU 7.2: the reader takes T=0 cards only, so
// the card is shown with an answer to reset of its own ([ATR]); an answer above
// 258 bytes hangs it until the guest starts again, so such an answer becomes
// 6700, as on a card that has short answers only. The guest's power and reset
// commands do not come through but as APDUs to a card that has power: what a
// power-off does is tried with card/vpcd.
//
// It is for benches and tests; no firmware holds it.
package vscard
