// SPDX-License-Identifier: Apache-2.0

package image

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device"
)

// tree is buildroot/, products the configurations of boxes that stand on a counter, all those and the one for a virtual machine.
const tree = "../../../buildroot"

var (
	products = []string{"counter_rpi4_64", "counter_rpizero2w_64"}
	all      = append([]string{"counter_qemu_aarch64"}, products...)
)

const overlay = "board/common/rootfs-overlay/"

func TestNames(t *testing.T) {
	desc := read(t, "external.desc")
	name := regexp.MustCompile(`(?m)^name: ([A-Za-z0-9_]+)$`).FindStringSubmatch(desc)
	if name == nil || name[1] != "MADOGUCHI" {
		t.Fatalf("external.desc: %q", desc)
	}
	sources := regexp.MustCompile(`(?m)^source "\$BR2_EXTERNAL_MADOGUCHI_PATH/(.+)"$`).FindAllStringSubmatch(read(t, "Config.in"), -1)
	if len(sources) == 0 {
		t.Error("Config.in names no package")
	}
	for _, s := range sources {
		exists(t, s[1])
	}
	packages, err := os.ReadDir(filepath.Join(tree, "package"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		upper := strings.ToUpper(strings.ReplaceAll(p.Name(), "-", "_"))
		if !strings.Contains(read(t, "package/"+p.Name()+"/Config.in"), "config BR2_PACKAGE_"+upper+"\n") {
			t.Errorf("package %s: Config.in does not define BR2_PACKAGE_%s", p.Name(), upper)
		}
		if !strings.Contains(read(t, "package/"+p.Name()+"/"+p.Name()+".mk"), upper+"_SITE") {
			t.Errorf("package %s: no %s_SITE", p.Name(), upper)
		}
	}
	configs, err := filepath.Glob(filepath.Join(tree, "configs", "*"))
	if err != nil || len(configs) != len(all) {
		t.Errorf("configs/ holds %q, want those of %q", configs, all)
	}
}

// TestPaths: whatever a configuration names in this tree is there.
func TestPaths(t *testing.T) {
	for _, c := range all {
		paths := regexp.MustCompile(`\$\(BR2_EXTERNAL_MADOGUCHI_PATH\)/([^"\s]+)`).FindAllStringSubmatch(config(t, c), -1)
		if len(paths) < 5 {
			t.Errorf("%s names only %d paths", c, len(paths))
		}
		for _, p := range paths {
			exists(t, p[1])
		}
	}
}

// TestPinned: what a box's safety stands on is said in each configuration, and its opposite in none. Stack protector, RELRO and position
// independence are Buildroot's defaults and so cannot stand in a minimal configuration; none may switch them off.
func TestPinned(t *testing.T) {
	for _, c := range all {
		lines := strings.Split(config(t, c), "\n")
		for _, want := range []string{
			"BR2_DOWNLOAD_FORCE_CHECK_HASHES=y", "BR2_REPRODUCIBLE=y", "BR2_FORTIFY_SOURCE_2=y", "BR2_INIT_SYSTEMD=y",
			"# BR2_TARGET_ENABLE_ROOT_LOGIN is not set", "# BR2_TARGET_GENERIC_GETTY is not set",
			"# BR2_TARGET_GENERIC_REMOUNT_ROOTFS_RW is not set", "BR2_TARGET_ROOTFS_EROFS=y", "# BR2_PACKAGE_SYSTEMD_TIMESYNCD is not set",
			"BR2_PACKAGE_MADOGUCHI=y", "BR2_PACKAGE_NFTABLES=y", "BR2_PACKAGE_CHRONY=y", "BR2_PACKAGE_RAUC=y", "BR2_PACKAGE_RAUC_DBUS=y",
			"BR2_PACKAGE_CRYPTSETUP=y", "BR2_PACKAGE_LIBSECCOMP=y",
		} {
			if !slices.Contains(lines, want) {
				t.Errorf("%s lacks %q", c, want)
			}
		}
		never := regexp.MustCompile(`^(# BR2_(PIC_PIE|SSP_STRONG|RELRO_FULL) is not set|BR2_(SSP_NONE|RELRO_NONE|RELRO_PARTIAL|` +
			`TARGET_GENERIC_ROOT_PASSWD|ROOTFS_DEVICE_CREATION_STATIC|ENABLE_DEBUG|PACKAGE_(DROPBEAR|OPENSSH|TELNET|SYSTEMD_COREDUMP|SYSTEMD_LOGIND|` +
			`POLKIT|SYSTEMD_POLKIT|WPA_SUPPLICANT|IWD|BLUEZ5_UTILS|BRCMFMAC_SDIO_FIRMWARE_RPI|PCSC_LITE_DEBUGATR|GDB|STRACE))\b.*)`)
		for _, l := range lines {
			if never.MatchString(l) {
				t.Errorf("%s says %q", c, l)
			}
		}
	}
	for _, c := range products[1:] {
		if diff := cmp.Diff(hardening(config(t, products[0])), hardening(config(t, c))); diff != "" {
			t.Errorf("%s and %s differ in more than their board:\n%s", products[0], c, diff)
		}
	}
}

// hardening is a configuration without what belongs to one board.
func hardening(config string) []string {
	board := regexp.MustCompile(`^BR2_(cortex|ROOTFS_POST_SCRIPT_ARGS|LINUX_KERNEL_INTREE_DTS|PACKAGE_RPI_FIRMWARE_)`)
	return slices.DeleteFunc(strings.Split(config, "\n"), board.MatchString)
}

// TestHashes: each kernel that is downloaded has its sum in the tree.
func TestHashes(t *testing.T) {
	hashes := read(t, "patches/linux/linux.hash")
	for _, c := range all {
		var file string
		if m := regexp.MustCompile(`CUSTOM_TARBALL_LOCATION=".*/(linux-[^"]+)"`).FindStringSubmatch(config(t, c)); m != nil {
			file = m[1]
		} else if m := regexp.MustCompile(`CUSTOM_VERSION_VALUE="([^"]+)"`).FindStringSubmatch(config(t, c)); m != nil {
			file = "linux-" + m[1] + ".tar.xz"
		}
		if file == "" || !regexp.MustCompile(`(?m)^sha256  [0-9a-f]{64}  `+regexp.QuoteMeta(file)+`$`).MatchString(hashes) {
			t.Errorf("%s: no sum for its kernel %q", c, file)
		}
	}
}

// TestSlots: the numbers of partitions are written in five places; all mean the same card.
func TestSlots(t *testing.T) {
	gen := read(t, "board/common/genimage.cfg.in")
	sig := regexp.MustCompile(`disk-signature = 0x([0-9a-f]{8})\n`).FindStringSubmatch(gen)
	if sig == nil {
		t.Fatal("genimage.cfg.in gives the card no number")
	}
	if !strings.Contains(gen, "extended-partition = 4\n") {
		t.Error("the fourth partition is not the extended one")
	}
	uuid := map[string]string{} // by the partition's name
	for i, m := range regexp.MustCompile(`(?m)^\tpartition (\S+) \{`).FindAllStringSubmatch(gen, -1) {
		n := i + 1
		if n >= 4 {
			n++ // 4 holds the others
		}
		uuid[m[1]] = fmt.Sprintf("%s-%02d", sig[1], n)
	}
	a, b := read(t, "board/common/cmdline-a.txt"), read(t, "board/common/cmdline-b.txt")
	for _, s := range []struct{ text, root, slot string }{{a, "root-a", "A"}, {b, "root-b", "B"}} {
		for _, want := range []string{"root=PARTUUID=" + uuid[s.root], "rauc.slot=" + s.slot, "ro", "rootfstype=erofs", "init_on_free=1", "panic=10"} {
			if !slices.Contains(strings.Fields(s.text), want) {
				t.Errorf("slot %s: the kernel's line lacks %s", s.slot, want)
			}
		}
		if strings.Count(s.text, "\n") != 1 || strings.Contains(s.text, "console=") {
			t.Errorf("slot %s: the kernel's line is one line without a console: %q", s.slot, s.text)
		}
	}
	if got := strings.NewReplacer(uuid["root-a"], uuid["root-b"], "slot=A", "slot=B").Replace(a); got != b {
		t.Errorf("the two slots' lines differ in more than slot and root:\n%s%s", a, b)
	}
	choice := read(t, "board/rpi/autoboot.txt")
	if diff := cmp.Diff("[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3", strings.TrimRight(choice, "\n")); diff != "" {
		t.Error(diff)
	}
	if len(choice) != 512 {
		t.Errorf("autoboot.txt has %d bytes, want one sector: device/slots writes it at one stroke", len(choice))
	}
	conf := read(t, "ota/system.conf.in")
	for slot, part := range map[string]string{"boot.0": "boot-a", "rootfs.0": "root-a", "boot.1": "boot-b", "rootfs.1": "root-b"} {
		if !strings.Contains(conf, "[slot."+slot+"]\ndevice=/dev/disk/by-partuuid/"+uuid[part]+"\n") {
			t.Errorf("system.conf: slot %s is not partition %s (%s)", slot, part, uuid[part])
		}
	}
	for file, part := range map[string]string{"data": "data", "provision": "autoboot"} {
		if !strings.Contains(read(t, overlay+"usr/libexec/madoguchi/"+file), `DEVICE:=/dev/disk/by-partuuid/`+uuid[part]+`}`) {
			t.Errorf("the script %s does not use partition %s (%s)", file, part, uuid[part])
		}
	}
	if !strings.Contains(read(t, overlay+"usr/libexec/madoguchi/data"), `CARD:=/dev/disk/by-partuuid/`+uuid["autoboot"]+`}`) {
		t.Error("the script data asks another partition than the card's first whether it may make files")
	}
	const compatible = `s/@COMPATIBLE@/madoguchi-$board/`
	for _, f := range []string{"board/common/post-build.sh", "ota/bundle.sh"} {
		if !strings.Contains(read(t, f), compatible) {
			t.Errorf("%s does not render compatible as the other does", f)
		}
	}
}

// TestUsers: the numbers of users stand in the package, in sysusers.d, in a unit, in the packet filter.
func TestUsers(t *testing.T) {
	mk, sys := read(t, "package/madoguchi/madoguchi.mk"), read(t, overlay+"usr/lib/sysusers.d/madoguchi.conf")
	ids := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t([a-z]+) (\d+) ([a-z]+) (\d+) \* - - (\S+) `).FindAllStringSubmatch(mk, -1) {
		if m[1] != m[3] || m[2] != m[4] {
			t.Errorf("user %s has another group or number: %q", m[1], m[0])
		}
		ids[m[1]] = m[2]
		if !regexp.MustCompile(`(?m)^u ` + m[1] + ` ` + m[2] + ` `).MatchString(sys) {
			t.Errorf("sysusers.d has no user %s with number %s", m[1], m[2])
		}
		for _, g := range strings.Split(m[5], ",") {
			if g != "-" && !strings.Contains(sys, "m "+m[1]+" "+g+"\n") {
				t.Errorf("sysusers.d does not put %s into %s", m[1], g)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\t- -1 ([a-z]+) (\d+) `).FindAllStringSubmatch(mk, -1) {
		if !strings.Contains(sys, "g "+m[1]+" "+m[2]+"\n") {
			t.Errorf("sysusers.d has no group %s with number %s", m[1], m[2])
		}
	}
	if len(ids) != 4 {
		t.Fatalf("the package's users: %v", ids)
	}
	if !strings.Contains(read(t, overlay+"usr/lib/systemd/system/madoguchi-install.service"), "--peer "+ids["counter"]+"\n") {
		t.Error("the installer takes wishes from another user")
	}
	if !strings.Contains(read(t, overlay+"usr/lib/systemd/system/counter.service"), "--link-uid "+ids["link"]+"\n") {
		t.Error("counter.service waits for another user at the wall")
	}
	if !strings.Contains(read(t, overlay+"etc/nftables.conf"), "meta skuid "+ids["link"]+" tcp dport") {
		t.Error("the packet filter lets another user out")
	}
}

