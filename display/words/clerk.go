// SPDX-License-Identifier: Apache-2.0

package words

import (
	"slices"
	"strings"
)

// ClerkLangs are the languages that the clerk's texts are kept in; a clerk's screen falls to the first one otherwise.
var ClerkLangs = []string{"ja", "en"}

// Clerks reports whether a text is for the clerk alone, or for the technician: the start and the faults are shown while nobody is served. All
// other texts exist in every language.
func Clerks(key string) bool {
	return slices.ContainsFunc([]string{"clerk.", "service.", "fault.", "boot.", "head.clerk", "head.help"}, func(p string) bool { return strings.HasPrefix(key, p) })
}

// ClerkLang is the language of the clerk's texts where the box speaks lang.
func ClerkLang(lang string) string {
	if slices.Contains(ClerkLangs, lang) {
		return lang
	}
	return ClerkLangs[0]
}
