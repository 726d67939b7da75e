// SPDX-License-Identifier: Apache-2.0

// Package epd drives the SSD1683 controller of a 4.2-inch black-and-white e-ink panel (Waveshare 4.2" V2, Good Display GDEY042T81, 400 × 300
// pixels) over periph's SPI port and GPIO pins: SSD1683 datasheet rev 1.0, January 2021, for commands, registers and RAM; the panel maker's
// public example code and measured times for the sequences that the datasheet leaves open (each named where it is used).
//
// The controller's two RAM banks are kept right everywhere, since a refresh always compares them over the whole glass: 24h is the picture,
// 26h what the glass shows. Every wait for BUSY is by edge, has a deadline and ends in a *BusyError; after any error the panel's supply is cut
// and the next picture starts it anew. Two seconds after the last partial refresh the drive voltages go off. Wipe and Halt leave nothing
// readable: white glass, white banks, deep sleep with the RAM off.
//
// The chip select belongs to the kernel's SPI driver. The package does not read from the controller (MISO is not wired on the HAT), knows no
// grey levels, loads no waveforms of its own and does not decide when a full refresh is due.
package epd
