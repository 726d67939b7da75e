// SPDX-License-Identifier: Apache-2.0

// Package pinpadtest models the key matrix at its eight lines.
package pinpadtest

import (
	"periph.io/x/conn/v3/gpio"

	"madoguchi/pinpad"
)

// Matrix is a 4×4 key matrix.
type Matrix struct{}

// NewMatrix returns a matrix with all keys up.
func NewMatrix() *Matrix { return &Matrix{} }

// Rows returns the four row lines.
func (m *Matrix) Rows() [4]gpio.PinIO { return [4]gpio.PinIO{} }

// Cols returns the four column lines.
func (m *Matrix) Cols() [4]gpio.PinIO { return [4]gpio.PinIO{} }

// Press closes a key's contact.
func (m *Matrix) Press(k pinpad.Key) {}

// Release opens it.
func (m *Matrix) Release(k pinpad.Key) {}

// SetClosed sets all contacts: bit row × 4 + column.
func (m *Matrix) SetClosed(mask uint16) {}

// Faults lists what a real matrix or driver would not have forgiven.
func (m *Matrix) Faults() []string { return nil }
