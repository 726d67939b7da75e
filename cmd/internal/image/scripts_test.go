// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDataPartition runs the script that opens the data partition, with programs in place of those that need a disk. Each of them writes down what it
// was asked; what must never happen is a format over something that was there, or over what cannot be read any more.
func TestDataPartition(t *testing.T) {
	for _, c := range []struct {
		name   string
		holds  string // what blkid says
		inside string // what blkid says of an open partition
		shut   bool   // it does not open before it is made
		first  bool   // the file first-start lies on the card's first partition
		key    bool   // the board has one
		fsck   string // how fsck ends
		device bool
		rc     int
		want   []string // asked, in order, first words
		state  string
		says   string
	}{
		{name: "first start with a key", first: true, key: true, fsck: "0", device: true, state: "encrypted", says: "making an encrypted partition",
			want: []string{"cryptsetup luksFormat", "cryptsetup open", "mkfs.ext4 /dev/mapper", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}},
		{name: "first start without", first: true, fsck: "0", device: true, state: "plain", says: "NOT encrypted",
			want: []string{"mkfs.ext4 DEVICE", "fsck.ext4 DEVICE", "mount DEVICE"}},
		{name: "beginning lost", key: true, fsck: "0", device: true, rc: 1, says: "nothing is recognised on a partition that was made before"},
		{name: "files lost", holds: "crypto_LUKS", key: true, fsck: "0", device: true, rc: 1, says: "nothing is recognised on a partition that opens", want: []string{"cryptsetup open"}},
		{name: "power cut before the files were made", holds: "crypto_LUKS", first: true, key: true, fsck: "0", device: true, state: "encrypted",
			want: []string{"cryptsetup open", "mkfs.ext4 /dev/mapper", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}},
		{name: "power cut before the key was in", holds: "crypto_LUKS", shut: true, first: true, key: true, fsck: "0", device: true, state: "encrypted", says: "first start",
			want: []string{"cryptsetup open", "cryptsetup luksFormat", "cryptsetup open", "mkfs.ext4 /dev/mapper", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}},
		{name: "no key for it, whatever the card says", holds: "crypto_LUKS", first: true, fsck: "0", device: true, rc: 1, says: "gives no key", want: []string{"cryptsetup open"}},
		{name: "broken and given up", holds: "ext4", first: true, fsck: "$([ -f made ] && echo 0 || echo 8)", device: true, state: "plain", says: "made anew",
			want: []string{"fsck.ext4 DEVICE", "mkfs.ext4 DEVICE", "fsck.ext4 DEVICE", "mount DEVICE"}},
		{name: "encrypted", holds: "crypto_LUKS", inside: "ext4", key: true, fsck: "0", device: true, state: "encrypted",
			want: []string{"cryptsetup open", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}},
		{name: "encrypted, in another board", holds: "crypto_LUKS", inside: "ext4", fsck: "0", device: true, rc: 1, says: "gives no key", want: []string{"cryptsetup open"}},
		{name: "encrypted, with another board's key", holds: "crypto_LUKS", inside: "ext4", shut: true, key: true, fsck: "0", device: true, rc: 1, says: "this board's key does not open",
			want: []string{"cryptsetup open"}},
		{name: "plain, after a power cut", holds: "ext4", fsck: "1", device: true, state: "plain", want: []string{"fsck.ext4 DEVICE", "mount DEVICE"}},
		{name: "plain, in a board with a key", holds: "ext4", key: true, fsck: "0", device: true, state: "plain", want: []string{"fsck.ext4 DEVICE", "mount DEVICE"}},
		{name: "broken", holds: "ext4", fsck: "4", device: true, rc: 1, want: []string{"fsck.ext4 DEVICE"}, says: "needs a new card"},
		{name: "somebody else's", holds: "ntfs", first: true, key: true, fsck: "0", device: true, rc: 1, says: "which this program did not make"},
		{name: "no card", fsck: "0", rc: 1, says: "is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			dev := filepath.Join(dir, "device")
			if c.device {
				put(t, dev, "")
			}
			note := filepath.Join(dir, "card/first-start")
			if c.first {
				put(t, note, "")
			}
			key := "exit 1"
			if c.key {
				key = "printf 0123456789abcdef0123456789abcdef"
			}
			opens := "true"
			if c.shut {
				opens = `{ [ "$1" = luksFormat ] && touch ` + dir + `/formatted || [ -f ` + dir + `/formatted ]; }`
			}
			logged := func(rc string) string {
				return `echo "$(basename "$0") $*" >>` + dir + "/log; exit " + rc
			}
			for name, body := range map[string]string{
				"blkid":   `for a; do :; done; case $a in /dev/mapper/*) echo ` + c.inside + `;; *) echo ` + c.holds + `;; esac`,
				"counter": key, "mkfs.ext4": "touch " + dir + "/made; " + logged("0"), "fsck.ext4": "cd " + dir + "; " + logged(c.fsck), "mount": `[ "$2" = ext4 ] || exit 0; ` + logged("0"), "umount": "",
				// Reads its key as the real one does, and does not open without the right one.
				"cryptsetup": `echo "$(basename "$0") $*" >>` + dir + `/log; test "$(cat)" = 0123456789abcdef0123456789abcdef && ` + opens,
				"install":    `for a; do :; done; mkdir -p "$a"`,
			} {
				put(t, filepath.Join(dir, "bin", name), "#!/bin/sh\n"+body+"\n")
			}
			out, rc := script(t, "data", dir, []string{"DEVICE=" + dev, "DATA=" + dir + "/data", "STATE=" + dir + "/state", "COUNTER=" + dir + "/bin/counter", "WAIT=1",
				"CARD=" + dir, "MOUNT=" + dir + "/card"}, "open")
			if rc != c.rc || !strings.Contains(out, c.says) {
				t.Errorf("ended with %d, says %q", rc, out)
			}
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			var asked []string
			for l := range strings.Lines(string(log)) {
				asked = append(asked, brief(l, dev))
			}
			if diff := cmp.Diff(c.want, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s\n%s", diff, log)
			}
			state, _ := os.ReadFile(filepath.Join(dir, "state/data-state"))
			if got := strings.TrimSpace(string(state)); got != c.state {
				t.Errorf("state %q, want %q", got, c.state)
			}
			// Who has files has no leave to make them any more.
			_, left := os.Stat(note)
			_, made := os.Stat(filepath.Join(dir, "data/made"))
			if c.rc == 0 && (left == nil || made != nil) || c.rc != 0 && (left == nil) != c.first {
				t.Errorf("afterwards: the file first-start: %v, made: %v", left, made)
			}
		})
	}
}

