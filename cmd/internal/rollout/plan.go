// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"madoguchi/device/update"
)

// Plan is what a person draws up and another approves. It does not change once it runs.
type Plan struct {
	ID        string
	Kind      string // "firmware", "policy", "config"
	Path      string // of the released manifest
	Version   string // for people
	Author    Person
	Reason    string
	Aim       Aim      `json:",omitzero"`  // whom of the fleet it is for
	Boards    []string `json:",omitempty"` // that the release runs on, from its manifest; empty: any
	Waves     []Wave
	Order     update.Order  // window, deadline and rate of the assignments; device and wave are filled in
	Silence   time.Duration // a box that took the offer and says nothing for longer has failed; default 2 h
	Within    time.Duration // a box that lives and has not ended for so long after its offer has failed; default 72 h for firmware, which waits for its window, else 24 h
	Reachable time.Duration // a box that was not heard of for longer is not offered anything; default 1 h
	MaxRate   float64       // highest bearable failure rate: the lower end of the 90 % interval must not pass it; default 0.02
	MaxCanary int           // failures in the first two waves that stop the rollout; default 2
}

// Wave is a part of the boxes. Exactly one of Devices, Count and Percent is given.
type Wave struct {
	Name     string
	Devices  []string      // by name: the lab's twins
	Count    int           // so many more
	Percent  int           // up to this share of the boxes that the plan is for, 1–100
	Soak     time.Duration // after the last commit, before the next wave
	MinCases int           // cases that the wave's boxes must have finished on the new version
}

// DefaultWaves are twins by name if any are given, five boxes, then 10 %, 50 % and all. Firmware soaks for a day, so that a business morning lies in it.
func DefaultWaves(kind string, twins []string) []Wave {
	soak := time.Hour
	if kind == "firmware" {
		soak = 24 * time.Hour
	}
	waves := []Wave{
		{Name: "canary", Count: 5, Soak: soak, MinCases: 5},
		{Name: "10 %", Percent: 10, Soak: soak},
		{Name: "50 %", Percent: 50, Soak: soak},
		{Name: "all", Percent: 100},
	}
	if len(twins) > 0 {
		waves = append([]Wave{{Name: "lab", Devices: twins, Soak: time.Hour}}, waves...)
	}
	return waves
}

func (p *Plan) fill() error {
	p.Silence, p.Reachable = cmp.Or(p.Silence, 2*time.Hour), cmp.Or(p.Reachable, time.Hour)
	within := 24 * time.Hour
	if p.Kind == string(update.Firmware) {
		within = 72 * time.Hour
	}
	p.Within = cmp.Or(p.Within, within)
	p.MaxRate, p.MaxCanary = cmp.Or(p.MaxRate, 0.02), cmp.Or(p.MaxCanary, 2)
	switch {
	case p.ID == "" || p.Path == "" || p.Author.Name == "":
		return errors.New("plan: id, path and author must be given")
	case p.Author.By != ByAccount && p.Author.By != ByKey:
		return fmt.Errorf("plan: author %s: by %q is no proof", p.Author.Name, p.Author.By)
	case len(p.Waves) == 0:
		return errors.New("plan: no waves")
	case p.Silence < 0 || p.Reachable < 0 || p.Within < 0 || p.MaxRate < 0 || p.MaxRate >= 1 || p.MaxCanary < 1:
		return errors.New("plan: silence and reachable must be positive, max_rate between 0 and 1, max_canary at least 1")
	}
	share := 0
	for i, w := range p.Waves {
		given := 0
		for _, is := range []bool{len(w.Devices) > 0, w.Count > 0, w.Percent > 0} {
			if is {
				given++
			}
		}
		switch {
		case given != 1 || w.Count < 0 || w.Percent < 0 || w.Percent > 100:
			return fmt.Errorf("plan: wave %d (%s): give one of devices, count (from 1) and percent (1 to 100)", i+1, w.Name)
		case w.Percent > 0 && w.Percent <= share:
			return fmt.Errorf("plan: wave %d (%s): %d %% is not more than the wave before", i+1, w.Name, w.Percent)
		case w.Soak < 0 || w.MinCases < 0:
			return fmt.Errorf("plan: wave %d (%s): soak and min_cases must not be negative", i+1, w.Name)
		}
		share = max(share, w.Percent)
	}
	if share != 100 {
		return errors.New("plan: the last wave must be 100 percent")
	}
	return nil
}

