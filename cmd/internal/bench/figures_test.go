// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// window is over how long wake-ups are counted: the longest wait of either program ends in it once.
const window = 30 * time.Second

// loads tells resident memory and wake-ups at rest.
func (m *machine) loads() {
	m.t.Helper()
	units := []string{"counter", "link"}
	wakes := func(unit string) (n int) {
		for line := range strings.Lines(m.sh("cat /proc/$(systemctl show -P MainPID " + unit + ")/task/*/status | sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p'")) {
			var v int
			fmt.Sscan(line, &v)
			n += v
		}
		return n
	}
	from, begun := map[string]int{}, map[string]time.Time{}
	for _, u := range units {
		from[u], begun[u] = wakes(u), time.Now()
	}
	time.Sleep(window)
	for _, u := range units {
		n := float64(wakes(u)-from[u]) / time.Since(begun[u]).Seconds()
		m.figure(u+": wake-ups at rest", "%.1f a second (goal 5)", n)
		var peak, own, file int
		fmt.Sscan(m.sh("sed -n 's/^\\(VmHWM\\|RssAnon\\|RssFile\\):[^0-9]*\\([0-9]*\\).*/\\2/p' /proc/$(systemctl show -P MainPID "+u+")/status | tr '\\n' ' '"), &peak, &own, &file)
		m.figure(u+": resident memory, high-water", "%.1f MiB (goal 24); now %.1f its own and %.1f of its file", float64(peak)/1024, float64(own)/1024, float64(file)/1024)
	}
}

// sizes tells how large the programs are.
func sizes(t testing.TB, root string) {
	t.Helper()
	for _, name := range []string{"counter", "link"} {
		info, err := os.Stat(filepath.Join(root, "usr/libexec/madoguchi", name))
		must(t, err)
		t.Logf("          %-52s %.1f MiB", name+": program for arm64", float64(info.Size())/(1<<20))
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