// TestLines: what config.txt does to lines at power-on is meant for the lines that the program uses.
func TestLines(t *testing.T) {
	p := device.DefaultConfig.Pins
	list := func(pins ...int) string {
		slices.Sort(pins)
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(pins), " ", ","), "[]")
	}
	for _, b := range []string{"rpi4", "rpizero2w"} {
		text := read(t, "board/"+b+"/config.txt")
		got := map[string]string{}
		for _, m := range regexp.MustCompile(`(?m)^gpio=([\d,]+)=(\S+)$`).FindAllStringSubmatch(text, -1) {
			var pins []int
			for _, s := range strings.Split(m[1], ",") {
				var n int
				fmt.Sscan(s, &n)
				pins = append(pins, n)
			}
			got[m[2]] = list(pins...)
		}
		want := map[string]string{
			"op,dl": list(p.Power, p.Red, p.Yellow, p.Green, p.Buzzer),
			"ip,pu": list(append(p.Rows[:], p.Lid)...),
			"ip,pn": list(p.Cols[:]...),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-program +config.txt):\n%s", b, diff)
		}
		for _, line := range []string{"dtoverlay=disable-wifi", "dtoverlay=disable-bt", "dtparam=audio=off", "enable_uart=0", "dtparam=spi=on",
			"dtoverlay=i2c-rtc,ds3231", "dtparam=watchdog=on", "hdmi_blanking=2"} {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s: config.txt lacks %s", b, line)
			}
		}
	}
}

