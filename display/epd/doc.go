// SPDX-License-Identifier: Apache-2.0

// Package epd drives two black-and-white e-ink panels over periph's SPI port and GPIO pins: Waveshare's 4.2" V2 (SSD1683 controller, 400 × 300
// pixels) and 7.5" V2 (UC8179, 800 × 480). Commands, registers and RAM are those of the SSD1683 datasheet rev 1.0, January 2021, and the UC8179
// datasheet rev 0.6, November 2019; sequences that these leave open follow the panel maker's public example code and measured times, each named
// where it is used. One driver, Dev, holds everything that the panels share; a controller's file holds its bytes and the sense of its BUSY line.
//
// A controller's two RAM banks are kept right everywhere, since a refresh always compares them over the whole glass: one is the picture, one
// what the glass shows. A partial refresh is sent the few rectangles that differ. Every wait for BUSY is by edge and has a deadline. What goes
// wrong is a typed error that names the operation, the level of BUSY, the limit and what to check: BusyError, ShortError (the supply failed in a
// refresh), TransferError, ModelError (the other panel is connected); after any of them the panel's supply is cut and the next picture starts it
// anew. Two seconds after the last refresh the drive voltages go off. Wipe and Halt leave nothing readable: white glass by a full refresh that
// moves every pixel, banks without a picture, deep sleep with the RAM off.
//
// The chip select belongs to the kernel's SPI driver. The package does not read from a controller (MISO is not wired on the maker's board),
// knows no grey levels, loads no waveforms of its own and does not decide when a full refresh is due.
package epd
