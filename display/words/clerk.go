// SPDX-License-Identifier: Apache-2.0

package words

import (
	"slices"
	"strings"
)

// ClerkLangs are the languages that the clerk's texts are kept in; a clerk's screen falls to the first one otherwise.
var ClerkLangs = []string{"ja", "en"}

// Clerks reports whether a text is for the clerk alone. All other texts exist in every language.
func Clerks(key string) bool { return strings.HasPrefix(key, "clerk.") }

// ClerkLang is the language of the clerk's texts where the box speaks lang.
func ClerkLang(lang string) string {
	if slices.Contains(ClerkLangs, lang) {
		return lang
	}
	return ClerkLangs[0]
}
