// SPDX-License-Identifier: Apache-2.0

package display

import (
	"strings"

	"madoguchi/display/words"
)

// A Lang is one language of the catalogue.
type Lang string

// The languages of the catalogue.
const (
	Japanese     Lang = "ja"
	EasyJapanese Lang = "ja_easy" // やさしい日本語: short sentences, kana, no keigo
	English      Lang = "en"
	Chinese      Lang = "zh" // simplified
	Korean       Lang = "ko"
	Portuguese   Lang = "pt" // of Brazil
	Vietnamese   Lang = "vi"
)

// Langs are the languages in the order of the language screen's choice keys.
var Langs = []Lang{Japanese, EasyJapanese, English, Chinese, Korean, Portuguese, Vietnamese}

// Langs returns the languages a screen is written in: those of the clerk and of faults are for people who work here.
func (id ID) Langs() []Lang {
	if !id.forClerk() {
		return Langs
	}
	out := make([]Lang, len(words.ClerkLangs))
	for i, l := range words.ClerkLangs {
		out[i] = Lang(l)
	}
	return out
}

// forClerk reports whether a screen is read by clerks and technicians only.
func (id ID) forClerk() bool {
	in, _ := id.Info()
	return in.Face == FaceClerk || id == Boot || strings.HasPrefix(string(id), "fault.")
}
