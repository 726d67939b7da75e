// SPDX-License-Identifier: Apache-2.0

package firmware

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"madoguchi/device/update"
)

// notes outlive a start.
type notes struct {
	Slots map[string]slotNote `json:"slots"`           // by slot
	Trial string              `json:"trial,omitempty"` // slot that was written last and has not proved itself
	Asked bool                `json:"asked,omitempty"` // the start back to the slot before was asked for
}

// slotNote is where a slot's content came from.
type slotNote struct {
	Bundle  update.Digest `json:"bundle"`
	Content string        `json:"content"` // as RAUC tells it; another one means that somebody else wrote the slot
}

// read gives the notes. Damaged ones are as none: what runs is then not known by its bundle, and is installed again.
func (s *Slots) read() (notes, error) {
	b, err := os.ReadFile(s.at(notesFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return notes{}, fmt.Errorf("reading firmware's notes: %w", err)
	}
	var n notes
	if json.Unmarshal(b, &n) != nil {
		n = notes{}
	}
	if n.Slots == nil {
		n.Slots = map[string]slotNote{}
	}
	return n, nil
}

// write replaces them, wholly or not at all.
func (s *Slots) write(n notes) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := s.replace(b); err != nil {
		return fmt.Errorf("writing firmware's notes: %w", err)
	}
	return nil
}

func (s *Slots) replace(b []byte) error {
	tmp := s.at(notesFile + ".new")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, s.at(notesFile)); err != nil {
		return err
	}
	dir, err := os.Open(s.o.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
