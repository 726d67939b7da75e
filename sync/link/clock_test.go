// SPDX-License-Identifier: Apache-2.0

package link

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/sync/wall"
)

// A box without a clock: its certificates are judged by the floor, which rises with what the authority signed and the hours in which a connection stood, is kept over restarts, and never falls.
func TestClockFloor(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 9, 30, 0, 0, time.UTC) }
	dir := t.TempDir()
	machine := time.Unix(0, 0)
	c := newClock(func() time.Time { return machine }, dir, day(1))
	expect := func(what string, want time.Time) {
		t.Helper()
		if got := c.now(); !got.Equal(want) {
			t.Errorf("%s: it is %v, want %v", what, got.UTC(), want.UTC())
		}
	}
	expect("1970: the box's own certificate is not from the future", day(1))
	c.connected(nil)
	expect("a line without TLS says nothing", day(1))
	cert := &x509.Certificate{NotBefore: day(3), NotAfter: day(20)}
	c.connected(cert)
	expect("the broker's certificate was made later", day(3))
	machine = day(10)
	expect("the machine knows better", day(10))
	c.connected(cert)
	machine = time.Unix(0, 0)
	expect("the machine fell back", day(10).Truncate(time.Hour))
	machine = day(25)
	c.connected(cert)
	machine = time.Unix(0, 0)
	expect("a time outside the broker's certificate is none", day(10).Truncate(time.Hour))

	c = newClock(func() time.Time { return machine }, dir, day(1))
	expect("after a restart", day(10).Truncate(time.Hour))
	c.connected(&x509.Certificate{NotBefore: day(10), NotAfter: day(20)})
	c = newClock(func() time.Time { return machine }, dir, day(1))
	expect("after a restart in the hour in which the broker had a new certificate", day(10))
	for _, damaged := range []string{"", "x", "-1", "99999999999999999999", "99999999999", "12 34"} {
		if err := os.WriteFile(filepath.Join(dir, floorFile), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		c = newClock(func() time.Time { return machine }, dir, day(1))
		expect("file with "+damaged, day(1))
	}
}

// The same on a line: a machine that stands at 1970 reaches the broker, and the PIN side hears what time it is at least.
func TestLineWithoutClock(t *testing.T) {
	h := newHall(t)
	_, addr := startBroker(t, h)
	city := newAuthority(t)
	front, _ := city.front(addr, 0)
	c := newCounter(t, h.public(), 5, 64)
	cfg := config(t, "tls://"+front, c)
	cfg.CAFile = filepath.Join(city.dir, "ca.pem")
	cfg.CertFile, cfg.KeyFile = city.issue("box-1")
	o := quick(nil)
	o.Clock = stopped{}
	start(t, cfg, o)
	if s := c.await(wall.Up); s.TimeHint.Before(time.Now().Add(-2*time.Hour)) || s.TimeHint.After(time.Now()) {
		t.Errorf("time hint %v", s.TimeHint)
	}
	c.drained(h)
}

// stopped is a clock that stands at 1970 and whose timers run.
type stopped struct{ realClock }

var _ Clock = stopped{}

func (stopped) Now() time.Time { return time.Unix(0, 0) }
