// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// pictures is where the decoded pictures of the panel are kept for who wants to look.
var pictures = filepath.Join(top, "dist/bench")

// savePicture writes what an eye sees on the panel once its refresh is over.
func (m *machine) savePicture(name string) {
	m.t.Helper()
	for end := time.Now().Add(10 * time.Second); m.board.Panel.Busy() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	save(m.t, m.board.Panel, name)
}

func save(t testing.TB, panel *epdtest.Emulator, name string) {
	t.Helper()
	must(t, os.MkdirAll(pictures, 0o755))
	f, err := os.Create(filepath.Join(pictures, name))
	must(t, err)
	must(t, png.Encode(f, panel.Snapshot()))
	must(t, f.Close())
}

// glass is what stands on the panel when it is finished.
func (m *machine) glass() *mono.Image { return m.board.Panel.Glass() }

// shows waits until the glass shows one of these screens, as the renderer draws it, and tells which.
func (m *machine) shows(screens ...display.Screen) int {
	m.t.Helper()
	return m.showsOf(func() []display.Screen { return screens })
}

// showsOf is shows for screens that change by themselves: they hold today's date.
func (m *machine) showsOf(screens func() []display.Screen) int {
	m.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		all := screens()
		if i := m.which(all); i >= 0 {
			return i
		}
		m.lives()
		if time.Now().After(end) {
			m.fail("the panel does not show %s (%s)", all[0].ID, pictures)
		}
	}
}

// which tells which of these screens the glass shows; -1: none.
func (m *machine) which(screens []display.Screen) int {
	m.t.Helper()
	got := m.glass()
	for i, s := range screens {
		if got.Equal(m.drawn(s)) {
			return i
		}
	}
	return -1
}

// drawn is a screen's picture. Each is drawn once.
func (m *machine) drawn(s display.Screen) *mono.Image {
	m.t.Helper()
	key := fmt.Sprintf("%+v", s)
	if p, ok := m.drawings[key]; ok {
		return p
	}
	r, err := display.NewRenderer(m.board.Panel.Bounds())
	must(m.t, err)
	p, err := r.Render(s)
	must(m.t, err)
	m.drawings[key] = p
	return p
}

// atRest is the idle screen of today.
func atRest(c device.Config, up bool, queue int) display.Screen {
	link := "down"
	if up {
		link = "up"
	}
	return display.Screen{ID: display.Idle, Lang: display.Japanese, Facts: display.Facts{Office: c.Office, Date: display.DateOf(time.Now()), Link: link, Queue: queue, Release: c.Release}}
}

// atRests are the idle screens that the machine may show: with and without a line, with nothing that waits for city hall and with one record.
func atRests(c device.Config) []display.Screen {
	return []display.Screen{atRest(c, true, 0), atRest(c, false, 0), atRest(c, true, 1), atRest(c, false, 1)}
}

// rests waits for the idle screen with a line to city hall or without, and so many records that wait.
func (m *machine) rests(up bool, queue int) {
	m.t.Helper()
	m.showsOf(func() []display.Screen { return []display.Screen{atRest(m.config, up, queue)} })
}

// idle tells whether the machine is at rest.
func (m *machine) idle() bool { return m.which(atRests(m.config)) >= 0 }
