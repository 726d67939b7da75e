// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net/http"
	"time"

	"madoguchi/cmd/internal/wire"
	"madoguchi/display/epd"
	"madoguchi/display/mono"
	"madoguchi/pinpad"
)

// ConflictError is a thing that a hand cannot do as the world stands.
type ConflictError struct {
	What string // what stands in the way
	Do   string // what to do about it
}

func (e *ConflictError) Error() string { return e.What + ": " + e.Do }

// Panel returns the glass as an eye sees it now.
func (w *World) Panel() image.Image { return w.panel.Snapshot() }

// PanelBanks returns what the panel's memory holds.
func (w *World) PanelBanks() []*mono.Image {
	banks := []byte{0x24, 0x26}
	if w.opts.Model == epd.Model7in5 {
		banks = []byte{0x13, 0x10}
	}
	var out []*mono.Image
	for _, b := range banks {
		out = append(out, w.panel.Bank(b))
	}
	return out
}

// PanelFaults returns what the box did to the panel that it must not do. What is on its way to the panel gets a few seconds.
func (w *World) PanelFaults() []string { return w.panel.Settled(5 * time.Second) }

// Press presses a key, holds it for at least hold and lets it go. It returns
// when the box has felt it.
func (w *World) Press(ctx context.Context, k pinpad.Key, hold time.Duration) {
	defer w.tellSwitches()
	w.finger.press(ctx, k, hold)
}

// Move puts fingers on keys and takes others away, all at one moment.
func (w *World) Move(ctx context.Context, down, up []pinpad.Key) {
	var d, u uint16
	for _, k := range down {
		d |= k.Bit()
	}
	for _, k := range up {
		u |= k.Bit()
	}
	defer w.tellSwitches()
	w.finger.move(ctx, d, u)
}

// Cards returns the sample cards.
func (w *World) Cards() []Card { return w.pocket.list() }

// HasCard reports whether there is a sample card of that id.
func (w *World) HasCard(id string) bool { return w.pocket.has(id) }

// Insert puts a sample card into the slot.
func (w *World) Insert(id string) error {
	if w.opts.Card == CardPCSC {
		return &ConflictError{"a real card reader is in use", "put the card into the reader, or start without --card pcsc"}
	}
	defer w.tellSwitches()
	return slotError(w.pocket.insert(id))
}

// Remove takes the card out of the slot.
func (w *World) Remove() error {
	if w.opts.Card == CardPCSC {
		return &ConflictError{"a real card reader is in use", "take the card out of the reader"}
	}
	defer w.tellSwitches()
	return slotError(w.pocket.remove())
}

// Fresh makes a sample card new, with all tries and its first PINs.
func (w *World) Fresh(id string) error {
	defer w.tellSwitches()
	if err := w.pocket.refresh(id); err != nil {
		return slotError(err)
	}
	return w.suspend(context.Background(), id)
}

func slotError(err error) error {
	switch {
	case errors.Is(err, errTaken):
		return &ConflictError{errTaken.Error(), `remove it first: {"remove":true}`}
	case errors.Is(err, errEmpty):
		return &ConflictError{errEmpty.Error(), `insert one first: {"insert":"<id>"}`}
	}
	return err
}

// SetLine cuts the network between the box and the broker, or mends it.
func (w *World) SetLine(up bool) {
	w.line.set(up)
	w.tellSwitches()
}

// SetBroker takes the broker down or brings it back.
func (w *World) SetBroker(up bool) error {
	if w.broker == nil {
		return &ConflictError{"the broker is not the simulator's own", "switch it where it runs, or start without --broker"}
	}
	defer w.tellSwitches()
	if err := w.broker.SetUp(up); err != nil {
		return fmt.Errorf("switching broker: %w", err)
	}
	return nil
}

// SetLid opens the lid of the box, or closes it.
func (w *World) SetLid(open bool) error {
	defer w.tellSwitches()
	return w.toBox("moving the lid", func() { w.lidOpen = open }, func(box *wire.World) error { return box.Lid(open) })
}

// toBox changes something and tells the box, if there is one. w.mu is held, so
// that a box that boots meanwhile is told once: by its hello or by this.
func (w *World) toBox(what string, change func(), tell func(*wire.World) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	if w.box == nil {
		return nil
	}
	w.box.mu.Lock()
	defer w.box.mu.Unlock()
	if w.box.wire == nil {
		return nil
	}
	if err := tell(w.box.wire); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Advance moves the box's clock forward.
func (w *World) Advance(d time.Duration) error {
	defer w.tellSwitches()
	return w.toBox("moving the box's clock", func() { w.ahead += d }, func(box *wire.World) error { return box.Clock(w.ahead) })
}

// CityHall is city hall's page with its JSON.
func (w *World) CityHall() http.Handler { return w.page }

// Data is the folder in which the world lives.
func (w *World) Data() string { return w.folder.path }
