// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Aim is the part of the fleet that a rollout is for: boxes that are of one of the offices, of one of the boards, and one of those named, as far as each list says
// anything. The zero aim is the whole fleet.
type Aim struct {
	Offices []string `json:",omitempty"`
	Boards  []string `json:",omitempty"` // as boxes report them: "rpi4"
	Boxes   []string `json:",omitempty"`
}

// Everybody tells whether the aim is the whole fleet.
func (a Aim) Everybody() bool { return len(a.Offices)+len(a.Boards)+len(a.Boxes) == 0 }

// Takes tells whether a box is aimed at. One that has not said its board is of none.
func (a Aim) Takes(d Device) bool { return a.lacks(d) == "" }

// lacks is the flag that a box does not meet.
func (a Aim) lacks(d Device) string {
	for _, is := range []struct {
		flag string
		list []string
		of   string
	}{{"--office", a.Offices, d.Office}, {"--board", a.Boards, d.Board}, {"--box", a.Boxes, d.ID}} {
		if len(is.list) > 0 && !slices.Contains(is.list, is.of) {
			return is.flag
		}
	}
	return ""
}

// String names the aim: "office g03, g05; board rpi4", "all boxes".
func (a Aim) String() string {
	if a.Everybody() {
		return "all boxes"
	}
	var parts []string
	for _, p := range []struct {
		name string
		list []string
	}{{"office ", a.Offices}, {"board ", a.Boards}, {"box ", a.Boxes}} {
		if len(p.list) > 0 {
			parts = append(parts, p.name+short(p.list, 6))
		}
	}
	return strings.Join(parts, "; ")
}

// short is the first few of a list.
func short(list []string, most int) string {
	if n := len(list); n > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(list, ", ")
}

// Outsider is a box that was aimed at and that the release is not for. It counts for nothing.
type Outsider struct {
	Office string
	Board  string `json:",omitempty"` // "": not known
	Why    string // NotItsBoard, HasNewer
}

// Why a box that is aimed at is out.
const (
	NotItsBoard = "hardware" // the release runs on other boards
	HasNewer    = "older"    // it has had a later version, and the release's signers did not allow going back
)

// fits tells whether the release runs on a board. What is not known is tried: the box itself refuses what is not for it.
func (p *Plan) fits(board string) bool {
	return board == "" || len(p.Boards) == 0 || slices.Contains(p.Boards, board)
}

// choose parts those that the plan is for from those that it aims at and is not for.
func (p *Plan) choose(fleet []Device) (in []Device, out map[string]Outsider, err error) {
	if err := p.named(fleet); err != nil {
		return nil, nil, err
	}
	out = map[string]Outsider{}
	for _, d := range fleet {
		if !p.Aim.Takes(d) {
			continue
		}
		switch {
		case !p.fits(d.Board):
			out[d.ID] = Outsider{d.Office, d.Board, NotItsBoard}
		case d.Newer:
			out[d.ID] = Outsider{d.Office, d.Board, HasNewer}
		default:
			in = append(in, d)
		}
	}
	if len(in) == 0 {
		return nil, nil, errors.New("nobody is left for it" + p.nobody(out))
	}
	return in, out, nil
}

// nobody says why nobody is left.
func (p *Plan) nobody(out map[string]Outsider) string {
	switch newer, other := count(out, HasNewer), count(out, NotItsBoard); {
	case len(out) == 0:
		return ": no box is of " + p.Aim.String()
	case newer > 0:
		return fmt.Sprintf(": %d boxes have a later version (going back is signed with the release: --allow-downgrade), %d are of another board", newer, other)
	}
	return fmt.Sprintf(": it runs on %s, and the %d boxes aimed at are of other boards", strings.Join(p.Boards, ", "), len(out))
}

func count(out map[string]Outsider, why string) (n int) {
	for _, o := range out {
		if o.Why == why {
			n++
		}
	}
	return n
}

// named holds what the aim names against the fleet: a slip of the pen must not shrink a rollout without a word.
func (p *Plan) named(fleet []Device) error {
	there := map[string]map[string]bool{"office": {}, "board": {}, "box": {}}
	byID := map[string]Device{}
	for _, d := range fleet {
		there["office"][d.Office], there["box"][d.ID], byID[d.ID] = true, true, d
		if d.Board != "" {
			there["board"][d.Board] = true
		}
	}
	for _, f := range []struct {
		flag, what string
		list       []string
	}{{"--office", "office", p.Aim.Offices}, {"--board", "board", p.Aim.Boards}, {"--box", "box", p.Aim.Boxes}} {
		for i, name := range f.list {
			if !there[f.what][name] {
				return fmt.Errorf("%s %q: the fleet has none; there are: %s", f.flag, name, short(slices.Sorted(maps.Keys(there[f.what])), 12))
			}
			if slices.Contains(f.list[:i], name) {
				return fmt.Errorf("%s %q: named twice", f.flag, name)
			}
		}
	}
	for _, id := range p.Aim.Boxes {
		if flag := p.Aim.lacks(byID[id]); flag != "" {
			return fmt.Errorf("--box %s: it is not of those of %s (office %s, board %s)", id, flag, byID[id].Office, boardName(byID[id].Board))
		}
	}
	return nil
}

func boardName(board string) string {
	if board == "" {
		return "not known yet"
	}
	return board
}

// Covers tells whether a box that came later, or could not be reached, is to be brought to what the rollout has brought to the others.
func (r *Rollout) Covers(d Device) bool {
	_, out := r.Outside[d.ID]
	m := r.Members[d.ID]
	return !out && (m != nil && m.State != Unfit || m == nil && r.Plan.Aim.Takes(d) && r.Plan.fits(d.Board))
}

// Shadows tells whether every box that another rollout covers is covered by this one, too.
func (r *Rollout) Shadows(other *Rollout) bool {
	a, b := r.Plan, other.Plan
	boards := len(a.Boards) == 0 || len(b.Boards) > 0 && !slices.ContainsFunc(b.Boards, func(board string) bool { return !slices.Contains(a.Boards, board) })
	same := slices.Equal(a.Aim.Offices, b.Aim.Offices) && slices.Equal(a.Aim.Boards, b.Aim.Boards) && slices.Equal(a.Aim.Boxes, b.Aim.Boxes)
	return boards && (a.Aim.Everybody() || same)
}

// Began is when the first wave was begun; zero: not yet.
func (r *Rollout) Began() (at time.Time) {
	for _, e := range r.History {
		if e.What == "started" {
			return e.At
		}
	}
	return at
}
