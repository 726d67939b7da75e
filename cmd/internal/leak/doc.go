// SPDX-License-Identifier: Apache-2.0

// Package leak searches for a secret where it must not be: in the memory image of a running process, in its
// files, in what crossed a wire.
//
// A secret is looked for in every form in which software is known to keep one: as it is, as UTF-16, as
// full-width characters, reversed, as key numbers, hexadecimal, base64 in each alignment, and as common
// digests. A form shorter than four bytes says nothing in an image of many megabytes (a BCD-coded PIN of four
// digits is two bytes), so it is looked for only inside the APDU that would carry it.
//
// Four digits stand somewhere in most images by chance. So secrets are drawn at random until none of their forms
// occurs in a baseline image of the same process ([Draw]); after that any occurrence is a leak. The tests make every
// image the baseline of the case after it, and repeat a case in which only a form of four or five bytes was found: a leak
// comes again with other digits.
//
// A character that was drawn is no text. Where a box may show one ([display.Painter.Reveal]) a [Gallery] looks for its picture, on the glass and in the panel's
// memory, too; elsewhere device's tests hold that the panel's bytes are the same for two PINs.
//
// It reads /proc/PID/mem, so it must run as root or as the parent of a dumpable process. It does not look into
// processes that are not the box's (the world around the box holds the sample cards' PINs).
package leak
