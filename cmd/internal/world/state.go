// SPDX-License-Identifier: Apache-2.0

package world

import (
	"encoding/json"
	"strings"
	"time"

	"madoguchi/device"
	"madoguchi/display"
)

// State is what a person in front of the box could know, as in GET /api/state.
type State struct {
	Face   string           `json:"face"` // "idle", "clerk", "resident"
	Screen string           `json:"screen"`
	Lamp   string           `json:"lamp"`
	Busy   bool             `json:"busy"`
	Case   *device.CaseView `json:"case"` // null without an open case
}

// The screens that no box names itself.
const (
	ScreenOff = "power.off" // no power; the glass shows what it showed
)

var (
	stateOff  = State{Face: string(display.FaceIdle), Screen: ScreenOff, Lamp: "off"}
	stateBoot = State{Face: string(display.FaceIdle), Screen: string(display.Boot), Lamp: "off", Busy: true}
)

// Switches are the world's own state, for the front panel.
type Switches struct {
	City   Name    `json:"city"`
	Office Name    `json:"office"`
	Clerks []Clerk `json:"clerks"`
	Reader string  `json:"reader"` // "sim" or "pcsc"
	Card   string  `json:"card"`   // id of the card in the slot, "" without one
	// Used has the cards that are no longer fresh, each with the PIN kinds that
	// were changed.
	Used   map[string][]string `json:"used"`
	Power  bool                `json:"power"`
	Line   bool                `json:"line"`
	Lid    bool                `json:"lid"` // open
	Broker bool                `json:"broker"`
	// BrokerOutside: the broker is not ours to switch.
	BrokerOutside bool `json:"broker_outside"`
	// Waiting are the operations of the simulated issuer that wait for a second person.
	Waiting []Waiting `json:"waiting"`
	Lamp    Lights    `json:"lamp"`
	Buzzer  bool      `json:"buzzer"`
	Keys    []string  `json:"keys"`    // keys that are down
	Answers []string  `json:"answers"` // keys that the present screen answers; "digits", "any"
	Clock   time.Time `json:"clock"`   // the box's clock
	// Letter is what the service person has on paper, while a new box enrols.
	Letter *Letter `json:"letter,omitempty"`
}

// Lights are the three lights of the lamp.
type Lights struct {
	Red    bool `json:"red"`
	Yellow bool `json:"yellow"`
	Green  bool `json:"green"`
}

// State returns what stands in front of a person now.
func (w *World) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stateNow()
}

// Words are the screen that the box wants on the glass, in reading order, one
// line each, as a voice would read it. Nothing of what is typed is in them.
func (w *World) Words() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.words
}

// stateNow joins what the box says with what can be seen; w.mu is held.
func (w *World) stateNow() State {
	s := w.state
	s.Lamp = w.lampState().String()
	s.Busy = w.box != nil && (s.Busy || w.refreshing)
	return s
}

// Switches returns the world's own state.
func (w *World) Switches() Switches {
	card, used := w.pocket.in(), w.pocket.usedCards()
	mask := w.finger.closed()
	w.mu.Lock()
	defer w.mu.Unlock()
	info, _ := display.ID(w.state.Screen).Info()
	answers := append([]string{}, info.Keys...)
	if info.Entry {
		answers = append(answers, "digits")
	}
	var letter *Letter
	if strings.HasPrefix(w.state.Screen, "service.enrol.") {
		letter = w.letter
	}
	return Switches{
		Letter: letter,
		City:   w.city.Name, Office: w.office.Name, Clerks: Clerks(), Reader: w.opts.Card, Card: card, Used: used,
		Power: w.box != nil, Line: w.line.isUp(), Lid: w.lidOpen, Broker: w.broker == nil || w.broker.Up(), BrokerOutside: w.broker == nil,
		Waiting: append([]Waiting{}, w.waiting...), Lamp: Lights{w.lights[0], w.lights[1], w.lights[2]}, Buzzer: w.buzzer,
		Keys: keyNames(mask), Answers: answers, Clock: time.Now().Add(w.ahead),
	}
}

// Clock is the box's clock.
func (w *World) Clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// observed takes what the box says of itself.
func (w *World) observed(js []byte) {
	var o device.Observed
	if err := json.Unmarshal(js, &o); err != nil {
		w.log.Warn("box said what cannot be read", "err", err)
		return
	}
	w.mu.Lock()
	w.state, w.words = State{Face: o.Face, Screen: o.Screen, Busy: o.Busy, Case: o.Case}, o.Words
	w.mu.Unlock()
	w.tellState()
}

func (w *World) tellState() {
	w.hub.tell(Event{"state", w.State()})
	w.tellSwitches()
}

func (w *World) tellSwitches() { w.hub.tell(Event{"world", w.Switches()}) }
