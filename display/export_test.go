// SPDX-License-Identifier: Apache-2.0

package display

// BuildWith builds a screen from other texts, so that a test can see which ones are read.
func BuildWith(cat texts, s Screen) error {
	_, err := build(cat, s)
	return err
}
