// SPDX-License-Identifier: Apache-2.0

package display

import (
	"image"
	"testing"
)

// TestManyTries: a card may count up to 15 tries (63CF). What does not fit as dots is a number; no card makes a screen undrawable.
func TestManyTries(t *testing.T) {
	r, err := NewRenderer(image.Rect(0, 0, 400, 300))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range Langs {
		for _, k := range Kinds {
			for _, n := range []int{0, 1, 2, 3, 5, 9, 10, 15} {
				f := Facts{Kind: k, Procedure: "pin_check", Left: n, Max: max(n, 3), EndState: "none"}
				for _, row := range Kinds {
					f.Board = append(f.Board, BoardRow{Kind: row, Left: n, Max: max(n, 3), Present: true, Known: true, Differs: row == "register"})
				}
				for _, id := range []ID{IdleBoard, ResidentBoard, AboutID(k), PINID(k), LeaveID(k), ResidentWrong, ResidentUnsure, ResidentLeaveAsk, ResidentLeaveWrong} {
					if _, err := r.Render(Screen{ID: id, Lang: l, Facts: f}); err != nil {
						t.Errorf("%d tries of %s: %v", n, k, err)
					}
				}
			}
		}
	}
}
