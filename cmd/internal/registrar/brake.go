// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// What one device may ask for. A person at a box types a code in half a minute, and five wrong ones make the file void; a box that waits for its answer repeats one request,
// which is answered as before and counts as nothing. What is more is somebody who tries.
const (
	mostRequests = 12
	perTime      = 10 * time.Minute
	mostDevices  = 20000 // remembered; those that were silent longest are forgotten first
)

// brake holds up who asks too often. It is kept in memory: the wrong codes of a file, which must outlive a start, are in the database.
type brake struct {
	mu      sync.Mutex
	devices map[string]*asked
}

// asked is what a device asked for of late.
type asked struct {
	at     []time.Time // requests that were looked at
	last   [sha256.Size]byte
	answer []byte // to it
	told   bool   // that it is locked stands in the audit log
}

// check tells what is to be done with a request: answer it as before (again is not nil), refuse it for a while (wait is not 0; note: the first time), or look at it.
func (b *brake) check(device string, raw []byte, now time.Time) (again []byte, wait time.Duration, note bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.devices[device]
	if d == nil {
		b.forget()
		d = &asked{}
		if b.devices == nil {
			b.devices = map[string]*asked{}
		}
		b.devices[device] = d
	}
	d.at = slices.DeleteFunc(d.at, func(t time.Time) bool { return now.Sub(t) >= perTime })
	if len(d.at) > 0 && d.answer != nil && d.last == sha256.Sum256(raw) {
		return d.answer, 0, false
	}
	if len(d.at) >= mostRequests {
		note, d.told = !d.told, true
		return nil, perTime - now.Sub(d.at[0]), note
	}
	d.at, d.told = append(d.at, now), false
	d.last, d.answer = sha256.Sum256(raw), nil
	return nil, 0, false
}

// keep remembers the answer to a request that was looked at.
func (b *brake) keep(device string, raw, answer []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d := b.devices[device]; d != nil && d.last == sha256.Sum256(raw) {
		d.answer = answer
	}
}

// forget makes room for another device.
func (b *brake) forget() {
	if len(b.devices) < mostDevices {
		return
	}
	oldest, when := "", time.Time{}
	for name, d := range b.devices {
		at := time.Time{}
		if n := len(d.at); n > 0 {
			at = d.at[n-1]
		}
		if oldest == "" || at.Before(when) {
			oldest, when = name, at
		}
	}
	delete(b.devices, oldest)
}
