// SPDX-License-Identifier: Apache-2.0

// Package civil holds days of the Japanese calendar as the counter counts them: no clock, no time zone, every end of validity inclusive.
// It knows the arithmetic of renewal windows (the day three calendar months before an end), of validities (the n-th birthday after an
// issue) and of ages (年齢計算ニ関スル法律, the Act on Calculation of Ages). It reads no clock: "today" is always handed in.
package civil
