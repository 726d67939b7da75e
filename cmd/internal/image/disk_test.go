// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// buildTime is SOURCE_DATE_EPOCH of the images made here.
const buildTime = "1787088000"

// TestCard makes the card's image twice by post-image.sh, from stand-ins for kernel, firmware and root whose files differ in their times, and
// looks at what is on it.
func TestCard(t *testing.T) {
	first, second := images(t, "rpizero2w", time.Unix(1700000000, 0)), images(t, "rpizero2w", time.Unix(1750000000, 0))
	for _, dir := range []string{first, second} {
		postImage(t, dir, "rpizero2w")
	}
	for _, f := range []string{"autoboot.vfat", "boot-a.vfat", "boot-b.vfat", "sdcard.img"} {
		if a, b := sum(t, filepath.Join(first, f)), sum(t, filepath.Join(second, f)); a != b {
			t.Errorf("%s: two runs give %s and %s", f, a, b)
		}
	}

	card := filepath.Join(first, "sdcard.img")
	table := command(t, "sfdisk", "-d", card)
	if !strings.Contains(table, "label-id: 0x6d616475") {
		t.Errorf("the card has another number:\n%s", table)
	}
	var parts []string // number, size in MiB, type
	var at []int64
	for _, m := range regexp.MustCompile(`sdcard\.img(\d) : start= *(\d+), size= *(\d+), type=(\w+)`).FindAllStringSubmatch(table, -1) {
		var start, size int64
		fmt.Sscan(m[2], &start)
		fmt.Sscan(m[3], &size)
		at = append(at, start*512)
		if m[3] != "" && m[4] != "f" && m[4] != "5" {
			parts = append(parts, fmt.Sprintf("%s %d %s", m[1], size/2048, m[4]))
		}
	}
	if diff := cmp.Diff([]string{"1 32 c", "2 96 c", "3 96 c", "5 384 83", "6 384 83", "7 1024 83"}, parts); diff != "" {
		t.Fatalf("partitions (-want +got):\n%s", diff)
	}
	for i, want := range []map[string]string{
		{"autoboot.txt": read(t, "board/rpi/autoboot.txt"), "bootcode.bin": "firmware", "first-start": "The data partition of this card may be made anew.\n"},
		{"cmdline.txt": read(t, "board/common/cmdline-a.txt"), "config.txt": read(t, "board/rpizero2w/config.txt"), "start_cd.elf": "firmware", "Image": "kernel"},
		{"cmdline.txt": read(t, "board/common/cmdline-b.txt"), "config.txt": read(t, "board/rpizero2w/config.txt"), "overlays/disable-bt.dtbo": "overlay"},
	} {
		for name, content := range want {
			got := command(t, "mtype", "-i", fmt.Sprintf("%s@@%d", card, at[i]), "::"+name)
			if strings.ReplaceAll(got, "\r", "") != content {
				t.Errorf("partition %d: %s holds %q, want %q", i+1, name, got, content)
			}
		}
	}
	for _, f := range []string{"autoboot.vfat", "boot-a.vfat", "boot-b.vfat"} {
		command(t, "fsck.vfat", "-n", filepath.Join(first, f))
	}
	command(t, "fsck.erofs", filepath.Join(first, "rootfs.erofs"))
}

