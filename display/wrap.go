// SPDX-License-Identifier: Apache-2.0

package display

import (
	"strings"
	"unicode"

	"madoguchi/display/fonts"
)

// Runes that may not begin a line (行頭禁則) and may not end one (行末禁則): JIS X 4051, reduced to what counter texts use.
const (
	notFirst = "、。，．・：；？！」』）】〕］｝〉》”’ーゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ％…‥〜～,.!?:;)]}%"
	notLast  = "「『（【〔［｛〈《“‘([{"
)

// balance is wrap with the lines of one paragraph as even as they can be without one more line: a single word on the last line reads badly.
func balance(text string, width int, adv func(rune) int) []string {
	var out []string
	for para := range strings.SplitSeq(text, "\n") {
		lines := wrap(para, width, adv)
		widest := 0
		for _, p := range pieces(para) {
			widest = max(widest, measure(p.text, adv))
		}
		// a piece that was broken in the middle is broken where it must be
		for lo, hi := min(widest, width), width; lo < hi && widest <= width; {
			mid := (lo + hi) / 2
			if even := wrap(para, mid, adv); len(even) <= len(lines) {
				lines, hi = even, mid
			} else {
				lo = mid + 1
			}
		}
		out = append(out, lines...)
	}
	return out
}

// wrap breaks a text into lines no wider than width, in the unit of adv, the width of a rune. A new line breaks always; "|" and the space
// may break and are dropped there; a piece wider than a line is broken between any two runes that may be parted. What cannot be broken is
// returned as a line that is too wide: the caller calls it an overflow.
func wrap(text string, width int, adv func(rune) int) []string {
	var out []string
	for para := range strings.SplitSeq(text, "\n") {
		w := wrapper{width: width, adv: adv}
		for _, p := range pieces(para) {
			w.add(p)
		}
		out = append(out, w.end()...)
	}
	return out
}

// fixedSpace stands between two words that are one name, or the syllables of one word of Vietnamese: no line ends there.
const fixedSpace = '\u00A0'

// A piece is text without a place to break, and the space of its script that stands before it, if any.
type piece struct {
	text  string
	space rune
}

func pieces(para string) []piece {
	var out []piece
	var b strings.Builder
	space := rune(0)
	flush := func(next rune) {
		if b.Len() > 0 {
			out = append(out, piece{b.String(), space})
			space = 0
		}
		b.Reset()
		space = max(space, next)
	}
	var prev rune
	for _, r := range strings.TrimSpace(para) {
		switch fonts.Plain(r) {
		case '|':
			flush(0)
		case ' ':
			flush(r)
		case fixedSpace:
			b.WriteRune(spaceAfter(prev))
		default:
			b.WriteRune(r)
		}
		prev = r
	}
	flush(0)
	return out
}

// spaceAfter is the space of the script that a rune belongs to: that of Vietnamese is narrower.
func spaceAfter(r rune) rune {
	if p := fonts.Plain(r); p != r && fonts.Vietnamese.Of(p) == r {
		return fonts.Vietnamese.Of(' ')
	}
	return ' '
}

type wrapper struct {
	width int
	adv   func(rune) int
	lines []string
	line  []rune
	used  int
}

// measure is the width of a text in the unit of adv.
func measure(s string, adv func(rune) int) int {
	n := 0
	for _, r := range s {
		n += adv(r)
	}
	return n
}

func (w *wrapper) add(p piece) {
	gap := 0
	if p.space != 0 && len(w.line) > 0 {
		gap = w.adv(p.space)
	}
	n := measure(p.text, w.adv)
	if len(w.line) > 0 && w.used+gap+n > w.width {
		w.push()
		gap = 0
	}
	if gap > 0 {
		w.line = append(w.line, p.space)
	}
	w.line = append(w.line, []rune(p.text)...)
	w.used += gap + n
	for w.used > w.width {
		if !w.split() {
			return
		}
	}
}

// split moves what does not fit of the only piece on the line to the next one; false if there is no place to part it.
func (w *wrapper) split() bool {
	fit, n := 0, 0
	for fit < len(w.line) && n+w.adv(w.line[fit]) <= w.width {
		n += w.adv(w.line[fit])
		fit++
	}
	for fit > 0 && !mayPart(w.line[fit-1], w.line[fit]) {
		fit--
	}
	if fit == 0 {
		return false
	}
	rest := w.line[fit:]
	w.line = w.line[:fit]
	w.push()
	w.line = append(w.line, rest...)
	w.used = measure(string(rest), w.adv)
	return true
}

func (w *wrapper) push() {
	w.lines = append(w.lines, string(w.line))
	w.line, w.used = nil, 0
}

func (w *wrapper) end() []string {
	if len(w.line) > 0 {
		w.push()
	}
	return w.lines
}

// units stand close behind a number: 12日, 3回, 4桁, 200円, and the same in Chinese.
const units = "年月日時分秒回次位桁文字円歳人階号つけ個个点天小楼元"

// mayPart reports whether a line may end with a and the next begin with b. Words in Latin letters and in Hangul and numbers stay whole, and so does
// a number with its unit.
func mayPart(a, b rune) bool {
	a, b = fonts.Plain(a), fonts.Plain(b)
	if strings.ContainsRune(notFirst, b) || strings.ContainsRune(notLast, a) {
		return false
	}
	if '0' <= a && a <= '9' && strings.ContainsRune(units, b) {
		return false
	}
	return !inWord(a) || !inWord(b)
}

// inWord reports whether a rune belongs to a word that spaces set apart. The wide Latin letters of Japanese print do not.
func inWord(r rune) bool {
	return r < 0x2000 && (unicode.Is(unicode.Latin, r) || unicode.IsDigit(r)) || unicode.Is(unicode.Hangul, r)
}
