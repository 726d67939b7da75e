// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"errors"
	"fmt"
)

// State is what a card keeps without power. It holds the PINs of a simulated
// card; nothing real may ever stand in it.
type State struct {
	Keys map[string]KeyState `json:"keys"` // by application and file, e.g. "d392f000260100000001:0018"
	// Files and Generations are what a simulated issuer has written: contents,
	// and how often a key file had a key generated in it. By the same names.
	Files       map[string][]byte `json:"files,omitempty"`
	Generations map[string]int    `json:"generations,omitempty"`
	Last        *record           `json:"last,omitempty"` // the operation that took effect last
}

// KeyState is one PIN and its counter.
type KeyState struct {
	PIN     string `json:"pin,omitempty"`
	Unknown bool   `json:"unknown,omitempty"` // nobody knows the PIN
	Left    int    `json:"left"`
}

// each visits every key with its name.
func (c *Card) each(visit func(name string, k *key)) {
	for _, a := range c.apps {
		for _, f := range a.files {
			if f.key != nil {
				visit(fmt.Sprintf("%x:%04X", a.aid, f.id), f.key)
			}
		}
	}
}

// written visits every file that a simulated issuer may have written.
func (c *Card) written(visit func(name string, f *file)) {
	for _, a := range c.apps {
		for _, f := range a.files {
			if f.private || f.load != nil {
				visit(fmt.Sprintf("%x:%04X", a.aid, f.id), f)
			}
		}
	}
}

// State returns what the card keeps without power.
func (c *Card) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := State{Keys: map[string]KeyState{}}
	if c.last != (record{}) {
		last := c.last
		s.Last = &last
	}
	c.each(func(name string, k *key) { s.Keys[name] = KeyState{k.pin, k.unknown, k.left} })
	c.written(func(name string, f *file) {
		if f.written != nil {
			if s.Files == nil {
				s.Files = map[string][]byte{}
			}
			s.Files[name] = append([]byte(nil), f.written...)
		}
		if f.generation > 0 {
			if s.Generations == nil {
				s.Generations = map[string]int{}
			}
			s.Generations[name] = f.generation
		}
	})
	return s
}

// Restore puts a saved state back. A state that does not fit the card changes
// nothing.
func (c *Card) Restore(s State) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := 0
	var err error
	c.each(func(name string, k *key) {
		v, ok := s.Keys[name]
		if !ok {
			return
		}
		known++
		if v.Left < 0 || v.Left > k.max {
			err = fmt.Errorf("restoring card: key %s: %d tries left of %d", name, v.Left, k.max)
		}
	})
	if (len(s.Files) > 0 || len(s.Generations) > 0 || s.Last != nil) && c.spec.Profile != SimulatedIssuer {
		return errors.New("restoring card: an issuer has written it, and this card obeys none")
	}
	if err != nil {
		return err
	}
	if known != len(s.Keys) {
		return fmt.Errorf("restoring card: %d of %d keys are not on this card", len(s.Keys)-known, len(s.Keys))
	}
	c.last = record{}
	if s.Last != nil {
		c.last = *s.Last
	}
	c.each(func(name string, k *key) {
		if v, ok := s.Keys[name]; ok {
			k.pin, k.unknown, k.left = v.PIN, v.Unknown, v.Left
			k.verified, k.asked = false, false
		}
	})
	c.written(func(name string, f *file) {
		f.written, f.generation = append([]byte(nil), s.Files[name]...), s.Generations[name]
	})
	return nil
}
