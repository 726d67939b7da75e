// SPDX-License-Identifier: Apache-2.0

// Package bundle carries one wish at a time from the PIN side to the program that speaks with RAUC: check this bundle, install it, try its slot at the
// next start, keep the slot that runs, drop it, tell how the board stands. Between them lies a Unix socket that the service manager makes; a
// request and each answer is one line of JSON (RFC 8259) of at most 4 KiB.
//
// The PIN side is not let onto the message bus itself: who may call RAUC there may also have it fetch a bundle from an address that he makes up
// (RAUC, "HTTP Streaming"), and who may call the name service has a line to the outside. Here nothing crosses but a digest, and the
// folder that it lies in is the other side's own setting.
//
// The package verifies nothing: what is handed over was verified before (package update), and RAUC verifies its own signature again.
package bundle