// TestCardNeedsKernel: without a kernel there is no card.
func TestCardNeedsKernel(t *testing.T) {
	dir := images(t, "rpi4", time.Now())
	if err := os.Remove(filepath.Join(dir, "Image")); err != nil {
		t.Fatal(err)
	}
	out, err := postImageCommand(dir, "rpi4").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Image is missing") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestRelease: a release without keys is refused by both scripts; an image for the bench is made and says what it lacks.
func TestRelease(t *testing.T) {
	for _, c := range []struct {
		script, release, says string
		fails                 bool
	}{
		{"post-build.sh", "yes", "a release needs MADOGUCHI_KEYRING", true},
		{"post-build.sh", "no", "this image will take no update", false},
		{"post-image.sh", "yes", "a release needs MADOGUCHI_SIGN_KEY", true},
		{"post-image.sh", "no", "no bundle is made", false},
	} {
		dir := images(t, "rpi4", time.Now())
		for _, d := range []string{"usr/lib", "etc", "usr/bin"} {
			if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := postImageCommand(dir, "rpi4")
		cmd.Path = filepath.Join(tree, "board/common", c.script)
		cmd.Env = append(cmd.Env, "MADOGUCHI_RELEASE="+c.release)
		out, err := cmd.CombinedOutput()
		if (err != nil) != c.fails || !strings.Contains(string(out), c.says) {
			t.Errorf("%s with MADOGUCHI_RELEASE=%s: %v\n%s", c.script, c.release, err, out)
		}
		if c.script == "post-build.sh" && !c.fails {
			conf, err := os.ReadFile(filepath.Join(dir, "etc/rauc/system.conf"))
			if err != nil || !strings.Contains(string(conf), "compatible=madoguchi-rpi4\n") || strings.Contains(string(conf), "@") {
				t.Errorf("system.conf (%v):\n%s", err, conf)
			}
			if st, err := os.Stat(filepath.Join(dir, "usr/lib/clock-epoch")); err != nil || fmt.Sprint(st.ModTime().Unix()) != buildTime {
				t.Errorf("the clock's floor is not the build's time: %v", err)
			}
		}
	}
}

// images is Buildroot's folder of images with stand-ins in it, all written at one time.
func images(t *testing.T, board string, at time.Time) string {
	t.Helper()
	dir := t.TempDir()
	r := rand.NewChaCha8([32]byte{}) // content that does not compress, the same each time
	root := make([]byte, 256<<10)
	r.Read(root)
	write := func(name, content string) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("root/lib/program", string(root))
	command(t, "mkfs.erofs", "-T"+buildTime, "-U00000000-0000-0000-0000-000000000000", "--all-root", filepath.Join(dir, "rootfs.erofs"), filepath.Join(dir, "root"))
	write("Image", "kernel")
	write("bcm2710-rpi-zero-2-w.dtb", "tree")
	write("rpi-firmware/autoboot.txt", read(t, "board/rpi/autoboot.txt"))
	write("rpi-firmware/bootcode.bin", "firmware")
	write("rpi-firmware/start_cd.elf", "firmware")
	write("rpi-firmware/fixup_cd.dat", "firmware")
	write("rpi-firmware/config.txt", read(t, "board/"+board+"/config.txt"))
	write("rpi-firmware/overlays/disable-bt.dtbo", "overlay")
	write("rpi-firmware/overlays/disable-wifi.dtbo", "overlay")
	err := filepath.Walk(dir, func(p string, _ os.FileInfo, err error) error {
		return errors.Join(err, os.Chtimes(p, at, at))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func postImageCommand(dir, board string, env ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(tree, "board/common/post-image.sh"), dir, board)
	cmd.Env = append(os.Environ(), append([]string{"SOURCE_DATE_EPOCH=" + buildTime}, env...)...)
	return cmd
}

func postImage(t *testing.T, dir, board string, env ...string) {
	t.Helper()
	for _, p := range []string{"genimage", "mkfs.vfat", "mcopy"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is missing: run make setup", p)
		}
	}
	if out, err := postImageCommand(dir, board, env...).CombinedOutput(); err != nil {
		t.Fatalf("post-image.sh: %v\n%s", err, out)
	}
}

// sum is over a file's written parts and where they lie: the card's image is mostly holes.
func sum(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	fmt.Fprintln(h, st.Size())
	block, zero := make([]byte, 1<<20), make([]byte, 1<<20)
	for at := int64(0); at < st.Size(); {
		data, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		data &^= int64(len(block) - 1) // whole blocks: how a file system lays out holes must not matter
		n, err := f.ReadAt(block, data)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if !bytes.Equal(block[:n], zero[:n]) {
			fmt.Fprintln(h, data)
			h.Write(block[:n])
		}
		at = data + int64(len(block))
	}
	return hex.EncodeToString(h.Sum(nil))
}
