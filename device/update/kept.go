// SPDX-License-Identifier: Apache-2.0

package update

import (
	"encoding/json"
	"fmt"
)

// Names in the Store beside the metadata's.
const (
	keptAgent   = "agent"
	keptDesired = "desired"
)

// State is where the agent stands.
type State string

// The states. Committed is said by the version that runs, after its trial, and by nothing else.
const (
	Idle       State = "idle"
	Fetching   State = "fetching"
	Waiting    State = "waiting" // for the window, and for the counter to be quiet
	Installing State = "installing"
	Rebooting  State = "rebooting"
	Trial      State = "trial"
	Committed  State = "committed"
	Reverted   State = "reverted" // Code says why
	Failed     State = "failed"   // Code says why; nothing was changed
)

// Status is what the box reports of its updates: the field "update" of its state document.
type Status struct {
	State     State              `json:"state"`
	Kind      Kind               `json:"kind,omitempty"`    // empty: the assignment as a whole
	Version   string             `json:"version,omitempty"` // the one in work
	Code      string             `json:"code,omitempty"`    // stable: "metadata", "assignment", "manifest", "refused.…", "space", "budget", "gone", "line", "payload", "check", "install", "activate", "health", "boots", "fell_back", "commit", "attempts", "storage", "restart", "revert", "withdrawn"; "….late": a step did not end in time
	Detail    string             `json:"detail,omitempty"`  // of Code, for people: printable ASCII, at most 180 bytes; firmware only
	Percent   int                `json:"percent,omitempty"` // of Installing firmware: 25, 50, 75, 100
	Gen       int64              `json:"gen"`               // of the assignment in force
	Root      int64              `json:"root"`
	Installed map[Kind]Installed `json:"installed,omitempty"`
	Versions  map[Kind]string    `json:"versions,omitempty"`
	Failed    map[Kind]string    `json:"failed,omitempty"`  // codes of all kinds that are assigned and not in force, where there are more than one
	Refused   string             `json:"refused,omitempty"` // "assignment", "assignment.older": the latest one that came was not taken; the one in force still is
	Tally     Tally              `json:"tally"`             // of the latest transfer
	Wipe      *WipeStatus        `json:"wipe,omitempty"`    // an order to wipe stands; nil: none does
}

// kept is what outlives a start: one small document, written whole.
type kept struct {
	Gen       int64
	Installed map[Kind]Installed
	Version   map[Kind]string
	Attempts  map[Kind]int
	Codes     map[Kind]string // why what was tried as often as may be was taken back
	Wanted    map[Kind]Digest // payloads that are being collected
	Trial     *trial
	Tally     Tally
}

func (a *Agent) load() error {
	raw, err := a.o.Store.Load(keptAgent)
	if err != nil {
		return fmt.Errorf("loading update state: %w", err)
	}
	if raw != nil {
		if err := json.Unmarshal(raw, &a.kept); err != nil {
			return fmt.Errorf("loading update state: %w", err)
		}
	}
	if a.kept.Installed == nil {
		a.kept.Installed = map[Kind]Installed{}
		for k, in := range a.o.Box.Installed { // of the image
			a.kept.Installed[k] = in
		}
	}
	if a.kept.Version == nil {
		a.kept.Version = map[Kind]string{}
	}
	return nil
}

func (a *Agent) save() error {
	raw, err := json.Marshal(a.kept)
	if err != nil {
		return fmt.Errorf("storing update state: %w", err)
	}
	if err := a.o.Store.Save(keptAgent, raw); err != nil {
		return fmt.Errorf("storing update state: %w: %w", errStorage, err)
	}
	return nil
}

// tell completes a status and hands it on.
func (a *Agent) tell(s Status) {
	a.last = s
	s.Gen, s.Root, s.Tally, s.Refused = a.kept.Gen, a.trust.Root(), a.kept.Tally, a.refused
	s.Wipe = a.wiping
	s.Installed, s.Versions = map[Kind]Installed{}, map[Kind]string{}
	for k, in := range a.kept.Installed {
		s.Installed[k] = in
	}
	for k, v := range a.kept.Version {
		s.Versions[k] = v
	}
	if len(a.failed) > 1 {
		s.Failed = map[Kind]string{}
		for k, last := range a.failed {
			s.Failed[k] = last.Code
		}
	}
	a.o.Changed(s)
}
