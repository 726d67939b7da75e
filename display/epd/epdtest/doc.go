// SPDX-License-Identifier: Apache-2.0

// Package epdtest is two e-ink panels made of software, a 4.2-inch one with an SSD1683 controller (datasheet rev 1.0, January 2021) and a
// 7.5-inch one with a UC8179 (datasheet rev 0.6, November 2019): it decodes the bytes of the SPI bus, keeps both RAM banks and the glass, holds
// BUSY as long as the panel would, and is stricter than the panel: what the datasheet forbids or leaves undefined, and what is known to leave
// ghosts or to wear the panel, becomes a line in Faults.
//
// It stands under the real driver in two ways. In one process, Port and Pins are its bus and lines. At the other end of a wire, Tx, SetReset,
// SetPower, Busy and BusyEdge are what the wire carries. Snapshot shows what an eye sees at this moment: the flashes of a full refresh,
// pixels on their way in a partial one, the residue that partial refreshes leave, the half-drawn picture after a power cut.
//
// It does not model grey levels, loaded waveforms, temperature, the border, the third colour or the UC8179's automatic sequences, and nothing
// can be read back from it: MISO is not wired on the panel's board.
package epdtest
