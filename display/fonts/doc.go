// SPDX-License-Identifier: Apache-2.0

// Package fonts holds the glyphs that the panel shows, as one-bit pictures made ahead of time: one file for each size, N.bin with N the
// height of a cell in pixels. They are BIZ UDGothic Bold (Morisawa, SIL Open Font License 1.1, OFL.txt), a universal-design gothic whose
// digits and capitals are easily told apart, with Noto Sans CJK for what it lacks. Every size holds the runes of the catalogue; sizes 24,
// 32 and 40 also hold ASCII and all of JIS X 0208, for texts that arrive from outside: the name of an office, the words of a policy.
//
// A file is deflated in blocks of 64 glyphs, those of the catalogue first, so that a screen inflates a few blocks and never the whole file.
// The package parses no font, shapes no text and knows no layout. The files are made by display/internal/genfonts.
package fonts

//go:generate go run ../internal/genfonts -out .
