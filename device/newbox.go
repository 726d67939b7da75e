// SPDX-License-Identifier: Apache-2.0

package device

import (
	"image"

	"madoguchi/device/policy"
	"madoguchi/display"
)

// Fits tells whether a box with a panel of these bounds could start with this configuration and the rules that its program brings: what New would refuse, before anything is kept.
func (c Config) Fits(panel image.Rectangle) error {
	if err := c.Check(); err != nil {
		return err
	}
	r, err := display.NewRenderer(panel)
	if err != nil {
		return err
	}
	if err := checkOffice(c, r); err != nil {
		return err
	}
	rules, err := policy.EmbeddedCity(policy.Name(c.City))
	if err != nil {
		return &FieldError{Key: "city", What: err.Error()}
	}
	return (&Device{}).checkPlace(c.Place, rules)
}