// Device is a box of the fleet as city hall knows it.
type Device struct {
	ID     string
	Office string
	Board  string // "": it has not said
	Newer  bool   // it has had a later version than the release, and will refuse it
}

// New draws the waves over the boxes of the fleet that the plan aims at and that the release is for; one that no box is left for is dropped. Who is in which wave depends on the plan and the boxes' names only, never on who asks first; the boxes of a wave come from as many offices as
// there are.
func New(p Plan, fleet []Device, now time.Time) (*Rollout, error) {
	if err := p.fill(); err != nil {
		return nil, err
	}
	r := &Rollout{Plan: p, Phase: Draft, Since: now, Of: len(fleet), Members: map[string]*Member{}}
	if len(fleet) == 0 {
		return nil, errors.New("no devices")
	}
	fleet, out, err := p.choose(fleet)
	if err != nil {
		return nil, err
	}
	r.Outside = out
	for _, d := range fleet {
		if d.ID == "" || r.Members[d.ID] != nil {
			return nil, fmt.Errorf("device %q: no name, or named twice", d.ID)
		}
		r.Members[d.ID] = &Member{Office: d.Office, Board: d.Board, Wave: -1, State: Untouched}
	}
	order := draw(p.ID, fleet)
	taken := 0
	var waves []Wave
	for n, w := range p.Waves {
		i, before := len(waves), taken
		put := func(id string) {
			r.Members[id].Wave = i
			taken++
		}
		for _, id := range w.Devices {
			switch m := r.Members[id]; {
			case m == nil:
				return nil, fmt.Errorf("wave %s: device %q is none of the boxes that the plan is for (%s)", w.Name, id, p.Aim)
			case m.Wave >= 0:
				return nil, fmt.Errorf("wave %s: device %q is in wave %s, too", w.Name, id, waves[m.Wave].Name)
			}
			put(id)
		}
		until := taken
		if w.Count > 0 {
			until = taken + w.Count
		}
		if w.Percent > 0 {
			until = (len(fleet)*w.Percent + 99) / 100
		}
		for _, id := range order {
			if taken >= until {
				break
			}
			if r.Members[id].Wave < 0 && !named(p.Waves[n+1:], id) {
				put(id)
			}
		}
		if taken > before { // a wave of nobody would only be waited for: 10 % of 50 boxes are the five of the canary
			waves = append(waves, w)
		}
	}
	r.Plan.Waves = waves
	r.log(now, p.Author.String(), "drafted", p.Reason)
	return r, nil
}

func named(waves []Wave, id string) bool {
	return slices.ContainsFunc(waves, func(w Wave) bool { return slices.Contains(w.Devices, id) })
}

// draw orders the boxes: by lot, and one of each office before a second of any.
func draw(id string, fleet []Device) []string {
	type lot struct {
		Device
		turn int
		sum  [sha256.Size]byte
	}
	lots := make([]lot, len(fleet))
	for i, d := range fleet {
		lots[i] = lot{Device: d, sum: sha256.Sum256([]byte(id + "\x00" + d.ID))}
	}
	slices.SortFunc(lots, func(a, b lot) int { return slices.Compare(a.sum[:], b.sum[:]) })
	seen := map[string]int{}
	for i := range lots {
		lots[i].turn = seen[lots[i].Office]
		seen[lots[i].Office]++
	}
	slices.SortStableFunc(lots, func(a, b lot) int { return cmp.Compare(a.turn, b.turn) })
	out := make([]string, len(lots))
	for i, l := range lots {
		out[i] = l.ID
	}
	return out
}
