// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// probes are what each side may and may not do, tried by a program in the unit's place: same user, same walls.
var probes = map[string]struct{ may, not []string }{
	"counter": {
		may: []string{"socket:unix", "list:/dev/gpiochip*", "open:/dev/gpiochip0", "open:/dev/gpiochip1", "open:/dev/spidev0.0", "connect:/run/pcscd/pcscd.comm", "open:/data/counter",
			"write:/data/counter/probe", "connect:/run/madoguchi/install.sock"},
		not: []string{"socket:inet", "socket:inet6", "socket:netlink", "socket:packet", "socket:vsock", "socket:bluetooth", "socket:alg", "dial:10.0.2.100:8883",
			"bind:8080", "open:/dev/vda", "open:/dev/vcio", "open:/dev/mem", "open:/dev/bus/usb/001/001", "open:/data/link/key.pem", "write:/etc/probe", "write:/usr/probe",
			"write:/data/probe", "processes", "setuid", "mount", "connect:/run/dbus/system_bus_socket", "open:/run/systemd/resolve"},
	},
	"link": {
		may: []string{"socket:unix", "socket:inet", "open:/data/link/key.pem", "write:/data/link/probe", "dial:10.0.2.100:8883", "open:/dev/null"},
		not: []string{"socket:netlink", "socket:packet", "socket:vsock", "socket:bluetooth", "socket:alg", "bind:8080", "dial:10.0.2.100:22", "list:/dev/gpiochip*", "list:/dev/spidev*",
			"list:/dev/bus/usb/*", "open:/dev/vda", "open:/dev/mem", "connect:/run/pcscd/pcscd.comm", "connect:/run/dbus/system_bus_socket", "connect:/run/madoguchi/install.sock", "open:/data/counter",
			"open:/data/counter/outbox.db", "write:/etc/probe", "write:/data/probe", "processes", "setuid", "mount"},
	},
}

// dropped are lines of a unit that concern when and how often it starts, not what it may do.
var dropped = regexp.MustCompile(`^(Requires|Wants|After|Sockets|Restart\w*|WatchdogSec|NotifyAccess|StartLimit\w+|Condition\w+|Type|ExecStart|RuntimeDirectory|Timeout\w+)=`)

// walls probes both sides from within, and the sockets of the whole guest.
func (m *machine) walls() {
	m.t.Helper()
	for name, p := range probes {
		text, err := os.ReadFile(filepath.Join(top, "buildroot/board/common/rootfs-overlay/usr/lib/systemd/system", name+".service"))
		must(m.t, err)
		var unit strings.Builder
		for line := range strings.Lines(string(text)) {
			if dropped.MatchString(line) {
				continue
			}
			unit.WriteString(line)
			if line == "[Service]\n" {
				unit.WriteString("Type=oneshot\nStandardOutput=file:/run/probe-" + name + "\nBindReadOnlyPaths=/usr/libexec/bench/agent:/usr/libexec/madoguchi/" + name + "\n" +
					"ExecStart=/usr/libexec/madoguchi/" + name + " probe " + strings.Join(append(append([]string{}, p.may...), p.not...), " ") + "\n")
			}
		}
		if out, status := m.runWith([]byte(unit.String()), "/bin/sh", "-c", "mkdir -p /run/systemd/system && cat >/run/systemd/system/probe-"+name+".service && systemctl daemon-reload && systemctl start probe-"+name); status != 0 {
			m.t.Errorf("probing %s: %s\n%s", name, out, m.ask("journalctl -b --no-pager -u probe-"+name))
			continue
		}
		fates := map[string]string{}
		for line := range strings.Lines(m.sh("cat /run/probe-" + name)) {
			if what, fate, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
				fates[what] = fate
			}
		}
		for _, what := range p.may {
			if fates[what] != "ok" {
				m.t.Errorf("%s may not do %s: %q", name, what, fates[what])
			}
		}
		for _, what := range p.not {
			if f := fates[what]; f == "ok" || f == "" {
				m.t.Errorf("%s may do %s (%q)", name, what, f)
			}
		}
		m.t.Logf("          %s: %d probes allowed, %d refused", name, len(p.may), len(p.not))
	}
	// No socket listens. networkd's raw one hears routers of the same wire (IPv6), which the packet filter lets through and nothing else.
	if out := m.sh("ss -Hlntuwp | grep -v '^raw .*:58 .*systemd-network'; true"); out != "" {
		m.t.Errorf("sockets listen:\n%s", out)
	}
	if out := m.sh("nsenter -t $(systemctl show -P MainPID counter) -n ss -Hantuw; nsenter -t $(systemctl show -P MainPID counter) -n ip -o link | grep -v ': lo:'; true"); out != "" {
		m.t.Errorf("the PIN side's network holds:\n%s", out)
	}
}
