// SPDX-License-Identifier: Apache-2.0

// Package fonts holds the glyphs that the panel shows, as one-bit pictures made ahead of time: one file for each size, N.bin with N the
// height of a cell in pixels. They are BIZ UDGothic Bold (Morisawa, SIL Open Font License 1.1, OFL.txt), a universal-design gothic whose
// digits and capitals are easily told apart, with Noto Sans CJK for what it lacks. Every size holds the runes of the catalogue; sizes 24,
// 32 and 40 also hold ASCII and all of JIS X 0208, for texts that arrive from outside: the name of an office, the words of a policy. What a
// policy tells residents is drawn in 32 and 40, which therefore hold GB 2312, KS X 1001 and the letters of Portuguese and Vietnamese too.
//
// Chinese and Vietnamese texts are shaped first (Script): a Han character has another form in China, and a Vietnamese word must not be set from
// two faces. Such glyphs lie under codes of their own in Unicode's private planes, so that one line may mix scripts, as the list of
// languages does.
//
// A file is deflated in blocks of 64 glyphs, those of the catalogue first, so that a screen inflates a few blocks and never the whole file.
// The package parses no font, joins no letters and knows no layout. The files are made by display/internal/genfonts.
package fonts

//go:generate go run ../internal/genfonts -out .
