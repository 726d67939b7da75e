// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/device/bundle"
	"madoguchi/display"
)

// bundler makes bundles of one root by the image's own script, with the boot partition of a card.
type bundler struct {
	t      testing.TB
	images string // where the card's parts lie
	root   string
	to     string // a folder that becomes a disk of the guest
}

// bundleKey makes a key for bundles and its certificate.
func bundleKey(t testing.TB, dir, name string) (key, cert string) {
	t.Helper()
	key, cert = filepath.Join(dir, name+".key"), filepath.Join(dir, name+".pem")
	command(t, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", "/CN="+name,
		"-addext", "extendedKeyUsage=critical,codeSigning,emailProtection", "-addext", "keyUsage=digitalSignature", "-keyout", key, "-out", cert)
	return key, cert
}

// bundle packs the root as it is now, as a version, and gives the bundle's digest.
func (b *bundler) bundle(version, key, cert string) string {
	b.t.Helper()
	image := filepath.Join(b.images, "rootfs.erofs")
	must(b.t, os.Remove(image))
	builtImage(b.t, b.root, image)
	c := exec.Command(filepath.Join(top, "buildroot/ota/bundle.sh"), b.images, "qemu")
	c.Env = append(os.Environ(), "MADOGUCHI_SIGN_KEY="+key, "MADOGUCHI_SIGN_CERT="+cert, "MADOGUCHI_VERSION="+version)
	if out, err := c.CombinedOutput(); err != nil {
		b.t.Fatalf("bundle.sh: %v\n%s", err, out)
	}
	made := filepath.Join(b.images, "madoguchi-qemu.raucb")
	f, err := os.Open(made)
	must(b.t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	must(b.t, err)
	sum := hex.EncodeToString(h.Sum(nil))
	must(b.t, os.Rename(made, filepath.Join(b.to, sum)))
	return sum
}

// versioned writes into the root which version it is.
func (b *bundler) versioned(version string) {
	b.t.Helper()
	file := filepath.Join(b.root, "usr/lib/os-release")
	text, err := os.ReadFile(file)
	must(b.t, err)
	lines := strings.Split(string(text), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "VERSION_ID=") {
			lines[i] = "VERSION_ID=" + version
		}
	}
	must(b.t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
}

// wish asks the guest's installer as counter's user does.
func (m *machine) wish(args ...string) (string, int) {
	m.t.Helper()
	return m.run(append([]string{"setpriv", "--reuid=901", "--regid=901", "--clear-groups", "/usr/libexec/bench/agent", "wish"}, args...)...)
}

// wishes is wish for one that is granted.
func (m *machine) wishes(args ...string) string {
	m.t.Helper()
	out, status := m.wish(args...)
	if status != 0 {
		m.fail("the installer does not %q: %s\n%s", args, out, m.ask("journalctl -b --no-pager -u madoguchi-install -u rauc | tail -n 40"))
	}
	return out
}

// runs compares which slot runs, which is in force, and which version lies in it.
func (m *machine) runs(slot, force, version string) {
	m.t.Helper()
	var b bundle.Board
	must(m.t, json.Unmarshal([]byte(m.wishes("look")), &b))
	is := m.sh("sed -n 's/^VERSION_ID=//p' /usr/lib/os-release")
	inForce := map[int]string{2: "A", 3: "B"}[bootPartition(m.t, command(m.t, "mtype", "-i", partition(m.t, m.card, 1), "::autoboot.txt"), false)]
	if b.Booted != slot || is != version || inForce != force {
		m.fail("slot %s runs version %s and %s is in force, want %s, %s, %s", b.Booted, is, inForce, slot, version, force)
	}
}

// installs carries a bundle from the disk beside to the slot that does not run, and starts that one on trial.
func (m *machine) installs(sum string) {
	m.t.Helper()
	m.lay(sum)
	m.wishes("check", sum)
	begun := time.Now()
	out := m.wishes("install", sum)
	m.figure("install by RAUC, in the guest", "%.1f s", time.Since(begun).Seconds())
	if !strings.Contains(out, "100 %") {
		m.t.Errorf("the installation tells no progress:\n%s", out)
	}
	m.wishes("try")
	m.sh("rm /data/counter/update/*; setpriv --reuid=901 --regid=901 --clear-groups touch /run/counter/trial")
	m.restarted()
}

// lay puts a bundle where the agent of updates would.
func (m *machine) lay(sum string) {
	m.t.Helper()
	m.sh("mkdir -p /tmp/bundles && mount -t erofs -o ro /dev/vdb /tmp/bundles && install -d -o 901 -g 901 -m 0700 /data/counter/update && install -o 901 -g 901 -m 0600 /tmp/bundles/" +
		sum + " /data/counter/update/ && umount /tmp/bundles")
}

// idles waits for the idle screen of this start: the panel keeps its picture from before, so the program comes first.
func (m *machine) idles() {
	m.t.Helper()
	for end := time.Now().Add(2 * patience); ; time.Sleep(time.Second) {
		if out, _ := m.run("systemctl", "is-active", "counter", "madoguchi-install.socket"); out == "active\nactive\n" {
			break
		}
		if time.Now().After(end) {
			m.fail("counter does not start")
		}
	}
	m.showsOf(func() []display.Screen { return atRests(m.config) })
}

// newest is the version that counter says it is, in each of the bundles.
const newest = "v2.0.0"

// TestUpdate installs on real slots with verity: a good bundle is tried by a start with the flag and comes into force by the gate; one whose counter does not start falls
// back by itself and says why; one that somebody else signed is not written. An older version that city hall assigns, signed as it must be, is refused by the box before it is fetched.
func TestUpdate(tt *testing.T) {
	tokyo(tt)
	begun := time.Now()
	t := keepLog(tt, "update.txt")
	lap := func(what string) { t.Logf("%6.1f s  %s", time.Since(begun).Seconds(), what) }
	guest, err := filepath.Abs(filepath.Join(top, ".tools/guest"))
	must(t, err)
	work := t.TempDir()
	key, cert := bundleKey(t, work, "release")
	foreignKey, foreignCert := bundleKey(t, work, "foreign")
	h := startHall(t)
	u := newUpdater(h)
	b := &bundler{t: t, root: builtRoot(t, guest, newest, cert), to: filepath.Join(work, "bundles")}
	const root = "/usr/share/madoguchi/root.json"
	write(t, filepath.Join(b.root, root), u.root(), 0o644)
	must(t, os.Mkdir(b.to, 0o755))
	b.versioned("1")
	image, initrd := filepath.Join(work, "root.erofs"), filepath.Join(work, "initrd")
	builtImage(t, b.root, image)
	kernel := builtInitrd(t, guest, builtModule(t, guest), initrd)
	b.images = builtCard(t, image, kernel)
	card := filepath.Join(b.images, "sdcard.img")
	b.versioned("2")
	good := b.bundle("2", key, cert)
	foreign := b.bundle("2", foreignKey, foreignCert)
	b.versioned("3")
	write(t, filepath.Join(b.root, "usr/lib/systemd/system/counter.service.d/bad.conf"), "[Service]\nExecStart=\nExecStart=/usr/libexec/madoguchi/missing\n", 0o644)
	bad := b.bundle("3", key, cert)
	disk := filepath.Join(work, "bundles.erofs")
	command(t, "mkfs.erofs", disk, b.to)
	lap("card and three bundles are made")

	config := h.config("box1")
	config.UpdateRoot = root
	m := newMachine(t, config, card, initrd, h.address(), nil)
	m.more = []string{"-drive", "file=" + disk + ",if=none,id=bundles,format=raw,readonly=on", "-device", "virtio-blk-pci,drive=bundles"}
	command(t, "mcopy", "-s", "-i", partition(t, m.card, 1), h.provision(config), "::")
	m.powerOn()
	m.idles()
	m.runs("A", "A", "1")
	lap("version 1 runs")

	m.lay(foreign)
	if out, status := m.wish("check", foreign); status == 0 || !strings.Contains(out, "refused") {
		t.Errorf("a bundle that somebody else signed: status %d, %s", status, out)
	}
	if out, status := m.wish("install", foreign); status == 0 || !strings.Contains(out, "signature") {
		t.Errorf("a bundle that somebody else signed: status %d, %s", status, out)
	}
	m.sh("rm /data/counter/update/*")
	m.runs("A", "A", "1")
	if out, status := m.run("/usr/libexec/bench/agent", "wish", "try"); status == 0 {
		t.Errorf("root, who is not counter, may ask: %s", out)
	}
	lap("somebody else's bundle is refused")

	m.installs(good)
	m.idles()
	lap("version 2 was installed, and started on trial")
	m.runs("B", "A", "2")
	for end := time.Now().Add(15 * time.Minute); !strings.Contains(m.sh("journalctl -b -u madoguchi-gate --no-pager -o cat"), "slot B is in force"); time.Sleep(5 * time.Second) {
		if time.Now().After(end) {
			m.fail("the gate does not bring slot B into force: %s", m.ask("journalctl -b -u madoguchi-gate --no-pager"))
		}
	}
	m.runs("B", "B", "2")
	lap("the gate has brought it into force")

	m.installs(bad)
	lap("version 3, which does not start, was installed and started on trial")
	m.restarted()
	m.idles()
	m.runs("B", "B", "2")
	if why := m.sh("cat /run/madoguchi/fell-back"); why != "slot A did not come up" {
		t.Errorf("the box says %q of it", why)
	}
	lap(fmt.Sprintf("version 2 runs again, and says why: %s", m.sh("cat /run/madoguchi/fell-back")))

	u.assigns("box1", "v1.4.2")
	m.says("counter", "refused.older: ")
	m.runs("B", "B", "2")
	lap("an older version is refused: " + m.sh("journalctl -b --no-pager -o cat -u counter | sed -n 's/.*refused.older: older: \\(.*\\)\"$/\\1/p' | tail -n 1"))
}
