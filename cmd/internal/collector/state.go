// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// hostSchema is the schema name of the host state.
const hostSchema = "madoguchi.host/1"

// hostState is what city hall says of itself: whether it takes records, and the
// number of its connection, so that a late will of an older one is told apart.
func hostState(online bool, session uint64) []byte {
	return fmt.Appendf(nil, `{"online":%t,"s":"%s","session":%d}`, online, hostSchema, session)
}

// maxPresence is the limit of a presence message, in bytes.
const maxPresence = 200

// presence reads a device's presence. Errors quote nothing of it.
func presence(device string, text []byte) (store.Presence, error) {
	if len(text) > maxPresence {
		return store.Presence{}, fmt.Errorf("presence of %d bytes, want at most %d", len(text), maxPresence)
	}
	var w struct {
		Group   string  `json:"group"` // the office group, if the box was told one
		Online  *bool   `json:"online"`
		Session *uint64 `json:"session"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil || d.More() || !utf8.Valid(text) {
		return store.Presence{}, errors.New("presence is not JSON of the right fields and types")
	}
	if w.Online == nil || w.Session == nil || *w.Session > 1<<53 {
		return store.Presence{}, errors.New("presence lacks online or session, or session is out of range")
	}
	if w.Group != "" {
		if _, err := record.ParseGroup(w.Group); err != nil {
			return store.Presence{}, errors.New("presence names no office group")
		}
	}
	return store.Presence{Device: device, Online: *w.Online, Session: *w.Session}, nil
}

// maxReport is the limit of a reported document, in bytes.
const maxReport = 4 << 10

// found is what a device's look at its parts may have come to: two letters for a
// part and a digit for what is wrong with it; parts that are not known here are
// those of a newer device.
var found = regexp.MustCompile(`^(ok|[A-Z]{2}[1-9]( [A-Z]{2}[1-9]){0,11})$`)

// report reads what a device says of itself. Fields that are not known here are
// for others; known ones must be of their form. Errors quote nothing of it.
func report(device string, text []byte) (store.Report, error) {
	if len(text) > maxReport {
		return store.Report{}, fmt.Errorf("report of %d bytes, want at most %d", len(text), maxReport)
	}
	var w struct {
		Firmware string `json:"fw"`
		Policy   string `json:"policy"`
		Clock    string `json:"clock"`
		Check    string `json:"check"`
		Outbox   struct {
			Hold uint64 `json:"hold"`
			Out  uint64 `json:"out"`
		} `json:"outbox"`
	}
	if err := json.Unmarshal(text, &w); err != nil || !utf8.Valid(text) { // encoding/json puts U+FFFD for what is none
		return store.Report{}, errors.New("report is not JSON of the right types")
	}
	for _, v := range []string{w.Firmware, w.Policy, w.Clock} {
		if !versionLike(v) {
			return store.Report{}, errors.New("report holds a version that is none")
		}
	}
	if w.Check != "" && !found.MatchString(w.Check) {
		return store.Report{}, errors.New("report holds a check that is none")
	}
	if w.Outbox.Hold > 1<<40 || w.Outbox.Out > 1<<40 {
		return store.Report{}, errors.New("report counts too many records")
	}
	return store.Report{Device: device, Firmware: w.Firmware, Policy: w.Policy, Clock: w.Clock, Check: w.Check, Waiting: w.Outbox.Hold + w.Outbox.Out}, nil
}

// versionLike says whether a page may show s as a version: up to 40 letters,
// digits and marks.
func versionLike(s string) bool {
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '-' || r == '+' || r == '_' || r == '/') {
			return false
		}
	}
	return len(s) <= 40
}

func (c *Collector) onReport(m paho.Message) func(context.Context) error {
	device, ok := topics{c.opts.City}.deviceOf(m.Topic(), "reported")
	if !ok {
		return c.malformed("", "reported", len(m.Payload()), errNoDevice)
	}
	r, err := report(device, m.Payload())
	if err != nil {
		return c.malformed(device, "reported", len(m.Payload()), err)
	}
	return func(ctx context.Context) error { return c.store.SetReport(ctx, r) }
}
