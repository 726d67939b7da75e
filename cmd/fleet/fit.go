// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// fit breaks a text's long lines between words, so that a terminal does not break them where it likes, and leaves out of the middle what does not fit its height: a
// screen that scrolls cannot be drawn over. With 0 rows nothing is left out. A line that goes on is set in by as much as the one that it belongs to, and two more.
func fit(text string, columns, rows int) string {
	var out []string
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		out = append(out, broken(line, columns)...)
	}
	if most := max(rows-1, 2); rows > 0 && len(out) > most { // the cursor rests below
		last := min(3, most/3) // what to do next
		out = append(append(out[:most-1-last:most-1-last], "…"), out[len(out)-last:]...)
	}
	return strings.Join(out, "\n") + "\n"
}

// broken is a line as lines of at most so many columns.
func broken(line string, columns int) (out []string) {
	in := strings.Repeat(" ", min(len(line)-len(strings.TrimLeft(line, " "))+2, columns/2))
	for cells(line) > columns {
		at, wide, space := 0, 0, 0
		for i, r := range line {
			if wide += cell(r); wide > columns {
				break
			}
			if at = i + len(string(r)); r == ' ' && strings.TrimSpace(line[:i]) != "" {
				space = i
			}
		}
		if space > 0 {
			at = space
		}
		out = append(out, strings.TrimRight(line[:at], " "))
		line = in + strings.TrimLeft(line[at:], " ")
	}
	return append(out, line)
}

// cells is how many columns a text takes.
func cells(s string) (n int) {
	for _, r := range s {
		n += cell(r)
	}
	return n
}

// cell is 2 for what East Asian fonts draw wide.
func cell(r rune) int {
	switch {
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6:
		return 2
	}
	return 1
}
