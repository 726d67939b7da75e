// SPDX-License-Identifier: Apache-2.0

// Package pin holds the one type a PIN ever has. A [PIN] is a page of memory
// of its own, outside the Go heap: of memfd_secret(2) where the kernel has it,
// else locked into RAM (mlock(2)); left out of core dumps and of forked children
// (madvise(2)). Characters are typed into it one by one and judged by the rules
// that municipalities print for the My Number Card: four digits, or 6 to 16
// capital letters and digits for the signing password. They leave it in one way:
// [PIN.Send] builds the command in the page and hands it to the card's
// transmitter. It does not return, print, log, encode or store a PIN. Where a
// municipality allows it, [PIN.Reveal] makes the picture of one character for
// the eyes of the one who typed it; package pinpad says when.
//
// A clerk's code is a [Code]: the same page, and a comparison against an
// Argon2id [Hash] (RFC 9106) instead of a card.
//
// Whoever holds a PIN wipes it, on every path. Pages are pooled, so that an
// entry at the counter never fails for want of lockable memory.
package pin
