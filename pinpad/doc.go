// SPDX-License-Identifier: Apache-2.0

// Package pinpad drives the counter's 16 keys: a 4×4 matrix on eight GPIO
// lines of the 40-pin header (periph.io/x/conn gpio.PinIO), rows as inputs with
// pull-up, columns driven low or floating, so that no two pressed keys can
// short a driven line (the Linux gpio-matrix-keypad binding does the same; it is
// not used because it would make an input device that other processes read).
// Caps, colours and places follow EN 1332-3 and the ECBS keyboard layout; the
// letters on the digit keys follow ITU-T E.161.
//
// A [Pad] has three modes. In menu mode an [Event] carries its key. In secret
// mode characters go straight into a locked page ([pin.PIN]) and events say only
// how many stand; just cancel, clear, enter and menu keep their meaning. Off
// delivers no key. A change of mode drops keys that were not delivered and waits
// until all keys are up: no key crosses from one mode into the other.
//
// It does not show anything, does not beep, does not know what a PIN is for,
// repeats no key, and decides nothing on the time a person takes.
package pinpad
