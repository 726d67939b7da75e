// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"sync"

	"madoguchi/card/simcard"
)

// keptCard is a card whose memory is a file, as a real card's is its chip: it
// is written before the answer goes out, so that no cut gives a try back.
type keptCard struct {
	*simcard.Card
	path string

	mu   sync.Mutex
	last simcard.State
}

// keep reads the card's file, if there is one; path "" keeps nothing.
func keep(c *simcard.Card, path string) (*keptCard, error) {
	k := &keptCard{Card: c, path: path}
	if path == "" {
		return k, nil
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := k.write(c.State()); err != nil { // say now that it cannot be written
			return nil, err
		}
	case err != nil:
		return nil, fmt.Errorf("reading the card's memory: %w", err)
	default:
		var s simcard.State
		if err := json.Unmarshal(data, &s); err != nil {
			return nil, fmt.Errorf("reading %s: %w; remove it to have a fresh card", path, err)
		}
		if err := c.Restore(s); err != nil {
			return nil, fmt.Errorf("reading %s: %w; remove it to have a fresh card", path, err)
		}
	}
	k.last = c.State()
	return k, nil
}

// Transmit implements the readers' card.
func (k *keptCard) Transmit(apdu []byte) ([]byte, error) {
	resp, err := k.Card.Transmit(apdu)
	if k.path == "" {
		return resp, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.State()
	if reflect.DeepEqual(now, k.last) {
		return resp, err
	}
	if err := k.write(now); err != nil {
		return nil, err
	}
	k.last = now
	return resp, err
}

// write replaces the file as a whole.
func (k *keptCard) write(s simcard.State) error {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("keeping the card's memory: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(k.path), ".card-*")
	if err != nil {
		return fmt.Errorf("keeping the card's memory: %w", err)
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.Write(append(data, '\n'))
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), k.path)
	}
	if err != nil {
		return fmt.Errorf("keeping the card's memory: %w", err)
	}
	return nil
}