// TestDataWiped: the partition of a box that was wiped is emptied and made anew as on a first start; one with settings, or with the mark of a wipe that has not ended, never is.
func TestDataWiped(t *testing.T) {
	made := []string{"fsck.ext4 /dev/mapper", "mount /dev/mapper", "umount /data", "cryptsetup close", "dd DEVICE", "dd DEVICE", "blkdiscard DEVICE", "cryptsetup luksFormat", "cryptsetup open",
		"mkfs.ext4 /dev/mapper", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}
	for _, c := range []struct {
		name  string
		files []string // in /data/counter
		want  []string
	}{
		{"wiped", []string{"wiped"}, append([]string{"cryptsetup open"}, made...)},
		{"wiped, and the card takes no file", []string{"wiped"}, append([]string{"cryptsetup open"}, made...)},
		{"enrolled since", []string{"wiped", "counter.toml"}, []string{"cryptsetup open", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}},
		{"not at its end", []string{"wiped", "wipe.mark"}, []string{"cryptsetup open", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}},
		{"in service", []string{"counter.toml"}, []string{"cryptsetup open", "fsck.ext4 /dev/mapper", "mount /dev/mapper"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			dev, data := filepath.Join(dir, "device"), filepath.Join(dir, "data")
			put(t, dev, "")
			for _, f := range c.files {
				put(t, filepath.Join(data, "counter", f), "")
			}
			logged := `echo "$(basename "$0") $*" | sed "s|of=||; s|` + data + `|/data|" >>` + dir + "/log\n"
			for name, body := range map[string]string{
				// Nothing is known of a partition of zeros.
				"blkid": "for a; do :; done; case $a in /dev/mapper/*) echo ext4;; *) [ -f " + dir + "/empty ] || echo crypto_LUKS;; esac", "counter": "printf 0123456789abcdef0123456789abcdef",
				"dd": "touch " + dir + "/empty; rm -rf " + data + "/counter; " + logged, "cryptsetup": logged + "[ \"$1\" = close ] || cat >/dev/null",
				"mkfs.ext4": logged, "fsck.ext4": logged, "mount": `[ "$2" = ext4 ] || exit 0; ` + logged, "umount": `[ "$1" = ` + data + ` ] || exit 0; ` + logged, "blkdiscard": logged, "install": `for a; do :; done; mkdir -p "$a"`,
			} {
				put(t, filepath.Join(dir, "bin", name), "#!/bin/sh\n"+body+"\n")
			}
			if c.name != "wiped, and the card takes no file" {
				if err := os.Mkdir(filepath.Join(dir, "card"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			out, rc := script(t, "data", dir, []string{"DEVICE=" + dev, "DATA=" + data, "STATE=" + dir + "/state", "COUNTER=" + dir + "/bin/counter", "WAIT=1",
				"CARD=" + dir, "MOUNT=" + dir + "/card"}, "open")
			if rc != 0 {
				t.Errorf("ended with %d, says %q", rc, out)
			}
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			var asked []string
			for l := range strings.Lines(string(log)) {
				asked = append(asked, strings.TrimSpace(brief(l, dev)))
			}
			if diff := cmp.Diff(c.want, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s\n%s", diff, log)
			}
		})
	}
}

// brief is one logged command: its name, and what it does or what it works on.
func brief(line, dev string) string {
	f := strings.Fields(line)
	for _, w := range f[1:] {
		switch {
		case f[0] == "cryptsetup":
			return "cryptsetup " + w
		case w == dev:
			return f[0] + " DEVICE"
		case strings.HasPrefix(w, "/dev/mapper/"):
			return f[0] + " /dev/mapper"
		}
	}
	return line
}

// TestProvision: the first settings go each to its owner with mode 600, and nothing of them stays on the card; without settings nothing is touched.
func TestProvision(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string // on the card: content
		want  map[string]string // under /data: owner and mode
		rc    int
	}{
		{"all", map[string]string{"counter.toml": "c", "link.toml": "l", "ca.pem": "a", "cert.pem": "e", "key.pem": "k", "ntp.sources": "n", "note.txt": "x"},
			map[string]string{"counter/counter.toml": "counter 0600", "link/link.toml": "link 0600", "link/ca.pem": "link 0600", "link/cert.pem": "link 0600",
				"link/key.pem": "link 0600", "chrony/ntp.sources": "chrony 0600"}, 0},
		{"only the counter's", map[string]string{"counter.toml": "c"}, map[string]string{"counter/counter.toml": "counter 0600"}, 0},
		{"none", map[string]string{"link.toml": "l"}, map[string]string{}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for f, content := range c.files {
				put(t, filepath.Join(dir, "card/provision", f), content)
			}
			for _, d := range []string{"counter", "link", "chrony"} {
				if err := os.MkdirAll(filepath.Join(dir, "data", d), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			// Writes down owner and mode, which only root could give.
			put(t, filepath.Join(dir, "bin/install"), "#!/bin/sh\necho \"$8 $4 $2\" >>"+dir+"/log\ncp \"$7\" \"$8\"\n")
			for _, p := range []string{"mount", "umount", "sync"} {
				put(t, filepath.Join(dir, "bin", p), "#!/bin/sh\n")
			}
			out, rc := script(t, "provision", dir, []string{"DATA=" + dir + "/data", "MOUNT=" + dir + "/card"})
			if rc != c.rc {
				t.Errorf("ended with %d: %s", rc, out)
			}
			got := map[string]string{}
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			for l := range strings.Lines(string(log)) {
				f := strings.Fields(l)
				got[strings.TrimPrefix(f[0], dir+"/data/")] = f[1] + " " + f[2]
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for f := range got {
				if b, err := os.ReadFile(filepath.Join(dir, "data", f)); err != nil || string(b) != c.files[filepath.Base(f)] {
					t.Errorf("%s holds %q (%v)", f, b, err)
				}
			}
			_, errCard := os.Stat(filepath.Join(dir, "card/provision"))
			_, errDone := os.Stat(filepath.Join(dir, "data/provisioned"))
			if took := c.rc == 0; os.IsNotExist(errCard) != took || (errDone == nil) != took {
				t.Errorf("the card's folder: %v; the mark: %v", errCard, errDone)
			}
		})
	}
}

// script runs one of the image's programs with a search path that begins with dir/bin.
func script(t *testing.T, name, dir string, env []string, args ...string) (string, int) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(tree, overlay, "usr/libexec/madoguchi", name))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(append(os.Environ(), "PATH="+dir+"/bin:"+os.Getenv("PATH")), env...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}
