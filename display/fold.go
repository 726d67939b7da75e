// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strings"
	"unicode"

	"madoguchi/display/fonts"
)

// Costs of a break, each far above what all of the next can add up to: a break where none is allowed, a further row, a break within a
// phrase. What is left of the rows counts by its square, so that they come out even.
const (
	costForbidden int64 = 1 << 50
	costRow       int64 = 1 << 36
	costPhrase    int64 = 1 << 20
	costGuess     int64 = 1 << 8 // the end of a phrase, where no bar says so
)

// costWhole is the price of a row where one more is better than a word in two.
const costWhole = costPhrase + costPhrase/2

// fold breaks a text that comes from outside into as few rows of at most cols half columns as there can be; the first row has indent
// columns less. Such texts carry no marks for breaks: of the ways to break, the one with the fewest breaks inside a phrase is taken, then the
// one with the most even rows. What cannot be broken (an address of the net) is broken all the same: no row is ever too wide.
func fold(text string, cols, indent int) []string { return foldAt(costRow, text, cols, indent) }

// foldAt is fold with another price of a row.
func foldAt(price int64, text string, cols, indent int) []string {
	var out []string
	for para := range strings.SplitSeq(text, "\n") {
		rs := []rune(strings.Join(strings.Fields(para), " "))
		if len(rs) > 0 {
			out = append(out, foldPara(price, rs, cols, indent)...)
			indent = 0
		}
	}
	return out
}

func foldPara(price int64, rs []rune, cols, indent int) []string {
	// best[i] is the least cost of rows that end before rune i, and from[i] where the last of them begins
	best, from := make([]int64, len(rs)+1), make([]int, len(rs)+1)
	wide := make([]int, len(rs))
	for i, r := range rs {
		if r != '|' {
			wide[i] = halves(r)
		}
	}
	for end := 1; end <= len(rs); end++ {
		best[end] = -1
		width, row := 0, price
		if end < len(rs) {
			row += partCost(rs, end)
		}
		for start := end - 1; start >= 0; start-- {
			if rs[start] != ' ' || start < end-1 { // nor at the end of a row
				width += wide[start]
			}
			have := cols
			if start == 0 {
				have -= indent
			}
			used := width
			if rs[start] == ' ' {
				used-- // dropped at the beginning of a row
			}
			if used > have && start < end-1 {
				break
			}
			if best[start] < 0 {
				continue
			}
			cost := best[start] + row + int64((have-used)*(have-used))
			if best[end] < 0 || cost < best[end] {
				best[end], from[end] = cost, start
			}
		}
	}
	var out []string
	for end := len(rs); end > 0; end = from[end] {
		out = append(out, strings.TrimSpace(strings.ReplaceAll(string(rs[from[end]:end]), "|", "")))
	}
	slices.Reverse(out)
	return out
}

// partCost is the cost of a break before rune i.
func partCost(rs []rune, i int) int64 {
	a, b := fonts.Plain(rs[i-1]), fonts.Plain(rs[i])
	switch {
	case a == '|' || b == '|':
		return 0
	case a == ' ':
		return costGuess
	case b == ' ':
		return costForbidden // the break stands after the space
	case !mayPart(a, b):
		return costForbidden
	case strings.ContainsRune("、。，．）」』・；：！？", a):
		return costGuess
	case strings.ContainsRune("おご", a) && !unicode.Is(unicode.Hiragana, b), a == 'か' && b == '月', a == 'い' && b == '合':
		return 4 * costPhrase // 「お知らせ」「ご本人」「3か月」「問い合わせ」
	case strings.ContainsRune("おご", b) && i+1 < len(rs) && unicode.Is(unicode.Han, fonts.Plain(rs[i+1])) && unicode.Is(unicode.Hiragana, a):
		return costGuess
	case katakana(a) && katakana(b):
		return 4 * costPhrase // a word split
	case unicode.Is(unicode.Han, a) && strings.ContainsRune("しさ", b):
		return costPhrase // 「郵送します」
	case !unicode.Is(unicode.Hiragana, a) && unicode.Is(unicode.Hiragana, b):
		return 3 * costPhrase // a particle or the end of a verb alone
	case unicode.Is(unicode.Hiragana, a) == unicode.Is(unicode.Hiragana, b) && katakana(a) == katakana(b):
		return 2 * costPhrase
	case !unicode.Is(unicode.Hiragana, a):
		return costPhrase // 「コンビニ交付」
	case strings.ContainsRune("きぎけげしせちっねびべみめり", a):
		return costPhrase / 2 // 「届け出」「引き続き」
	}
	return costGuess // a phrase of Japanese mostly ends in hiragana and begins with something else
}

// katakana reports whether a rune stands in words from abroad.
func katakana(r rune) bool { return unicode.Is(unicode.Katakana, r) || r == 'ー' }
