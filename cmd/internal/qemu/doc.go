// SPDX-License-Identifier: Apache-2.0

// Package qemu runs QEMU's 64-bit Arm machine with a USB smart-card reader
// (usb-ccid with ccid-card-passthru), whose card comes over a socket: see
// card/vscard. With a kernel it boots a guest small enough for a test, made of
// Debian's own packages, in which libccid and pcscd drive that reader; without
// one the machine stands still, and the reader alone can be tried.
//
// It always emulates the processor: a machine that runs in another gives no
// faster way that can be relied upon. It is for tests and benches, and needs what
// `make setup` installs.
package qemu
