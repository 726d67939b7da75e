// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/qemu"
)

// top is the folder of this module.
const top = "../../.."

// kept are the parts of Debian's packages that the box's root takes; the rest is for people who log in.
var kept = []string{"bin", "sbin", "lib", "usr/bin", "usr/sbin", "usr/lib", "usr/share/dbus-1", "etc/dbus-1", "etc/mke2fs.conf", "etc/libccid_Info.plist"}

// left are parts of these that it does not.
var left = []string{"lib/modules", "usr/lib/linux-kbuild-6.1", "usr/lib/systemd/system/systemd-timesyncd.service", "lib/systemd/system-preset"}

// benchFiles is what the bench adds to the root: writable places that Buildroot makes in its own way, users that Debian's packages make
// when they are installed, and the test's hand.
var benchFiles = map[string]string{
	"etc/fstab":                     "tmpfs /var tmpfs mode=0755 0 0\ntmpfs /tmp tmpfs mode=1777 0 0\n",
	"etc/machine-id":                "",
	"usr/lib/sysusers.d/bench.conf": "u chrony -\nu messagebus -\ng kvm -\ng input -\ng render -\ng sgx -\n",
	"usr/lib/tmpfiles.d/bench.conf": "d /var/lib 0755 root root -\n",
	"usr/lib/systemd/system/bench-agent.service": "[Unit]\nDescription=Hand of the bench\nDefaultDependencies=no\nAfter=systemd-udevd.service\n" +
		"[Service]\nExecStart=/usr/libexec/bench/agent serve\nRestart=always\n[Install]\nWantedBy=sysinit.target\n",
	"usr/lib/systemd/system-preset/40-bench.preset": "enable bench-agent.service\n",
}

// command runs a program and gives what it wrote.
func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: run `make setup`\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, content string, mode fs.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), mode))
}

// builtPrograms builds the box's programs and the bench's hand for arm64, as Makefile and the Buildroot package do.
func builtPrograms(t testing.TB, dir, version string) {
	t.Helper()
	sysroot, err := filepath.Abs(filepath.Join(top, ".tools/arm64"))
	must(t, err)
	for _, p := range []struct{ pkg, to, cgo string }{
		{"./cmd/counter", "usr/libexec/madoguchi/counter", "1"}, {"./cmd/link", "usr/libexec/madoguchi/link", "0"}, {"./cmd/installer", "usr/libexec/madoguchi/installer", "0"},
		{"./cmd/internal/bench/agent", "usr/libexec/bench/agent", "0"},
	} {
		c := exec.Command("go", "build", "-ldflags", "-s -w -X main.version="+version, "-o", filepath.Join(dir, p.to), p.pkg)
		c.Dir = top
		c.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED="+p.cgo, "CC=aarch64-linux-gnu-gcc",
			"PKG_CONFIG_LIBDIR="+sysroot+"/usr/lib/aarch64-linux-gnu/pkgconfig", "PKG_CONFIG_SYSROOT_DIR="+sysroot)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("building %s for arm64: %v: run `make setup`\n%s", p.pkg, err, out)
		}
	}
}

// builtModule builds the board's kernel module against the guest's kernel.
func builtModule(t testing.TB, guest string) string {
	t.Helper()
	headers, err := filepath.Glob(filepath.Join(guest, "usr/src/linux-headers-*-arm64"))
	if err != nil || len(headers) != 1 {
		t.Fatalf("%d kernel headers in %s: run `make setup`", len(headers), guest)
	}
	dir := t.TempDir()
	command(t, "cp", "-rT", filepath.Join(top, "buildroot/bench/board"), dir)
	command(t, "make", "-s", "-C", headers[0], "M="+dir, "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "CC=aarch64-linux-gnu-gcc-12", "modules")
	command(t, "aarch64-linux-gnu-strip", "--strip-debug", filepath.Join(dir, "counterboard.ko"))
	return filepath.Join(dir, "counterboard.ko")
}

// debianTree copies the packages' programs into a root whose /bin, /sbin and /lib are links, as they are on every system of today.
func debianTree(t testing.TB, guest, root string) {
	t.Helper()
	for _, d := range []string{"bin", "sbin", "lib"} {
		must(t, os.MkdirAll(filepath.Join(root, "usr", d), 0o755))
		must(t, os.Symlink("usr/"+d, filepath.Join(root, d)))
	}
	for _, part := range kept {
		from := filepath.Join(guest, part)
		err := filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(guest, p)
			if err != nil {
				return err
			}
			if slices.Contains(left, rel) {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			to := filepath.Join(root, rel) // through the links
			switch {
			case d.IsDir():
				return os.MkdirAll(to, 0o755)
			case d.Type()&fs.ModeSymlink != 0:
				target, err := os.Readlink(p)
				if err != nil {
					return err
				}
				if _, err := os.Lstat(to); err == nil {
					return nil
				}
				return os.Symlink(target, to)
			}
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			return os.WriteFile(to, data, info.Mode().Perm())
		})
		must(t, err)
	}
}

