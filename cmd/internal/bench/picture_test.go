// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/display"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// pictures is where the decoded pictures of the panel are kept for who wants to look.
var pictures = filepath.Join(top, "dist/bench")

// savePicture writes what an eye sees on the panel now.
func (m *machine) savePicture(name string) { save(m.t, m.board.Panel, name) }

func save(t testing.TB, panel *epdtest.Emulator, name string) {
	t.Helper()
	must(t, os.MkdirAll(pictures, 0o755))
	f, err := os.Create(filepath.Join(pictures, name))
	must(t, err)
	must(t, png.Encode(f, panel.Snapshot()))
	must(t, f.Close())
}

// shows waits until the glass shows one of these screens, as the renderer draws it, and tells which.
func (m *machine) shows(screens ...display.Screen) int {
	m.t.Helper()
	r, err := display.NewRenderer(m.board.Panel.Bounds())
	must(m.t, err)
	var want []*mono.Image
	for _, s := range screens {
		p, err := r.Render(s)
		must(m.t, err)
		want = append(want, p)
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		got := m.board.Panel.Glass()
		for i, w := range want {
			if got.Equal(w) {
				return i
			}
		}
		if time.Now().After(end) {
			m.fail("the panel does not show %s (%s)", screens[0].ID, pictures)
		}
	}
}

// atRest are the idle screens with a line to city hall and without, and so many records that wait.
func atRest(office, release string, queue int) (up, down display.Screen) {
	s := display.Screen{ID: display.Idle, Lang: display.Japanese, Facts: display.Facts{Office: office, Date: display.Date(time.Now().Format(time.DateOnly)), Link: "up", Queue: queue, Release: release}}
	d := s
	d.Facts.Link = "down"
	return s, d
}
