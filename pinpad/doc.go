// SPDX-License-Identifier: Apache-2.0

// Package pinpad drives the counter's 16 keys: a 4×4 matrix on eight GPIO
// lines of the 40-pin header (periph.io/x/conn gpio.PinIO), rows as inputs with
// pull-up, columns driven low or floating, so that no two pressed keys can
// short a driven line (the Linux gpio-matrix-keypad binding does the same; it is
// not used because it would make an input device that other processes read).
// Caps, colours and places follow EN 1332-3 and the ECBS keyboard layout; the
// letters on the digit keys follow ITU-T E.161.
//
// A [Pad] has four modes. In menu mode an [Event] carries its key. In secret
// mode characters go straight into a locked page ([pin.PIN]) and events say only
// how many stand; just cancel, clear, enter and menu keep their meaning. Test mode
// names every key as it goes down and up and every contact that reads closed, for a
// technician, and never beside a PIN. Off delivers no key. A change of mode drops keys that were not delivered
// and waits until all keys are up: no key crosses from one mode into the other.
//
// Slow keys ([Pad.SetSlow]) ask for a longer press and a longer rest, and forgive
// a hand that trembles. They come and go in any mode.
//
// # A character that is shown
//
// Residents ask to see what they typed, because a wrong character of the signing
// password costs one of five tries. Showing it breaks, for that moment, the promise
// that panel bytes are the same for two passwords. So it is the resident's own act
// and nobody else's:
//
//   - It is off unless configured ([Opts].Reveal), and never for four digits, for
//     a code, or while typing goes on: only for a password that 確認 has accepted
//     and that has not been taken.
//   - メニュー held for 1 s asks (EventHold), letting it go ends (EventRelease); 3 s
//     is the most. One character stands at a time.
//   - No character becomes a value outside its page. [Pad.Reveal] gets the 36
//     pictures and hands on the one that fits, put together in the page by reading
//     all of them; when the caller's function returns it is zeroed. A test holds that
//     device alone calls it, and this package alone [pin.PIN.Reveal].
//   - Who shows it must send the picture to the panel from where it lies, overwrite
//     it there and in every buffer, and drive the panel by a full refresh before
//     another screen: a partial one leaves a ghost. Screens as data never hold it.
//   - Nothing else changes: the lamp stays as it is while typing, because a light
//     that said "now" would tell the clerk when to look; no sound, no log, no record.
//
// The hint about look-alikes (O and 0, I, 1 and L, S and 5, B and 8, Z and 2) is one
// bit about a new password, told with its first 確認 and to its owner's screen only.
// About nine in ten passwords have one, so a screen that always shows the hint says
// less and helps as much.
//
// It does not show anything, does not beep, does not know what a PIN is for,
// repeats no key, and decides nothing on the time a person takes.
package pinpad