// headerPin is where a GPIO line is on the 40-pin header of every Raspberry Pi.
var headerPin = map[int]int{2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19, 9: 21, 25: 22, 11: 23, 8: 24, 7: 26,
	5: 29, 6: 31, 12: 32, 13: 33, 19: 35, 16: 36, 26: 37, 20: 38, 21: 40}

// TestWiring: the README's table says for each use the line that the program takes and the pin where that line is; no pin has two wires but ground.
func TestWiring(t *testing.T) {
	p := device.DefaultConfig.Pins
	want := map[string]int{"panel DC": p.DC, "panel RST": p.RST, "panel BUSY": p.Busy, "panel PWR": p.Power, "lamp red": p.Red, "lamp yellow": p.Yellow,
		"lamp green": p.Green, "buzzer": p.Buzzer, "lid switch": p.Lid, "panel DIN (MOSI)": 10, "panel CLK": 11, "panel CS": 8, "clock SDA": 2, "clock SCL": 3}
	for i := range 4 {
		want[fmt.Sprintf("key row %d", i+1)], want[fmt.Sprintf("key column %d", i+1)] = p.Rows[i], p.Cols[i]
	}
	got, pins := map[string]int{}, map[int]string{}
	for _, m := range regexp.MustCompile(`\| ([a-zA-Z0-9⏚() -]+?) \| (\d+|–) \| (\d+) (?:\||$)`).FindAllStringSubmatch(read(t, "README.md"), -1) {
		var line, pin int
		fmt.Sscan(m[3], &pin)
		if other, ok := pins[pin]; ok {
			t.Errorf("pin %d: %s and %s", pin, other, m[1])
		}
		pins[pin] = m[1]
		if _, err := fmt.Sscan(m[2], &line); err != nil {
			ground := slices.Contains([]int{6, 9, 14, 20, 25, 30, 34, 39}, pin)
			if strings.Contains(m[1], "⏚") != ground || !ground && pin != 1 && pin != 17 {
				t.Errorf("%s at pin %d is neither ground nor 3V3", m[1], pin)
			}
			continue
		}
		got[m[1]] = line
		if headerPin[line] != pin {
			t.Errorf("%s: GPIO %d is at pin %d, the table says %d", m[1], line, headerPin[line], pin)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-program +README):\n%s", diff)
	}
}

