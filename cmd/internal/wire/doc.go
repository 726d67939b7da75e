// SPDX-License-Identifier: Apache-2.0

// Package wire carries the electrical world of one simulated box over a unix
// socket pair: SPI transfers with the level of the DC line, the other lines of
// the panel, the lamp and the buzzer, the closures of the key matrix, the lid, the card
// in the slot with its APDUs, and the box's clock.
//
// One end, [Box], is held by the child process that runs the firmware's own
// loop; it hands out periph's spi.Port and gpio.PinIO, a card reader and a
// clock, so that the drivers above cannot tell it from hardware. The other
// end, [World], is held by the simulator, which owns the glass, the keys and
// the cards; cutting the power of the box is then a plain SIGKILL of the child.
//
// An APDU is written from the slice it is handed with one writev: the page that
// holds a PIN is read by the kernel and nothing of it is copied inside the
// child.
//
// Frames are len u32 (big endian, counts the body), kind u8, body. Every kind
// has one way and one range of sizes; anything else closes the connection.
//
// The package decides nothing about cards, screens or cases, and it is no part
// of the firmware: it stands in for wires only.
package wire
