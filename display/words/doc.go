// SPDX-License-Identifier: Apache-2.0

// Package words is the catalogue of every text the counter device shows, one TOML file for each language, read by go-i18n. Japanese is
// written first: plain and polite, one thought for each line, as a counter would say it; the others say the same. The PIN kinds carry the
// names that Japanese cities print on their papers (J-LIS, www2.jpki.go.jp/procedure/password.html) together with their use.
//
// In a text, "|" marks where a line may be broken, a new line where it must be; Japanese breaks nowhere else unless a piece is wider than
// the panel. A language that lacks a text is an error, never a fall-back to another language: a resident who reads no Japanese
// would be left with a screen that looks right to everybody else. Residents' texts exist in every language. Those for clerks and
// technicians alone (clerk.go) exist in Japanese and English; their screens are Japanese where the box speaks another language.
//
// ja_easy is やさしい日本語 as the guide-lines of the Immigration Services Agency have it: short sentences, a space between phrases, kana,
// no keigo, "〜てください". The names of the PINs stay in kanji there, as they stand on the paper; the reading is over them.
//
// The package does not draw, does not choose the language and knows no facts but those it is given.
package words
