// SPDX-License-Identifier: Apache-2.0

package display_test

import (
	"fmt"
	"image"

	"madoguchi/display"
)

func ExampleRenderer() {
	r, err := display.NewRenderer(image.Rect(0, 0, 400, 300))
	if err != nil {
		fmt.Println(err)
		return
	}
	s := display.Screen{
		ID:    display.PINID("login"),
		Lang:  display.English,
		Facts: display.Facts{Left: 2, Max: 3, Filled: 1},
	}
	m, err := r.Render(s)
	fmt.Println(m, err)
	for _, line := range r.Text(s) {
		fmt.Println(line)
	}
	// Output:
	// mono.Image{400×300} <nil>
	// Login PIN
	// 4 digits
	// Please enter your PIN
	// Mynaportal, insurance card
	// 2 tries left
	// × Stop
	// ＜ Erase
	// ○ OK
}
