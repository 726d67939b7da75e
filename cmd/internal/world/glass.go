// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"time"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// newPanel returns the emulated panel of a model, with the picture that was left on it.
func newPanel(f *folder, model epd.Model, tune func(*epdtest.Opts)) (*epdtest.Emulator, error) {
	opts := epdtest.Opts{Glass: loadGlass(f, model.Bounds())}
	if tune != nil {
		tune(&opts)
	}
	switch model {
	case epd.Model4in2:
		return epdtest.NewSSD1683(&opts), nil
	case epd.Model7in5:
		return epdtest.NewUC8179(&opts), nil
	}
	return nil, fmt.Errorf("panel %q: choose one of %v", model, epd.Models)
}

// loadGlass returns the picture that was left on a panel of this size, nil for white.
func loadGlass(f *folder, bounds image.Rectangle) *mono.Image {
	data, err := os.ReadFile(f.file("glass"))
	if err != nil {
		return nil
	}
	m := mono.New(bounds.Dx(), bounds.Dy())
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
