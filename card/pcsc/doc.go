// SPDX-License-Identifier: Apache-2.0

// Package pcsc finds the USB CCID card reader through PC/SC (pcscd,
// libpcsclite; binding github.com/ebfe/scard): it tells when reader and card
// come and go, and opens exclusive, powered connections to the card.
//
// One goroutine owns every GetStatusChange call, on a context of its own; no
// command is sent to the card to learn whether it is there. Each connection
// has its own context, so that one that hangs holds nothing else up. Closing a
// connection powers the card off, which drops its PIN state; leaving or
// resetting it would not.
//
// Built without cgo the package compiles and [Open] says that PC/SC is not in.
// It knows nothing of APDUs but their length, and never retries one.
package pcsc
