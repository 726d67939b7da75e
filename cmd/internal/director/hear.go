// SPDX-License-Identifier: Apache-2.0

package director

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"madoguchi/cmd/internal/store"
)

// Limits of what boxes may say, in bytes, as of their topics.
const (
	maxPresence = 256
	maxReported = 4 << 10
	maxWant     = 256
)

// maxStrangers is how many senders are listened to that are not of the fleet: some megabytes of words that nobody has asked for.
const maxStrangers = 1000

// voice is what a box was heard to say.
type voice struct {
	online  bool
	session uint64    // of the newest connection that it, or the broker in its name, spoke of
	alive   time.Time // last sign of life that was no old message
	raw     []byte    // its state document
	said    Said
	at      time.Time // when raw came; zero: it is from the database or the broker's memory
	told    time.Time // when its assignment was last published
	unnoted bool      // the database has not got it
}

// meet makes a voice for a box that the database has: that of the stranger it was, or what is remembered of it.
func (d *Director) meet(b store.Box) *voice {
	if v := d.strangers[b.ID]; v != nil {
		delete(d.strangers, b.ID)
		if v.raw == nil {
			v.raw = b.Reported
			_ = v.read() // what was stored was read once
		}
		return v
	}
	return remembered(b)
}

// remembered is a box as the database has it.
func remembered(b store.Box) *voice {
	v := &voice{raw: b.Reported}
	_ = v.read() // what was stored was read once
	return v
}

func (v *voice) read() (err error) {
	v.said, err = ReadReport(v.raw)
	return err
}

// hear takes a message of a box. A retained one is the broker's memory: it says how things stood, and is no sign of life.
func (d *Director) hear(device, what string, body []byte, retained bool) {
	now := d.o.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	v, member := d.voices[device], true
	if v == nil { // not of the fleet, or enrolled since the last look: what it says it may not say again for hours
		v = d.strangers[device]
		if v == nil {
			if len(d.strangers) >= maxStrangers {
				return
			}
			v = &voice{}
			d.strangers[device] = v
		}
		member = false
	}
	if !retained && what != "presence" {
		v.alive = now
	}
	switch what {
	case "presence":
		var p struct {
			Online  bool   `json:"online"`
			Session uint64 `json:"session"`
		}
		if len(body) > maxPresence || json.Unmarshal(body, &p) != nil || p.Session > 1<<53 || p.Session < v.session {
			return // the late will of an older connection says nothing of this one
		}
		if p.Online && !retained || v.online && !p.Online {
			v.alive = now // it lives, or lived until the broker missed it
		}
		v.online, v.session = p.Online, p.Session
	case "reported":
		if len(body) == 0 || len(body) > maxReported || bytes.Equal(body, v.raw) {
			return
		}
		old := v.raw
		if v.raw = bytes.Clone(body); v.read() != nil {
			v.raw = old
			_ = v.read() // it was read before
			return
		}
		v.unnoted, v.at = true, time.Time{}
		if !retained {
			v.at = now
		}
	}
	if !member {
		return // the next look will do
	}
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

// listen marks the moment from which nothing is missed; lost marks that there is no line.
func (d *Director) listen(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.since = now
}

func (d *Director) lost() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.since = time.Time{}
	for _, v := range d.voices {
		v.online = false // until the broker says so again
	}
	clear(d.strangers)
}

// lived is when a box was last known to live: one that is connected lives, for the broker would tell.
func (v *voice) lived(now time.Time) time.Time {
	if v.online {
		return now
	}
	return v.alive
}

// noteEvery is how often signs of life are stored; what a box says is stored at once.
const noteEvery = 15 * time.Minute

// note brings what was heard into the database.
func (d *Director) note(ctx context.Context, boxes []store.Box, now time.Time) error {
	d.mu.Lock()
	every := now.Sub(d.notedAt) >= noteEvery
	var list []store.Box
	for _, b := range boxes {
		v := d.voices[b.ID]
		if v == nil || !v.unnoted && !(every && v.lived(now).After(b.Heard)) {
			continue
		}
		v.unnoted = false
		heard := v.lived(now)
		if heard.Before(b.Heard) {
			heard = b.Heard
		}
		list = append(list, store.Box{ID: b.ID, Reported: v.raw, Heard: heard})
	}
	if every {
		d.notedAt = now
	}
	d.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	err := d.o.Store.Heard(ctx, list)
	if err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, b := range list {
			d.voices[b.ID].unnoted = true
		}
	}
	return err
}
