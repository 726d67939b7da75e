// SPDX-License-Identifier: Apache-2.0

// Package mono is the picture of a black-and-white e-ink panel: one bit for each
// pixel, eight pixels in a byte with the leftmost in the highest bit, 1 = white.
// That is the layout the panel controllers take over SPI (SSD1683 datasheet rev 1.0,
// commands 24h and 26h), so that a frame goes to the panel without being packed again.
//
// It does not draw text, does not dither and knows no grey: a colour is black or
// white when it is set.
package mono
