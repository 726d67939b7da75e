// SPDX-License-Identifier: Apache-2.0

package fonts

import (
	"strings"
	"unicode"
)

// A Script is a way of writing in which a character has another glyph than in Japanese print.
type Script uint8

// The scripts. Japanese is also the script of Latin letters and of Hangul, which look the same to every reader here.
const (
	Japanese   Script = iota
	Simplified        // Han characters as printed in China: 骨, 直, 角 and many more differ from the Japanese forms
	Vietnamese        // Latin letters whose marks stand two high, all of one face: a word must not be set from two
)

// ScriptOf returns the script of a language of the catalogue.
func ScriptOf(lang string) Script {
	switch lang {
	case "zh":
		return Simplified
	case "vi":
		return Vietnamese
	}
	return Japanese
}

// Glyphs of a script other than Japanese lie in Unicode's private planes 15 and 16, one for each rune of the basic plane.
const (
	simplifiedPlane = 0xF0000
	vietnamesePlane = 0x100000
)

// Of returns the code under which a face holds the script's glyph of a rune: the rune itself where there is nothing to tell apart. Signs that
// name a key stay as they are printed on the caps, in every script.
func (s Script) Of(r rune) rune {
	switch {
	case s == Simplified && (unicode.Is(unicode.Han, r) && r <= 0xFFFF || strings.ContainsRune(simplifiedMarks, r)):
		return simplifiedPlane + r
	case s == Vietnamese && (unicode.Is(unicode.Latin, r) && r <= 0x1EFF || strings.ContainsRune(vietnameseMarks, r)):
		return vietnamesePlane + r
	}
	return r
}

// vietnameseMarks are the signs that belong to a line of Latin letters.
const vietnameseMarks = " 0123456789.,:;!?()-/%'\"+"

// simplifiedMarks are the marks that China sets in cells of their own.
const simplifiedMarks = "、。，：；？！（）《》「」“”‘’"

// Shape returns a text in the codes of a script. Characters that are already in such codes stay.
func (s Script) Shape(text string) string {
	if s == Japanese {
		return text
	}
	return strings.Map(s.Of, text)
}

// Plain is the inverse of Of, for every script.
func Plain(r rune) rune {
	switch {
	case r >= vietnamesePlane:
		return r - vietnamesePlane
	case r >= simplifiedPlane:
		return r - simplifiedPlane
	}
	return r
}

// PlainText is the inverse of Shape.
func PlainText(text string) string { return strings.Map(Plain, text) }
