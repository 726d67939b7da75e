// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"

	"madoguchi/display/fonts"
	"madoguchi/display/words"
)

// drawn are runes that the layout draws by itself, beside the words.
const drawn = "●○×＜＞▲▼・…→"

// commonRunes are the runes of the catalogue in the script of their language, ASCII in every script that has it, those the layout draws,
// and the dotted zero; sorted.
func commonRunes(cat *words.Catalogue) []rune {
	out := append([]rune(drawn), fonts.DottedZero)
	for _, lang := range cat.Langs() {
		for _, r := range cat.Runes(lang) {
			if r != '\u00A0' { // drawn as a space
				out = append(out, fonts.ScriptOf(lang).Of(r))
			}
		}
	}
	for r := ' '; r <= '~'; r++ {
		out = append(out, r, fonts.Vietnamese.Of(r))
	}
	return sorted(out)
}

// abroad are the letters of texts in other languages that arrive in policies: all Vietnamese letters, the Latin letters and marks of western
// Europe, the Hangul of KS X 1001 and the Han characters of GB 2312 (its second level, too: names of places need them) with the marks of print.
func abroad() []rune {
	var out []rune
	for _, r := range vietnameseLetters {
		out = append(out, fonts.Vietnamese.Of(r), fonts.Vietnamese.Of(unicode.ToUpper(r)))
	}
	for r := rune(0xA1); r <= 0xFF; r++ {
		if r != 0xAD { // the soft hyphen, which nothing draws
			out = append(out, r)
		}
	}
	out = append(out, rows(korean.EUCKR, 16, 40)...)
	for _, r := range append(rows(simplifiedchinese.GBK, 16, 87), []rune("、。，：；？！（）《》「」“”‘’")...) {
		out = append(out, fonts.Simplified.Of(r))
	}
	return sorted(out)
}

// vietnameseLetters are the small letters beyond ASCII (TCVN 6909).
const vietnameseLetters = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"

// rows returns the signs of some rows of a coded set of 94 × 94, in a coding that puts them at A1A1.
func rows(set encoding.Encoding, from, to int) []rune {
	dec := set.NewDecoder()
	var out []rune
	for row := from; row <= to; row++ {
		for cell := 1; cell <= 94; cell++ {
			s, err := dec.String(string([]byte{byte(0xA0 + row), byte(0xA0 + cell)}))
			if err != nil {
				continue
			}
			for _, r := range s {
				// GBK puts private signs where GB 2312 has none
				if r != '\uFFFD' && !unicode.Is(unicode.Co, r) {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// jis returns JIS X 0208 with the circled digits and unit signs that Japanese PCs put into its row 13. Where Unicode has two readings of one
// JIS sign (the wave dash and its kin), both are in: texts arrive from both kinds of systems.
func jis() []rune {
	return sorted(append(rows(japanese.EUCJP, 1, 84), []rune("〜～−－‖∥—―¢￠£￡¬￢")...))
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
