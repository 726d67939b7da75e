// SPDX-License-Identifier: Apache-2.0

// Package simcard is a simulated My Number Card: it answers the command APDUs
// that card, OpenSC and other public programs send, byte for byte as physical
// cards were seen to answer (reports of jpki/myna, OpenSC, soltia48/myna-card),
// with real counters, real X.509 certificates from a plainly fake authority
// and a state that can be saved. [Reader] puts it in a reader for the device.
// [Samples] are the cards of the simulator's front panel.
//
// It is stricter than a card: [Card.Misuse] lists what a careful program does
// not do, [Card.Log] every command's header. Where no source tells how a
// physical card answers, the code says "our choice".
//
// It holds PINs as plain values, because it is the card. Like a real one it
// unlocks no PIN for anybody; only the profile [SimulatedIssuer], off by default
// and on no sample, also obeys an issuer that does not exist. No byte of it is
// real: no person, no municipality, no authority.
package simcard
