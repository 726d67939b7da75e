// SPDX-License-Identifier: Apache-2.0

package device

import "slices"

// Observed is what a person in front of the box could know. It holds nothing of a PIN, not even its length.
type Observed struct {
	Face   string    `json:"face"`   // "idle", "clerk", "resident"
	Screen string    `json:"screen"` // see display's ids.go
	Lamp   string    `json:"lamp"`   // "off", "waiting", "typing", "checking", "done", "help", "stopped"
	Busy   bool      `json:"busy"`   // an effect is in flight or the panel refreshes
	Case   *CaseView `json:"case,omitempty"`
	Words  []string  `json:"words"` // the screen in reading order, as a voice would read it; nothing of what is typed
}

// CaseView is the open case.
type CaseView struct {
	Procedure string `json:"procedure"`
	Applicant string `json:"applicant"`
	Step      string `json:"step"`
	Way       string `json:"way"`
	Claim     string `json:"claim,omitempty"`
}

func (o Observed) equal(p Observed) bool {
	if (o.Case == nil) != (p.Case == nil) || o.Case != nil && *o.Case != *p.Case {
		return false
	}
	return o.Face == p.Face && o.Screen == p.Screen && o.Lamp == p.Lamp && o.Busy == p.Busy && slices.Equal(o.Words, p.Words)
}

// observe tells a change to whoever watches.
func (d *Device) observe() {
	if d.opts.Observe == nil {
		return
	}
	v := d.state.View()
	o := Observed{Face: string(v.Face), Screen: string(v.Screen), Lamp: v.Lamp.String(), Busy: v.Busy, Words: d.observed.Words}
	if g := d.state.Gen(); g != d.worded {
		d.worded, o.Words = g, d.renderer.Text(d.state.Shows())
	}
	if c := v.Case; c != nil {
		o.Case = &CaseView{Procedure: c.Procedure, Applicant: c.Applicant, Step: c.Step, Way: c.Way, Claim: c.Claim}
	}
	if d.first && o.equal(d.observed) {
		return
	}
	d.first, d.observed = true, o
	d.opts.Observe(o)
}
