// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package pcsc

// built tells that PC/SC is not in this program.
const built = false

// establish says why.
func establish() (session, error) { return nil, ErrNotBuilt }
