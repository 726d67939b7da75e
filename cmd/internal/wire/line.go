// SPDX-License-Identifier: Apache-2.0

package wire

import "fmt"

// Line is an output of the box that the world can see or feel.
type Line uint8

// The lines, named as on the board (GPIO numbers are those of the real box).
const (
	LineReset  Line = iota // panel RST, GPIO 17; low holds the controller
	LinePower              // panel PWR, GPIO 18; high powers the panel
	LineRed                // lamp, GPIO 22
	LineYellow             // lamp, GPIO 23
	LineGreen              // lamp, GPIO 27
	LineBuzzer             // buzzer, GPIO 12; high while it sounds
	lineCount
)

var lineNames = [lineCount]string{"RST", "PWR", "RED", "YELLOW", "GREEN", "BUZZER"}

// String is the name printed on the board.
func (l Line) String() string {
	if l < lineCount {
		return lineNames[l]
	}
	return fmt.Sprintf("Line(%d)", uint8(l))
}

// panel reports whether the line reaches the panel, whose BUSY may follow.
func (l Line) panel() bool { return l == LineReset || l == LinePower }