// builtRoot makes the box's root in a folder: Debian's programs where Buildroot would build its own, then what the image's tree adds, by its
// own script.
func builtRoot(t testing.TB, guest, version, keyring string) string {
	t.Helper()
	root := t.TempDir()
	debianTree(t, guest, root)
	for _, d := range []string{"proc", "sys", "dev", "run", "tmp", "var", "mnt", "root", "home", "srv", "etc"} {
		must(t, os.MkdirAll(filepath.Join(root, d), 0o755))
	}
	tree := filepath.Join(top, "buildroot")
	command(t, "cp", "-aT", filepath.Join(tree, "board/common/rootfs-overlay"), root)
	for name, text := range benchFiles {
		write(t, filepath.Join(root, name), text, 0o644)
	}
	must(t, os.Symlink("../proc/self/mounts", filepath.Join(root, "etc/mtab")))
	must(t, os.MkdirAll(filepath.Join(root, "etc/chrony"), 0o755))
	must(t, os.Symlink("../chrony.conf", filepath.Join(root, "etc/chrony/chrony.conf"))) // where Debian's looks
	command(t, "cp", filepath.Join(guest, "usr/share/zoneinfo/Asia/Tokyo"), filepath.Join(root, "etc/localtime"))
	builtPrograms(t, root, version)
	must(t, os.Symlink("counter", filepath.Join(root, "usr/libexec/madoguchi/slots")))
	command(t, "systemd-sysusers", "--root="+root)
	c := exec.Command(filepath.Join(tree, "board/common/post-build.sh"), root, "qemu")
	c.Env = append(os.Environ(), "MADOGUCHI_KEYRING="+keyring, "SOURCE_DATE_EPOCH="+buildTime)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("post-build.sh: %v\n%s", err, out)
	}
	// The script leaves lines that Debian's RAUC does not know.
	conf := filepath.Join(root, "etc/rauc/system.conf")
	text, err := os.ReadFile(conf)
	must(t, err)
	must(t, os.WriteFile(conf, []byte(strings.Replace(string(text), "prevent-late-fallback=true\n", "", 1)), 0o644))
	command(t, "systemctl", "--root="+root, "preset-all")
	os.Remove(filepath.Join(root, "etc/systemd/system/default.target"))
	must(t, os.Symlink("/usr/lib/systemd/system/multi-user.target", filepath.Join(root, "etc/systemd/system/default.target")))
	return root
}

// buildTime is SOURCE_DATE_EPOCH of the images made here.
const buildTime = "1787088000"

// builtImage packs a root.
func builtImage(t testing.TB, root, to string) {
	t.Helper()
	command(t, "mkfs.erofs", "-zlz4", "-T"+buildTime, "-U00000000-0000-0000-0000-000000000000", "--all-root", to, root)
}

// modules are what the bench's kernel loads because Debian's has them apart; the box's own kernel has them built in.
var modules = []string{"virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "crc32c_generic", "erofs", "ext4", "vfat", "nls_cp437", "nls_ascii",
	"xhci-pci", "nf_tables", "nft_ct", "nft_limit", "nft_log", "dm-crypt", "dm-verity", "loop", "squashfs"}

// init is the guest's first program: what the box's own kernel does by itself, with the root that the board's firmware named.
const initScript = `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for m in $($b cat /modules/order); do $b insmod $m || echo "init: $m is missing"; done
root=$($b sed -n 's/.*root=PARTUUID=6d616475-0\([0-9]\).*/\1/p' /proc/cmdline)
tries=200
until $b mount -t erofs -o ro /dev/vda$root /root 2>/last; do
  $b usleep 50000
  tries=$((tries - 1))
  [ $tries -gt 0 ] || { $b cat /last; $b dmesg; $b poweroff -f; }
done
$b mount --move /dev /root/dev
$b umount /sys
$b umount /proc
exec $b switch_root /root /lib/systemd/systemd
`

// builtInitrd makes the guest's first file system.
func builtInitrd(t testing.TB, guest, board, to string) (kernel string) {
	t.Helper()
	m, err := qemu.NewImage(guest)
	must(t, err)
	kernel, err = m.Kernel()
	must(t, err)
	var order []string
	for _, name := range modules {
		files, err := m.Module(name)
		must(t, err)
		for _, f := range files {
			if !slices.Contains(order, f) {
				order = append(order, f)
			}
		}
	}
	must(t, m.Copy("bin/busybox"))
	must(t, m.Program(board, "/modules/counterboard.ko"))
	m.Put("/modules/order", 0o644, []byte(strings.Join(append(order, "/modules/counterboard.ko"), "\n")+"\n"))
	m.Put("/init", 0o755, []byte(initScript))
	for _, d := range []string{"/proc", "/sys", "/dev", "/root"} {
		m.Dir(d)
	}
	f, err := os.Create(to)
	must(t, err)
	_, err = m.WriteTo(f)
	must(t, err)
	must(t, f.Close())
	return kernel
}

// builtCard makes the card's image by the image's own script, with root and kernel in both slots.
func builtCard(t testing.TB, rootImage, kernel string, env ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	command(t, "cp", rootImage, filepath.Join(dir, "rootfs.erofs"))
	command(t, "cp", kernel, filepath.Join(dir, "Image"))
	c := exec.Command(filepath.Join(top, "buildroot/board/common/post-image.sh"), dir, "qemu")
	c.Env = append(append(os.Environ(), "SOURCE_DATE_EPOCH="+buildTime), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("post-image.sh: %v\n%s", err, out)
	}
	return dir
}

// partition is where a partition of the card begins, for mtools: "FILE@@OFFSET".
func partition(t testing.TB, card string, n int) string {
	t.Helper()
	for line := range strings.Lines(command(t, "sfdisk", "-d", card)) {
		var start int64
		if name, rest, ok := strings.Cut(line, " : start="); ok && strings.HasSuffix(name, fmt.Sprint(n)) {
			fmt.Sscan(rest, &start)
			return fmt.Sprintf("%s@@%d", card, start*512)
		}
	}
	t.Fatalf("the card has no partition %d", n)
	return ""
}
