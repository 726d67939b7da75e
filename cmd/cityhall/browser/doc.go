// SPDX-License-Identifier: Apache-2.0

// Package browser tries city hall's pages in Chromium: what a person sees at a
// wide and a narrow window, in both languages and on paper, and that nothing is
// asked for from elsewhere. It is tests only.
package browser