// TestNoKey: nothing secret is in the tree, and no script writes a key there.
func TestNoKey(t *testing.T) {
	out, err := exec.Command("git", "-C", tree, "ls-files", ".").Output()
	if err != nil || len(out) == 0 {
		t.Fatalf("asking git for the files: %v", err)
	}
	secret := regexp.MustCompile(`PRIVATE KEY-----|\$(1|5|6|y|argon2id)\$|(?i)password\s*=\s*"[^"]`)
	for f := range strings.Lines(string(out)) {
		f = strings.TrimSpace(f)
		if st, err := os.Lstat(filepath.Join(tree, f)); err == nil && st.Mode()&fs.ModeSymlink == 0 && secret.MatchString(read(t, f)) {
			t.Errorf("%s holds a key or a password", f)
		}
		if ext := filepath.Ext(f); slices.Contains([]string{".key", ".p12", ".pfx", ".der"}, ext) {
			t.Errorf("%s does not belong into the tree", f)
		}
	}
	if !secret.MatchString("-----BEGIN EC PRIVATE KEY-----") {
		t.Error("the search finds no key")
	}
}

func config(t *testing.T, name string) string { return read(t, "configs/"+name+"_defconfig") }

func exists(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(tree, path)); err != nil {
		t.Errorf("buildroot/%s is named but not there", path)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(tree, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
