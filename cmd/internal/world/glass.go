// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// loadGlass returns the picture that was left on the panel, nil for white.
func loadGlass(f *folder) *mono.Image {
	data, err := os.ReadFile(f.file("glass"))
	if err != nil {
		return nil
	}
	m := mono.New(epdtest.Width, epdtest.Height)
	if len(data) != len(m.Pix) {
		return nil
	}
	copy(m.Pix, data)
	return m
}

// watchGlass tells every change of the glass until the world ends, and keeps
// the picture when it has come to rest.
func (w *World) watchGlass() {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-w.ended:
			return
		case <-w.panel.Changed():
			rest.Reset(w.opts.Quiet)
			w.moving(true)
		case <-rest.C:
			w.moving(false)
			if err := w.folder.write("glass", w.panel.Glass().Pix); err != nil && !errors.Is(err, fs.ErrNotExist) {
				w.log.Warn("keeping the picture on the glass", "err", err)
			}
		}
	}
}

// moving notes whether the glass is being redrawn.
func (w *World) moving(now bool) {
	w.mu.Lock()
	changed := w.refreshing != now
	w.refreshing = now
	w.mu.Unlock()
	w.hub.tell(Event{"panel", PanelEvent{Busy: now}})
	if changed {
		w.tellState()
	}
}

// PanelEvent says that the glass has changed; Busy, that it goes on changing.
type PanelEvent struct {
	Busy bool `json:"busy"`
}
