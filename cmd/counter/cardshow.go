// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madoguchi/card"
)

// shownSlot is one slot of "readers".
type shownSlot struct {
	Reader   string `json:"reader"`
	Presence string `json:"presence"`
	Chosen   bool   `json:"chosen"`
	OwnPad   string `json:"own_pad"` // "none", "not_used", "not_told"
}

// ownPads are what a technician reads of a reader's own PIN pad.
var ownPads = map[string]string{
	"none":     "",
	"not_used": "has a PIN pad of its own, which is not used: PINs are typed on the box (pin_entry)",
	"not_told": "does not tell whether it has a PIN pad of its own",
}

// ownPad asks one reader.
func (t *cardTool) ownPad(ctx context.Context, reader string) string {
	ctx, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	switch p, err := t.reader.OwnPad(ctx, reader); {
	case err != nil:
		return "not_told"
	case p.Any():
		return "not_used"
	}
	return "none"
}

func (t *cardTool) readers(ctx context.Context) error {
	ev, err := t.first(ctx)
	if err != nil {
		return err
	}
	slots := t.reader.Slots()
	for _, s := range slots {
		state, mark := s.Presence.String(), "  "
		if s.Chosen {
			mark = "* "
		} else {
			state = "not_chosen"
		}
		pad := t.ownPad(ctx, s.Name)
		t.print(shownSlot{s.Name, state, s.Chosen, pad}, fmt.Sprintf("%s%-40s %-10s %s", mark, s.Name, state, ownPads[pad]))
	}
	return ev.Err
}

// shownEvent is one line of "watch".
type shownEvent struct {
	At       time.Time `json:"at"`
	Presence string    `json:"presence"`
	Cause    string    `json:"cause,omitempty"`
}

func (t *cardTool) watch(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev := <-t.reader.Events():
			s := shownEvent{At: ev.At, Presence: ev.Presence.String()}
			if ev.Err != nil {
				s.Cause = ev.Err.Error()
			}
			t.print(s, fmt.Sprintf("%s  %-10s %s", ev.At.Format("15:04:05.000"), s.Presence, s.Cause))
		}
	}
}

// shownTries is one PIN of "status".
type shownTries struct {
	Known  bool `json:"known"`
	Left   int  `json:"left"`
	Max    int  `json:"max"`
	Differ bool `json:"differ,omitempty"` // 住民基本台帳用: its two counters differ
}

// shownStatus is what "status" tells: nothing that names a person, a place or a
// card.
type shownStatus struct {
	Species      string                   `json:"species"`
	Tries        map[card.Kind]shownTries `json:"tries,omitempty"`
	Signing      bool                     `json:"signing_certificate"`
	Auth         bool                     `json:"login_certificate"`
	AuthEnds     string                   `json:"login_ends,omitempty"`
	Applications map[string]bool          `json:"applications,omitempty"`
	Odd          string                   `json:"odd,omitempty"` // an answer that was not as it should be
}

func (t *cardTool) status(ctx context.Context) error {
	l, err := t.connect(ctx)
	if err != nil {
		return err
	}
	defer l.Close()
	return t.show(l)
}

// show reads and prints the status of the card behind l, and ends its session.
func (t *cardTool) show(l card.Link) error {
	c := card.New(l)
	defer c.End()
	b, err := c.Board()
	var sw *card.StatusError
	var odd *card.MalformedError
	s := shownStatus{Species: string(b.Species), Signing: b.HasSigning, Auth: b.HasAuth}
	switch {
	case errors.As(err, &sw), errors.As(err, &odd):
		s.Odd = err.Error()
	case err != nil:
		return err
	}
	lines := []string{"card        " + s.Species}
	if b.MyNumber() {
		s.Tries = map[card.Kind]shownTries{}
		for _, k := range card.Kinds() {
			tr := b.Of(k)
			s.Tries[k] = shownTries{tr.Known, tr.Left, tr.Max, tr.Differ}
			line := fmt.Sprintf("%-11s not told", k)
			if tr.Known {
				line = fmt.Sprintf("%-11s %d of %d tries left", k, tr.Left, tr.Max)
			}
			if tr.Differ {
				line += ", its two counters differ"
			}
			lines = append(lines, line)
		}
		if !b.AuthEnds.IsZero() {
			s.AuthEnds = b.AuthEnds.Format(time.DateOnly)
		}
		lines = append(lines, fmt.Sprintf("certificates signing %s, login %s %s", yes(s.Signing), yes(s.Auth), ends(s.AuthEnds)))
	}
	apps, err := c.Applications()
	if err != nil {
		return err
	}
	s.Applications = map[string]bool{}
	for _, a := range apps {
		s.Applications[a.ID] = a.Present
		lines = append(lines, fmt.Sprintf("%-11s application %s: %s", a.ID, a.Name, yes(a.Present)))
	}
	if s.Odd != "" {
		lines = append(lines, "odd answer  "+s.Odd)
	}
	t.print(s, lines...)
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func ends(day string) string {
	if day == "" {
		return ""
	}
	return "until " + day
}
