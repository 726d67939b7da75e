// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// walls says what each unit must have word for word, and the most exposure that systemd-analyze may find (0 none, 10 all). The one that
// mounts the data partition must do so in the system's own name space, which is most of what that program counts.
var walls = map[string]struct {
	most float64
	has  []string
}{
	"counter": {1.0, []string{"User=counter", "PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "IPAddressDeny=any", "DevicePolicy=closed",
		"DeviceAllow=char-gpiochip rw", "DeviceAllow=char-spi rw", "MemoryDenyWriteExecute=yes", "LimitCORE=0", "MemorySwapMax=0", "WatchdogSec=30",
		"Type=notify", "SystemCallFilter=@system-service memfd_secret", "BindPaths=-/data/counter", "TemporaryFileSystem=/data:ro /mnt:ro",
		"CapabilityBoundingSet=", "Requires=counter.socket", "InaccessiblePaths=/run/dbus /run/systemd/resolve -/run/udev -/boot", "RuntimeDirectory=counter"}},
	"madoguchi-install": {1.2, []string{"User=installer", "PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "PrivateDevices=yes", "TemporaryFileSystem=/data:ro /mnt:ro",
		"LimitCORE=0", "MemorySwapMax=0", "CapabilityBoundingSet=", "ExecStart=/usr/libexec/madoguchi/installer --peer 901", "Requires=madoguchi-install.socket"}},
	"madoguchi-restart": {2.9, []string{"SuccessAction=reboot", "PrivateNetwork=yes", "LimitCORE=0"}},
	"madoguchi-settle":  {2.9, []string{"Before=counter.service", "PrivateNetwork=yes", "PrivateMounts=yes", "LimitCORE=0"}},
	"link": {1.5, []string{"User=link", "PrivateDevices=yes", "DevicePolicy=closed", "InaccessiblePaths=/run/pcscd /run/dbus -/run/udev -/boot",
		"SocketBindDeny=any", "SystemCallFilter=~@privileged @resources @keyring @memlock @setuid listen accept accept4",
		"BindPaths=/data/link", "TemporaryFileSystem=/data:ro /mnt:ro", "LimitCORE=0", "MemorySwapMax=0",
		"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "WatchdogSec=60", "Type=notify", "CapabilityBoundingSet="}},
	"pcscd": {1.5, []string{"User=pcscd", "RestrictAddressFamilies=AF_UNIX AF_NETLINK", "DeviceAllow=char-usb_device rw", "DevicePolicy=closed",
		"LimitCORE=0", "MemorySwapMax=0", "ExecStart=/usr/sbin/pcscd --foreground --error", "CapabilityBoundingSet="}},
	"chrony":         {2.5, []string{"User=chrony", "CapabilityBoundingSet=CAP_SYS_TIME", "DevicePolicy=closed", "LimitCORE=0"}},
	"firewall":       {3.6, []string{"CapabilityBoundingSet=CAP_NET_ADMIN", "Before=network-pre.target sysinit.target"}},
	"madoguchi-gate": {2.9, []string{"FailureAction=reboot", "PrivateNetwork=yes", "PrivateMounts=yes", "LimitCORE=0"}},
	"madoguchi-trial": {2.9, []string{"SuccessAction=reboot", "RebootArgument=0 tryboot", "ExecStart=/usr/libexec/madoguchi/slots arm",
		"PrivateNetwork=yes", "PrivateMounts=yes", "LimitCORE=0"}},
	"madoguchi-data":      {4.5, []string{"IPAddressDeny=any", "LimitCORE=0", "RestrictNamespaces=yes"}},
	"madoguchi-provision": {2.9, []string{"PrivateNetwork=yes", "PrivateMounts=yes", "LimitCORE=0", "ConditionPathExists=!/data/provisioned"}},
}

func TestWalls(t *testing.T) {
	root := systemRoot(t)
	for name, w := range walls {
		unit := read(t, overlay+"usr/lib/systemd/system/"+name+".service")
		lines := strings.Split(unit, "\n")
		for _, want := range w.has {
			if !slices.Contains(lines, want) {
				t.Errorf("%s.service lacks %q", name, want)
			}
		}
		for _, l := range lines {
			// Whoever the kernel shields from it does not belong into the unit's reach by another line.
			if name == "counter" && regexp.MustCompile(`^(DeviceAllow=(char-usb|/dev/mem)|PrivateUsers=|ReadWritePaths=|AmbientCapabilities=.)`).MatchString(l) {
				t.Errorf("counter.service says %q", l)
			}
		}
		out := command(t, "systemd-analyze", "security", "--offline=true", "--root="+root, name+".service")
		m := regexp.MustCompile(`exposure level for \S+: ([\d.]+)`).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("%s: systemd-analyze says nothing of exposure:\n%s", name, out)
		}
		if got, err := strconv.ParseFloat(m[1], 64); err != nil || got > w.most {
			t.Errorf("%s.service: exposure %s, at most %.1f", name, m[1], w.most)
		}
	}
}

// TestDataIsForAll: an option that gives the unit its own view of files would leave the mounted data where only that unit sees it, and one that
// shuts devices out would take the card away. systemd accepts both without a word.
func TestDataIsForAll(t *testing.T) {
	own := regexp.MustCompile(`^(Private(Tmp|Devices|Mounts|Network|Users|IPC)|Protect\w+|(ReadOnly|ReadWrite|Inaccessible|Bind|BindReadOnly|Exec|NoExec)Paths|` +
		`TemporaryFileSystem|Root\w+|Mount\w+|ProcSubset|Device(Policy|Allow)|DynamicUser|(State|Runtime|Cache|Logs)Directory)=`)
	for _, l := range strings.Split(read(t, overlay+"usr/lib/systemd/system/madoguchi-data.service"), "\n") {
		if own.MatchString(l) {
			t.Errorf("madoguchi-data.service says %q", l)
		}
	}
	for _, l := range strings.Split(read(t, overlay+"usr/lib/systemd/system/madoguchi-provision.service"), "\n") {
		if regexp.MustCompile(`^(PrivateDevices|ProtectClock|Device(Policy|Allow))=`).MatchString(l) {
			t.Errorf("madoguchi-provision.service says %q", l)
		}
	}
}

// TestUnits: systemd itself reads the units without a word, and would have said one.
func TestUnits(t *testing.T) {
	root := systemRoot(t)
	var units []string
	for _, ext := range []string{"service", "socket"} {
		found, err := filepath.Glob(filepath.Join(tree, overlay, "usr/lib/systemd/system/*."+ext))
		if err != nil || len(found) == 0 {
			t.Fatalf("no %s: %v", ext, err)
		}
		for _, f := range found {
			units = append(units, filepath.Base(f))
		}
	}
	verify := append([]string{"--root=" + root, "verify", "--man=no"}, units...)
	if out := command(t, "systemd-analyze", verify...); out != "" {
		t.Errorf("systemd-analyze verify:\n%s", out)
	}
	f := filepath.Join(root, "usr/lib/systemd/system/link.service")
	b, err := os.ReadFile(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f, []byte(strings.Replace(string(b), "PrivateDevices=yes", "PrivateDevice=yes", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _ := exec.Command("systemd-analyze", verify...).CombinedOutput(); !strings.Contains(string(out), "PrivateDevice") {
		t.Errorf("a mistake in a unit is not noticed:\n%s", out)
	}
}

// TestPresets: every unit with an [Install] section is switched on by name, and everything else is off.
func TestPresets(t *testing.T) {
	preset := strings.Split(strings.TrimSpace(read(t, overlay+"usr/lib/systemd/system-preset/50-madoguchi.preset")), "\n")
	if preset[len(preset)-1] != "disable *" {
		t.Error("the presets do not end with disable *")
	}
	units, err := filepath.Glob(filepath.Join(tree, overlay, "usr/lib/systemd/system/*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range units {
		if b, err := os.ReadFile(u); err == nil && strings.Contains(string(b), "\n[Install]\n") && !slices.Contains(preset, "enable "+filepath.Base(u)) {
			t.Errorf("%s is not switched on", filepath.Base(u))
		}
	}
}

// TestNobodyLogsIn: each way to a prompt that systemd knows leads to /dev/null.
func TestNobodyLogsIn(t *testing.T) {
	for _, u := range []string{"getty@.service", "serial-getty@.service", "console-getty.service", "container-getty@.service", "autovt@.service",
		"debug-shell.service", "emergency.service", "rescue.service", "systemd-coredump@.service", "systemd-coredump.socket", "ctrl-alt-del.target"} {
		if to, err := os.Readlink(filepath.Join(tree, overlay, "etc/systemd/system", u)); err != nil || to != "/dev/null" {
			t.Errorf("%s leads to %q (%v)", u, to, err)
		}
	}
}

// TestSilence: what a card is asked and what a box writes down stays in memory, little, and without the commands to a card.
func TestSilence(t *testing.T) {
	for _, l := range strings.Split(read(t, overlay+"usr/lib/systemd/system/pcscd.service"), "\n") {
		if !strings.HasPrefix(l, "#") && regexp.MustCompile(`--(debug|apdu|info)|-[adi]\b|LIBCCID|PCSCD_ARGS`).MatchString(l) {
			t.Errorf("pcscd.service says %q", l)
		}
	}
	for file, want := range map[string][]string{
		"usr/lib/systemd/journald.conf.d/madoguchi.conf": {"Storage=volatile", "RuntimeMaxUse=4M", "ForwardToConsole=no", "ForwardToSyslog=no"},
		"usr/lib/systemd/system.conf.d/madoguchi.conf":   {"RuntimeWatchdogSec=15s", "DumpCore=no", "DefaultLimitCORE=0", "CrashShell=no"},
		"usr/lib/systemd/resolved.conf.d/madoguchi.conf": {"DNSStubListener=no", "LLMNR=no", "MulticastDNS=no"},
		"usr/lib/systemd/network/50-wired.network":       {"LLMNR=no", "MulticastDNS=no", "LLDP=no", "SendHostname=no"},
		"usr/lib/sysctl.d/50-madoguchi.conf":             {"kernel.core_pattern = |/bin/false", "fs.suid_dumpable = 0", "kernel.kptr_restrict = 2"},
		"etc/chrony.conf":                                {"port 0", "cmdport 0"},
	} {
		lines := strings.Split(read(t, overlay+file), "\n")
		for _, w := range want {
			if !slices.Contains(lines, w) {
				t.Errorf("%s lacks %q", file, w)
			}
		}
	}
	for _, want := range []string{"CONFIG_INIT_ON_FREE_DEFAULT_ON=y", "CONFIG_SECRETMEM=y", "# CONFIG_SWAP is not set", "# CONFIG_COREDUMP is not set",
		"# CONFIG_WLAN is not set", "# CONFIG_BT is not set", "# CONFIG_VT is not set", "CONFIG_MODULE_SIG_FORCE=y", "# CONFIG_USB_STORAGE is not set",
		"# CONFIG_INPUT is not set", "CONFIG_SECCOMP_FILTER=y", "CONFIG_CGROUP_BPF=y", "CONFIG_RTC_HCTOSYS=y", "# CONFIG_GPIO_SYSFS is not set"} {
		if !slices.Contains(strings.Split(read(t, "board/common/linux.fragment"), "\n"), want) {
			t.Errorf("the kernel's fragment lacks %q", want)
		}
	}
}

// TestPacketFilter: the kernel's own tool takes the rules, every chain drops what no rule names, and nothing new comes in.
func TestPacketFilter(t *testing.T) {
	// In a network of its own: asking the kernel needs rights there, which nobody has on this machine's.
	command(t, "unshare", "--map-root-user", "--net", "nft", "-c", "-f", filepath.Join(tree, overlay, "etc/nftables.conf"))
	broken := filepath.Join(t.TempDir(), "nftables.conf")
	if err := os.WriteFile(broken, []byte(strings.Replace(read(t, overlay+"etc/nftables.conf"), "ct state", "ct stat", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("unshare", "--map-root-user", "--net", "nft", "-c", "-f", broken).CombinedOutput(); err == nil {
		t.Errorf("a mistake in the rules is not noticed:\n%s", out)
	}
	rules := read(t, overlay+"etc/nftables.conf")
	for _, hook := range []string{"input", "forward", "output"} {
		if !strings.Contains(rules, "type filter hook "+hook+" priority filter; policy drop;") {
			t.Errorf("what the chain %s does not name is not dropped", hook)
		}
	}
	_, input, _ := strings.Cut(rules, "chain input {")
	input, _, _ = strings.Cut(input, "}\n\n")
	if strings.Contains(input, "tcp ") || strings.Count(input, "dport") != 1 || !strings.Contains(input, "udp dport 546 ip6 saddr fe80::/10") {
		t.Errorf("the chain input opens a port:\n%s", input)
	}
}

// TestReaders: each reader that was looked at, by its numbers, and the class for the others.
func TestReaders(t *testing.T) {
	rules := read(t, overlay+"usr/lib/udev/rules.d/60-madoguchi.rules")
	for _, id := range []string{"054c:0dc8", "054c:0dc9", "072f:b100", "072f:b000", "072f:221a", "072f:223b", "072f:223e", "04e6:5116", "04e6:511a"} {
		vendor, product, _ := strings.Cut(id, ":")
		if !regexp.MustCompile(`ATTR\{idVendor\}=="` + vendor + `", ATTR\{idProduct\}=="[0-9a-f|]*` + product).MatchString(rules) {
			t.Errorf("no rule for the reader %s", id)
		}
	}
	if !strings.Contains(rules, `ENV{ID_USB_INTERFACES}=="*:0b????:*"`) {
		t.Error("no rule for the class of readers")
	}
}

func TestScripts(t *testing.T) {
	var scripts []string
	for _, pattern := range []string{"board/*/*.sh", "ota/*.sh", overlay + "usr/libexec/madoguchi/*"} {
		found, err := filepath.Glob(filepath.Join(tree, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no script (%v)", pattern, err)
		}
		scripts = append(scripts, found...)
	}
	for _, s := range scripts {
		if st, err := os.Stat(s); err != nil || st.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be run (%v)", s, err)
		}
	}
	command(t, "shellcheck", append([]string{"-s", "sh"}, scripts...)...)
}

// systemRoot is the overlay with what the units name beside it: this system's own units and programs of any content.
func systemRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	command(t, "cp", "-a", filepath.Join(tree, overlay)+"/.", root)
	for _, p := range []string{"usr/sbin/pcscd", "usr/sbin/chronyd", "usr/sbin/nft", "usr/libexec/madoguchi/counter", "usr/libexec/madoguchi/link",
		"usr/libexec/madoguchi/installer", "usr/libexec/madoguchi/slots", "usr/bin/rm"} {
		p = filepath.Join(root, p)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range []string{"sysinit.target", "basic.target", "sockets.target", "multi-user.target", "network-online.target", "network.target",
		"network-pre.target", "local-fs.target", "umount.target", "shutdown.target", "systemd-udevd.service", "systemd-udev-trigger.service",
		"systemd-remount-fs.service", "systemd-sysctl.service", "systemd-networkd.service", "dbus.socket", "slices.target", "timers.target", "paths.target"} {
		command(t, "cp", "-a", "/lib/systemd/system/"+u, filepath.Join(root, "usr/lib/systemd/system"))
	}
	return root
}

// command runs a program that `make setup` installs and returns what it said.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: run make setup", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
