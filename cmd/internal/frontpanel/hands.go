// SPDX-License-Identifier: Apache-2.0

package frontpanel

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"madoguchi/pinpad"
)

// done is the answer to a call that was done.
type done struct {
	OK bool `json:"ok"`
}

const (
	keyExample    = `{"key":"5"}, {"key":"clear","hold_ms":2100}, {"down":["1","5"]} or {"up":["1"]}`
	cardExample   = `{"insert":"<id>"}, {"remove":true} or {"fresh":"<id>"}`
	upExample     = `{"up":true} or {"up":false}`
	cutExample    = `{"cut":true} or {"cut":false}`
	lidExample    = `{"open":true}`
	issuerExample = `{"release":"0417"} or {"refuse":"0417","by":"B"}`
	clockExample  = `{"advance":"90s"}`
)

// Limits of what hands do.
const (
	maxHold    = 60 * time.Second     // longer than any long press
	maxAdvance = 366 * 24 * time.Hour // a year at a time
)

func (s *server) key(w http.ResponseWriter, r *http.Request) error {
	var c struct {
		Key    *string  `json:"key"`
		HoldMS *int64   `json:"hold_ms"`
		Down   []string `json:"down"`
		Up     []string `json:"up"`
	}
	if err := read(w, r, &c, keyExample); err != nil {
		return err
	}
	n := 0
	for _, given := range []bool{c.Key != nil, c.Down != nil, c.Up != nil} {
		if given {
			n++
		}
	}
	if n != 1 {
		return bad("body", fmt.Sprintf("%d of key, down and up given", n), "send exactly one: "+keyExample)
	}
	if c.HoldMS != nil && (c.Key == nil || *c.HoldMS < 0 || *c.HoldMS > maxHold.Milliseconds()) {
		return bad("hold_ms", "stands without key, or outside 0 to "+fmt.Sprint(maxHold.Milliseconds()), "send "+keyExample)
	}
	if c.Key != nil {
		k, err := keyOf("key", *c.Key)
		if err != nil {
			return err
		}
		var hold time.Duration
		if c.HoldMS != nil {
			hold = time.Duration(*c.HoldMS) * time.Millisecond
		}
		s.world.Press(r.Context(), k, hold)
		answer(w, http.StatusOK, done{true})
		return nil
	}
	down, err := keysOf("down", c.Down)
	if err != nil {
		return err
	}
	up, err := keysOf("up", c.Up)
	if err != nil {
		return err
	}
	s.world.Move(r.Context(), down, up)
	answer(w, http.StatusOK, done{true})
	return nil
}

func keysOf(where string, names []string) ([]pinpad.Key, error) {
	if names != nil && len(names) == 0 {
		return nil, bad(where, "empty", "name at least one key")
	}
	keys := make([]pinpad.Key, len(names))
	for i, n := range names {
		k, err := keyOf(fmt.Sprintf("%s[%d]", where, i), n)
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return keys, nil
}

func keyOf(where, name string) (pinpad.Key, error) {
	k, err := pinpad.ParseKey(name)
	if err != nil {
		return 0, bad(where, fmt.Sprintf("no key %.20q", name), "use 0 to 9, cancel, clear, enter, up, down or menu")
	}
	return k, nil
}

func (s *server) card(w http.ResponseWriter, r *http.Request) error {
	var c struct {
		Insert *string `json:"insert"`
		Remove *bool   `json:"remove"`
		Fresh  *string `json:"fresh"`
	}
	if err := read(w, r, &c, cardExample); err != nil {
		return err
	}
	n := 0
	for _, given := range []bool{c.Insert != nil, c.Remove != nil, c.Fresh != nil} {
		if given {
			n++
		}
	}
	if n != 1 {
		return bad("body", fmt.Sprintf("%d of insert, remove and fresh given", n), "send exactly one: "+cardExample)
	}
	var err error
	switch {
	case c.Remove != nil && !*c.Remove:
		return bad("remove", "false", `send {"remove":true}`)
	case c.Remove != nil:
		err = s.world.Remove()
	case c.Insert != nil:
		if err := s.hasCard("insert", *c.Insert); err != nil {
			return err
		}
		err = s.world.Insert(*c.Insert)
	default:
		if err := s.hasCard("fresh", *c.Fresh); err != nil {
			return err
		}
		err = s.world.Fresh(*c.Fresh)
	}
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, done{true})
	return nil
}

func (s *server) hasCard(where, id string) error {
	if s.world.HasCard(id) {
		return nil
	}
	var ids []string
	for _, c := range s.world.Cards() {
		ids = append(ids, c.ID)
	}
	return bad(where, fmt.Sprintf("no card %.40q", id), "use one of "+strings.Join(ids, ", "))
}

// up reads {"up":bool}.
func up(w http.ResponseWriter, r *http.Request) (bool, error) {
	var c struct {
		Up *bool `json:"up"`
	}
	if err := read(w, r, &c, upExample); err != nil {
		return false, err
	}
	if c.Up == nil {
		return false, bad("up", "missing", "send "+upExample)
	}
	return *c.Up, nil
}

func (s *server) line(w http.ResponseWriter, r *http.Request) error {
	u, err := up(w, r)
	if err != nil {
		return err
	}
	s.world.SetLine(u)
	answer(w, http.StatusOK, done{true})
	return nil
}

func (s *server) broker(w http.ResponseWriter, r *http.Request) error {
	u, err := up(w, r)
	if err != nil {
		return err
	}
	if err := s.world.SetBroker(u); err != nil {
		return err
	}
	answer(w, http.StatusOK, done{true})
	return nil
}

func (s *server) power(w http.ResponseWriter, r *http.Request) error {
	var c struct {
		Cut *bool `json:"cut"`
	}
	if err := read(w, r, &c, cutExample); err != nil {
		return err
	}
	if c.Cut == nil {
		return bad("cut", "missing", "send "+cutExample)
	}
	if err := s.world.SetPower(!*c.Cut); err != nil {
		return err
	}
	answer(w, http.StatusOK, done{true})
	return nil
}

func (s *server) lid(w http.ResponseWriter, r *http.Request) error {
	var c struct {
		Open *bool `json:"open"`
	}
	if err := read(w, r, &c, lidExample); err != nil {
		return err
	}
	if c.Open == nil {
		return bad("open", "missing", "send "+lidExample)
	}
	if err := s.world.SetLid(*c.Open); err != nil {
		return err
	}
	answer(w, http.StatusOK, done{true})
	return nil
}

func (s *server) clock(w http.ResponseWriter, r *http.Request) error {
	var c struct {
		Advance *string `json:"advance"`
	}
	if err := read(w, r, &c, clockExample); err != nil {
		return err
	}
	if c.Advance == nil {
		return bad("advance", "missing", "send "+clockExample)
	}
	d, err := time.ParseDuration(*c.Advance)
	if err != nil {
		return bad("advance", fmt.Sprintf("%.30q is no span of time", *c.Advance), `write it like "90s", "15m" or "24h"`)
	}
	if d <= 0 || d > maxAdvance {
		return bad("advance", fmt.Sprintf("%v is not above 0 and at most %v", d, maxAdvance), "the clock runs forward only")
	}
	if err := s.world.Advance(d); err != nil {
		return err
	}
	answer(w, http.StatusOK, done{true})
	return nil
}
