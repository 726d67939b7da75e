// SPDX-License-Identifier: Apache-2.0

package link

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// floorFile keeps the clock's floor, as decimal seconds.
const floorFile = "floor"

// clock is the time by which certificates are judged: the machine's, but never below a floor that only rises. A box without a battery starts in 1970 or at its image's date; then every
// certificate would be "not valid yet", and the line by which the clock is set would not open. The floor is the latest of: when the box's own certificate was made, when the broker's was
// made, and the hours in which a connection stood. A floor that is too low lets an expired certificate pass for a while; the city's own authority is the only one trusted.
type clock struct {
	machine func() time.Time
	path    string

	mu    sync.Mutex
	floor time.Time
}

func newClock(machine func() time.Time, dir string, born time.Time) *clock {
	c := &clock{machine: machine, path: filepath.Join(dir, floorFile), floor: born}
	if b, err := os.ReadFile(c.path); err == nil {
		if s, err := strconv.ParseInt(strings.TrimSuffix(string(b), "\n"), 10, 64); err == nil && s < maxFloor {
			c.raise(time.Unix(s, 0))
		}
	}
	return c
}

// maxFloor is the year 2105: what is above was not written by this program.
const maxFloor = 1<<32 - 1

func (c *clock) raise(t time.Time) {
	if t.After(c.floor) {
		c.floor = t
	}
}

// now is the machine's time or the floor, whichever is later.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.machine(); now.After(c.floor) {
		return now
	}
	return c.floor
}

// connected raises the floor after a connection whose broker showed cert; nil: a line without TLS, which says nothing of the time. The machine's time has then just been found to lie inside
// the broker's certificate, so the floor never rises above what the city's authority signed. It is stored when it has risen: once an hour, and with each
// new certificate of the broker's, or a start in 1970 in that hour would call it not yet valid.
func (c *clock) connected(cert *x509.Certificate) {
	if cert == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.floor
	c.raise(cert.NotBefore)
	if now := c.machine(); now.Before(cert.NotAfter) {
		c.raise(now.Truncate(time.Hour))
	}
	if c.floor.After(old) {
		// Without the file the floor is lower at the next start, and nothing else.
		_ = writeFile(c.path, append(strconv.AppendInt(nil, c.floor.Unix(), 10), '\n'))
	}
}
