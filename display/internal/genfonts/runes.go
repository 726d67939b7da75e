// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"

	"golang.org/x/text/encoding/japanese"

	"madoguchi/display/fonts"
	"madoguchi/display/words"
)

// drawn are runes that the layout draws by itself, beside the words.
const drawn = "●○×＜＞▲▼・…→"

// commonRunes are ASCII, the runes of the catalogue, those the layout draws, and the dotted zero; sorted.
func commonRunes(cat *words.Catalogue) []rune {
	out := append(cat.Runes(), fonts.DottedZero)
	for r := ' '; r <= '~'; r++ {
		out = append(out, r)
	}
	return sorted(append(out, []rune(drawn)...))
}

// jis returns JIS X 0208 with the circled digits and unit signs that Japanese PCs put into its row 13. Where Unicode has two readings of one
// JIS sign (the wave dash and its kin), both are in: texts arrive from both kinds of systems.
func jis() []rune {
	dec := japanese.EUCJP.NewDecoder()
	out := []rune("〜～−－‖∥—―¢￠£￡¬￢")
	for row := 1; row <= 84; row++ {
		for cell := 1; cell <= 94; cell++ {
			s, err := dec.String(string([]byte{byte(0xA0 + row), byte(0xA0 + cell)}))
			if err != nil {
				continue
			}
			for _, r := range s {
				if r != '\uFFFD' {
					out = append(out, r)
				}
			}
		}
	}
	return sorted(out)
}

func sorted(rs []rune) []rune {
	slices.Sort(rs)
	return slices.Compact(rs)
}

// without returns a without the runes of b; both are sorted.
func without(a, b []rune) []rune {
	return slices.DeleteFunc(a, func(r rune) bool {
		_, found := slices.BinarySearch(b, r)
		return found
	})
}
