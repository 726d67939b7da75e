// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"image"
	"strings"
	"testing"

	"madoguchi/display"
)

// TestOffice: a name that the idle screen cannot show is found at the start, by the key it stands under.
func TestOffice(t *testing.T) {
	r, err := display.NewRenderer(image.Rect(0, 0, 400, 300))
	if err != nil {
		t.Fatal(err)
	}
	for office, fits := range map[string]bool{
		"市民課":                   true,
		"松江市役所 宍道支所":            true,
		"名張市役所 本庁舎 二階":          true,
		strings.Repeat("市", 60): false, // longer than a configuration may say
	} {
		c := DefaultConfig
		c.Office = office
		err := checkOffice(c, r)
		var field *FieldError
		switch {
		case fits && err != nil:
			t.Errorf("%s: %v", office, err)
		case !fits && (!errors.As(err, &field) || field.Key != "office"):
			t.Errorf("%s: %v, want an error of the field office", office, err)
		}
	}
}
