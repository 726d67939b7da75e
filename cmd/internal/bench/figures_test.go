// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// figure logs one figure beside its goal.
func (m *machine) figure(what string, format string, args ...any) {
	m.t.Helper()
	m.t.Logf("          %-52s %s", what, fmt.Sprintf(format, args...))
}

// starts tells how long the guest took to its idle screen, and since when of that our program ran.
func (m *machine) starts() {
	m.t.Helper()
	idle := m.board.Last()
	var begun int64
	fmt.Sscan(m.sh("systemctl show -P ExecMainStartTimestampMonotonic counter"), &begun)
	ours := idle - time.Duration(begun)*time.Microsecond
	m.figure("kernel start to idle screen", "%.1f s, %.1f s of it since counter was started", idle.Seconds(), ours.Seconds())
}

// loads tells resident memory and wake-ups at rest.
func (m *machine) loads() {
	m.t.Helper()
	for _, unit := range []string{"counter", "link"} {
		var peak int
		fmt.Sscan(m.sh("sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$(systemctl show -P MainPID "+unit+")/status"), &peak)
		m.figure(unit+": resident memory, high-water", "%.1f MiB (goal 24)", float64(peak)/1024)
		wakes := "cat /proc/$(systemctl show -P MainPID " + unit + ")/task/*/status | sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p'"
		sum := func() (n int) {
			for line := range strings.Lines(m.sh(wakes)) {
				var v int
				fmt.Sscan(line, &v)
				n += v
			}
			return n
		}
		from, begun := sum(), time.Now()
		time.Sleep(15 * time.Second)
		m.figure(unit+": wake-ups at rest", "%.1f a second (goal 5)", float64(sum()-from)/time.Since(begun).Seconds())
	}
}

// answers tells how fast a key shows on the bus.
func (m *machine) answers() {
	m.t.Helper()
	all := m.board.Answers()
	if len(all) == 0 {
		m.t.Error("no key was answered")
		return
	}
	slices.Sort(all)
	m.figure("key edge to the first bytes for the panel", "median %v, worst of %d: %v", all[len(all)/2].Round(time.Millisecond), len(all), all[len(all)-1].Round(time.Millisecond))
}
