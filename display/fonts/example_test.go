// SPDX-License-Identifier: Apache-2.0

package fonts_test

import (
	"fmt"

	"madoguchi/display/fonts"
)

func Example() {
	f, err := fonts.Open(28)
	if err != nil {
		fmt.Println(err)
		return
	}
	g, ok := f.Glyph(fonts.DottedZero)
	fmt.Println(g.W, g.H, ok)
	for y := 3; y < 25; y += 2 { // every second row
		for x := range g.W {
			if g.Bits[y*g.Stride+x/8]&(0x80>>(x%8)) != 0 {
				fmt.Print("#")
			} else {
				fmt.Print(".")
			}
		}
		fmt.Println()
	}
	// Output:
	// 14 28 true
	// ....######....
	// ...###..###...
	// ..###....###..
	// ..###....###..
	// .####....####.
	// .####.##.####.
	// .####.##.####.
	// .####....####.
	// ..###....###..
	// ..####..####..
	// ...########...
}
