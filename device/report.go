// SPDX-License-Identifier: Apache-2.0

package device

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"madoguchi/sync/outbox"
	"madoguchi/sync/wall"
)

// How often the state document goes out: soon when the box's health has changed; when only counts have, so seldom that they do not tell when a case ended.
const (
	reportHealth = time.Minute // unless UpdateOpts says otherwise
	reportCounts = 15 * time.Minute
)

// reported is the state document: what city hall may know of the box itself. It holds nothing of cases but how many records wait.
type reported struct {
	Schema string      `json:"s"`
	Build  string      `json:"fw,omitempty"`
	Board  string      `json:"board,omitempty"` // as releases name it
	Policy string      `json:"policy"`          // version of the municipality's rules
	Detail string      `json:"detail"`          // of recording
	Clock  string      `json:"clock"`           // "floor": not before the stored floor, or confirmed; "none": in doubt, records are held
	Panel  string      `json:"panel"`           // "ok", "failed"
	Check  string      `json:"check,omitempty"` // session.Findings: "ok", "RD2 ST3"; "": not looked yet
	Outbox reportedBox `json:"outbox"`
	Cases  int         `json:"cases,omitempty"`  // finished since the start or the latest update, at most casesTold
	Update jsonText    `json:"update,omitempty"` // update.Status
}

// casesTold is as many cases as a rollout asks for; more are not counted aloud.
const casesTold = 50

// jsonText is a JSON text that can be compared.
type jsonText string

// MarshalJSON is the text itself.
func (t jsonText) MarshalJSON() ([]byte, error) { return []byte(t), nil }

type reportedBox struct {
	Hold int  `json:"hold"`
	Out  int  `json:"out"`
	Dead int  `json:"dead"`
	Full bool `json:"full"`
}

// reportNow is the state document as it stands.
func (d *Device) reportNow(s outbox.Stats) reported {
	r := reported{
		Schema: "madoguchi.reported/1", Build: d.opts.Build, Board: d.cfg.Hardware, Policy: strconv.Itoa(int(d.rules.Load().Version)), Detail: d.recording.Load().Detail.String(),
		Clock: "none", Panel: "ok", Check: d.checkedLast(), Outbox: reportedBox{Hold: s.Hold, Out: s.Out, Dead: s.Dead, Full: s.Full},
	}
	if d.upd != nil {
		r.Cases, r.Update = int(min(d.cases.Load(), casesTold)), d.upd.told()
	}
	if d.trusted.Load() {
		r.Clock = "floor"
	}
	if d.panelFailed.Load() {
		r.Panel = "failed"
	}
	return r
}

// health is the document without what changes with every case.
func (r reported) health() reported {
	r.Outbox.Hold, r.Outbox.Out, r.Cases = 0, 0, 0
	r.Check = "" // a check that waited for a case runs at its end
	return r
}

// report sends the state document if it has changed and the last one is old enough; else it waits until it is.
func (u *uplink) report(conn *wall.Conn) {
	r := u.d.reportNow(u.d.box.Stats())
	if u.d.upd.quiet() && u.said != (reported{}) {
		r = u.said
	}
	if conn == nil || r == u.said && !u.again {
		return
	}
	every := cmp.Or(u.d.opts.Update.Report, reportHealth)
	if r.health() == u.said.health() {
		every = reportCounts
	}
	if left := every - u.d.clock.Now().Sub(u.saidAt); r != u.said && u.said != (reported{}) && left > 0 {
		u.stopReport()
		u.reportDue, u.stopReport = u.d.clock.Timer(left)
		if !u.again {
			return
		}
		r = u.said // a peer that comes anew learns no sooner when a case has ended
	}
	body, err := json.Marshal(r)
	if err == nil {
		err = conn.Write(wall.Reported, body)
	}
	if err != nil {
		u.d.log.Error("reporting state", "cause", err)
		return
	}
	if u.again = false; r != u.said {
		u.said, u.saidAt = r, u.d.clock.Now()
	}
}
