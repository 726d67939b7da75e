// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"errors"
	"time"
)

// flag holds the bits of SCARD_READERSTATE that are used here. Its high 16
// bits count insertions and removals (pcsc-lite).
type flag uint32

const (
	flagChanged     flag = 0x002
	flagUnknown     flag = 0x004
	flagUnavailable flag = 0x008
	flagPresent     flag = 0x020
	flagMute        flag = 0x200
)

// count is the number of insertions and removals, modulo 65536.
func (f flag) count() uint16 { return uint16(f >> 16) }

// state is one reader in a wait: what was known, what is now.
type state struct {
	reader   string
	was, now flag
}

// pnp is the name of the reader that stands for "a reader came or went".
const pnp = `\\?PnP?\Notification`

// Outcomes of a wait that are not faults.
var (
	errTimeout   = errors.New("wait timed out")
	errCancelled = errors.New("wait cancelled")
	errRelist    = errors.New("reader gone meanwhile")
)

// session is one PC/SC context. Wait and everything else may be called from
// different goroutines, Wait from one only.
type session interface {
	Readers() ([]string, error) // none: empty, no error
	Wait(states []state, d time.Duration) error
	Connect(reader string) (handle, error)
	Features(reader string) ([]byte, error) // part 10's list, raw; errNoFeatures
	Cancel() error
	Release() error
}

// handle is one exclusive connection to a card.
type handle interface {
	Transmit(apdu []byte) ([]byte, error)
	ATR() []byte
	Unpower() error // disconnects and powers the card off
}
