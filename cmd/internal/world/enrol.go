// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/registrar"
	"madoguchi/sync/enrol"
)

// Letter is what the service person at a new box has on paper: it came by another way than the card.
type Letter struct {
	Words       [3]string `json:"words"`
	Fingerprint string    `json:"fingerprint"`
	Code        string    `json:"code"`
}

// letterLife is how long the demo's provisioning file is good.
const letterLife = 7 * 24 * time.Hour

// buildRegistrar opens the city's authority, whose key is drawn with the first world of a folder, as "fleet keys new" does.
func (w *World) buildRegistrar(d *depot.Depot) (*registrar.Registrar, error) {
	path := keyFile(d.Keys(), "authority", 1)
	name := d.Keys() + "/authority.pem"
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = w.newAuthority(path, name); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening city's authority: %w", err)
	}
	block, _ := pem.Decode(text)
	key, err := depot.ReadKey(path, nil)
	if err != nil {
		return nil, err
	}
	private, ok := key.(ed25519.PrivateKey)
	if block == nil || !ok {
		return nil, fmt.Errorf("opening city's authority: %s is none", name)
	}
	return registrar.New(block.Bytes, private, w.store, w.Clock)
}

func (w *World) newAuthority(path, name string) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("drawing key: %w", err)
	}
	defer clear(key)
	der, err := registrar.NewAuthority(w.city.code(), key, w.Clock())
	if err != nil {
		return nil, err
	}
	if err := depot.WriteKey(path, key, "", 0); err != nil {
		return nil, err
	}
	text := enrol.PEM(der)
	return text, os.WriteFile(name, text, 0o644)
}

// provision puts a card with a provisioning file into a new box, once: both programs find their copy, as the unit that reads the card leaves it. What the letter says is kept for
// whoever opens the page.
func (w *World) provision(ctx context.Context, reg *registrar.Registrar, d *depot.Depot, root []byte) error {
	text, err := os.ReadFile(w.folder.file("letter.json"))
	if err == nil {
		l := new(Letter)
		err := json.Unmarshal(text, l)
		w.write(l)
		return err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading letter: %w", err)
	}
	key, err := w.folder.signKey()
	if err != nil {
		return err
	}
	log, err := w.logKey()
	if err != nil {
		return err
	}
	hash, err := clerks[0].hash()
	if err != nil {
		return err
	}
	f := enrol.File{City: d.City(), Device: w.device, Office: w.office.Group, Name: w.office.Name.JA, Place: w.office.ID, Broker: w.opts.brokerName(), Root: root, LogKey: log,
		AckKey: key.Public().(ed25519.PublicKey), Panel: string(w.opts.Model), Label: clerks[0].Label, Clerk: string(hash)}
	sealed, whole, code, err := reg.Provision(ctx, f, letterLife)
	if err != nil {
		return err
	}
	p := whole.Print()
	l := &Letter{p.Words, p.Hex, code}
	w.write(l)
	if text, err = json.Marshal(l); err != nil {
		return fmt.Errorf("writing letter: %w", err)
	}
	if err := os.MkdirAll(w.folder.file("link"), 0o700); err != nil {
		return fmt.Errorf("putting the card in: %w", err)
	}
	for _, name := range []string{"link/" + enrol.FileName, "box/" + enrol.FileName, "letter.json"} { // the letter last: without it the card is made anew
		b := sealed
		if name == "letter.json" {
			b = text
		}
		if err := w.folder.write(name, b); err != nil {
			return err
		}
	}
	return nil
}

// brokerName is the broker as the provisioning file has it; the simulated line goes to it whatever its port is today.
func (o Opts) brokerName() string {
	if o.Broker != "" {
		return o.Broker
	}
	return "tcp://127.0.0.1:1883"
}

// Letter is that of a new box; nil: the box was never new.
func (w *World) Letter() *Letter {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.letter
}

func (w *World) write(l *Letter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letter = l
}

// recard puts a new card into a box that was wiped, before it gets its power: with another id, for none is used twice.
func (w *World) recard() error {
	if _, err := os.Stat(w.folder.file("box", enrol.WipedFile)); err != nil || w.newCard == nil {
		return nil // as it was, also if nobody can tell
	}
	for _, name := range []string{"device", "letter.json"} {
		if err := os.Remove(w.folder.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("putting a new card in: %w", err)
		}
	}
	id, err := w.folder.device()
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.device = id
	w.mu.Unlock()
	if err := w.newCard(context.Background()); err != nil {
		return err
	}
	return os.Remove(w.folder.file("box", enrol.WipedFile)) // the last, or a power cut in here would leave a box without a card
}
