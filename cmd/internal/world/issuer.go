// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"madoguchi/cmd/internal/authority"
	"madoguchi/device"
	"madoguchi/sync/issuer"
)

// Waiting is an operation of the simulated issuer that waits for a second person.
type Waiting struct {
	Number    string `json:"number"`    // four digits, as on the box's screen
	Operation string `json:"operation"` // "pin_reset"
	Kind      string `json:"kind"`      // "login"; "none"
}

// lookEvery is how often the issuer's book is looked at for who waits.
const lookEvery = 500 * time.Millisecond

// buildIssuer makes the simulated issuer beside city hall: its book, the box's
// place in it, the demo's clerks as second persons, and the suspended cards.
func (w *World) buildIssuer(ctx, run context.Context, broker, password string) error {
	seed, err := authority.OpenSeed(w.folder.path)
	if err != nil {
		return err
	}
	a, err := authority.Open(ctx, w.folder.file("issuer.db"), authority.Opts{City: w.city.code(), Seed: seed, Now: w.Clock})
	if err != nil {
		return err
	}
	w.authority = a
	key, err := device.IssuerKey(w.folder.file("box"))
	if err != nil {
		return err
	}
	if err := a.AddBox(ctx, w.device, key.Public().(ed25519.PublicKey)); err != nil {
		return err
	}
	for _, c := range clerks {
		if err := a.SetReleaser(ctx, c.Label, c.Code); err != nil {
			return err
		}
	}
	if err := w.suspend(ctx, ""); err != nil {
		return err
	}
	w.wait.Go(func() {
		if err := a.Line(run, authority.LineOpts{Broker: broker, Password: password, Log: w.log}); err != nil {
			w.log.Error("issuer link", "err", err)
		}
	})
	w.wait.Go(w.watchIssuer)
	return nil
}

// suspend lets the holders of suspended sample cards telephone; id "" means all whose card is fresh.
func (w *World) suspend(ctx context.Context, id string) error {
	if w.authority == nil { // a world beside another has none
		return nil
	}
	for _, n := range w.pocket.suspended(id) {
		if err := w.authority.SetSuspended(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// issuerKeys are the authority's public keys as the box's configuration has them.
func (w *World) issuerKeys() (sign, seal string) {
	if w.authority == nil { // a world beside another has none
		return "", ""
	}
	s, k := w.authority.Keys()
	return base64.StdEncoding.EncodeToString(s), base64.StdEncoding.EncodeToString(k[:])
}

// Waiting lists the operations that wait for a second person.
func (w *World) Waiting(ctx context.Context) ([]Waiting, error) {
	if w.authority == nil {
		return nil, nil
	}
	book, err := w.authority.Book(ctx, issuer.Waiting)
	if err != nil {
		return nil, err
	}
	out := []Waiting{}
	for _, e := range book {
		out = append(out, Waiting{fmt.Sprintf("%04d", e.Check()), e.Open.Order.Operation.String(), e.Open.Order.Kind.String()})
	}
	return out, nil
}

// Release is the word of a second person on the operation that shows number. by
// names a clerk of the demo; "" takes one who did not open the case.
func (w *World) Release(ctx context.Context, number uint16, by string, yes bool) error {
	err := error(&ConflictError{fmt.Sprintf("there is no clerk %q", by), "take a clerk of the demo"})
	for i := len(clerks) - 1; i >= 0; i-- {
		c := clerks[i]
		if by != "" && by != c.Label {
			continue
		}
		err = w.authority.Release(ctx, number, c.Label, c.Code, yes)
		if err == nil || errors.Is(err, authority.ErrNothing) {
			break
		}
	}
	switch {
	case err == nil:
		w.lookIssuer()
		return nil
	case errors.Is(err, authority.ErrNothing):
		return &ConflictError{authority.ErrNothing.Error(), "look at the number on the box's screen"}
	default:
		return &ConflictError{err.Error(), "let another clerk release it"}
	}
}

// watchIssuer tells who waits, while the world stands.
func (w *World) watchIssuer() {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-w.ended:
			return
		case <-t.C:
			w.lookIssuer()
		}
	}
}

// lookIssuer tells the page when the list has changed.
func (w *World) lookIssuer() {
	now, err := w.Waiting(context.Background())
	if err != nil {
		w.log.Warn("issuer's book", "err", err)
		return
	}
	said := fmt.Sprint(now)
	w.mu.Lock()
	changed := said != w.waited
	w.waited, w.waiting = said, now
	w.mu.Unlock()
	if changed {
		w.tellSwitches()
	}
}
