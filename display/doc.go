// SPDX-License-Identifier: Apache-2.0

// Package display turns screens, which are data, into one-bit pictures and brings them to a panel. It holds every screen of the counter
// device by name (ids.go), the words in every language (display/words), the layout for a 400×300 panel of 119.8 dpi and larger ones, and
// the painter that shows the newest picture. Sizes follow JIS S 0032 for a reader of seventy at half a metre: 28 px (5.9 mm) is the
// residents' smallest print, 32 px the body. The clerk's lists and texts, most of which a policy brings, are in 24 px (5.1 mm) and in pages
// (clerk.go, flow.go); they exist in Japanese and English only. Glyphs come from display/fonts as bitmaps; no font is parsed at run time.
//
// A Screen holds no part of a PIN: an entry screen knows how many boxes are filled and, for letters, whether one of two presses was made.
// Two screens with equal facts are equal pixel for pixel. The package does not decide which screen follows which, reads no clock and no key.
package display
