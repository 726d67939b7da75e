// SPDX-License-Identifier: Apache-2.0

// Package pinpadtest is the key matrix at its eight lines, for tests and for
// the simulator: a [Matrix] gives gpio.PinIO twins that a real pinpad.Pad
// scans. It models what a 4×4 matrix without diodes does (three keys on the
// corners of a rectangle close the fourth), contacts that bounce, lines that are
// slow, shorted or dead, and the traps of periph's Linux GPIO driver (host/v3
// gpioioctl). It is stricter than the hardware: what would work by luck is
// written down in Faults. It knows nothing of modes, debouncing or PINs.
//
// A Matrix may be used from any goroutine, in real time and in a
// testing/synctest bubble: channels and timers are made when they are needed,
// by the goroutine that needs them.
package pinpadtest
