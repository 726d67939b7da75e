// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/vscard"
	"madoguchi/cmd/internal/qemu"
)

// guestPatience is how long the guest may take on a loaded machine; on two free
// cores it is done in about 15 s.
const guestPatience = 5 * time.Minute

// guestInit is the guest's only process: it loads the drivers, starts the card
// service and does what the test asks, each between two marks.
const guestInit = `#!/bin/busybox sh
b=/bin/busybox
export PATH=/usr/bin:/usr/sbin
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for m in $($b cat /modules/order); do $b insmod $m; done
# Without udev pcscd looks for readers once, when it starts: wait for QEMU's.
until $b grep -qs 08e6 /sys/bus/usb/devices/*/idVendor; do $b usleep 50000; done
pcscd --foreground >/pcscd.log 2>&1 &
until [ -S /run/pcscd/pcscd.comm ]; do $b usleep 50000; done
run() {
  echo "BEGIN $*"
  "$@" 2>&1
  echo "END $?"
}
. /test
echo "UPTIME $($b cat /proc/uptime)"
$b poweroff -f
`

// TestGuest boots Debian's arm64 kernel in QEMU with a USB card reader that holds
// a simulated card. There Debian's libccid, pcscd and OpenSC and our own program,
// built for arm64, find reader and card. QEMU's reader says that it has a PIN pad.
func TestGuest(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), guestPatience)
	defer cancel()
	root := moduleRoot(t)
	kernel, image := guestImage(t, root, crossBuilt(t, root), `
until opensc-tool --list-readers | $b grep Yes; do $b usleep 200000; done
run opensc-tool --list-readers
run opensc-tool --atr
run opensc-tool --name
run pkcs15-tool --list-pins
run pkcs15-tool --verify-pin --auth-id 01 --pin 1234
run pkcs15-tool --verify-pin --auth-id 02 --pin ABC124
run counter card readers --json
run counter card status --json --wait 60s
run counter card selftest --wait 60s
counter card watch --json >/watch.log &
until $b grep -q present /watch.log; do $b usleep 50000; done
echo "PULL"
until $b grep -q empty /watch.log; do $b usleep 50000; done
echo "INSERT"
until [ $($b grep -c present /watch.log) = 2 ]; do $b usleep 50000; done
run $b cat /watch.log
`)
	start := time.Now()
	console := &terminal{}
	m, err := qemu.Start(qemu.Opts{Kernel: kernel, Initrd: image, Console: console})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	c := sample(t, "adult")
	var pull func()
	insert := func() {
		conn, err := net.Dial("tcp", m.Card())
		if err != nil {
			t.Error(err)
			return
		}
		inside, out := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- vscard.Serve(inside, conn, c) }()
		pull = func() {
			out()
			if err := <-served; err != nil {
				t.Errorf("the card ended with %v", err)
			}
		}
	}
	insert()
	console.on("PULL", func() { pull() })
	console.on("INSERT", func() { insert() })
	err = m.Wait(ctx)
	took := time.Since(start)
	m.Close()
	pull()
	if err != nil {
		t.Fatalf("%v; the console:\n%s", err, console)
	}
	t.Logf("guest done after %.1f s; %d commands reached the card", took.Seconds(), len(c.Log()))
	did := programs(console.String())
	for _, r := range []struct {
		program string
		words   []string
	}{
		{"pkcs15-tool --verify-pin --auth-id 01 --pin 1234", nil},
		{"opensc-tool --list-readers", []string{"Gemalto Gemplus USB SmartCard Reader 433-Swap [CCID Interface]", "Yes", "PIN pad"}},
		{"opensc-tool --atr", []string{"3b:65:00:00:01:02:03:04:05"}},
		{"opensc-tool --name", []string{"jpki"}},
		{"pkcs15-tool --list-pins", []string{"Tries left     : 3", "Tries left     : 5"}},
		{"counter card readers --json", []string{`"presence":"present","chosen":true,"own_pad":"not_used"`}},
		{"counter card selftest --wait 60s", []string{"ok    answers of a My Number Card", "ok    end of the login certificate", "ok    card again after its power was off"}},
		{"/bin/busybox cat /watch.log", []string{`"presence":"present"`, `"presence":"empty"`}},
	} {
		p := did[r.program]
		if p.status != "0" {
			t.Errorf("%s ended with %q:\n%s", r.program, p.status, p.out)
		}
		for _, w := range r.words {
			if !strings.Contains(p.out, w) {
				t.Errorf("%s: %q is not in what it printed:\n%s", r.program, w, p.out)
			}
		}
	}
	var status struct {
		Species      string
		Tries        map[card.Kind]struct{ Left int }
		AuthEnds     string `json:"login_ends"`
		Applications map[string]bool
	}
	p := did["counter card status --json --wait 60s"]
	if err := json.Unmarshal([]byte(p.out), &status); err != nil {
		t.Fatalf("status ended with %q, %v:\n%s", p.status, err, p.out)
	}
	if status.Species != "my_number" || status.Tries[card.KindRegister].Left != 3 || status.Tries[card.KindSigning].Left != 4 || status.AuthEnds != "2029-12-01" || !status.Applications["juki"] {
		t.Errorf("status %+v", status)
	}
	if n := c.Left(card.KindSigning); n != 4 {
		t.Errorf("after a wrong password %d tries are left, want 4", n)
	}
	for _, m := range c.Misuse() {
		if !strings.Contains(m, "00 CB 3F FF") { // OpenSC looks for another sort of card
			t.Errorf("flagged: %s", m)
		}
	}
	if t.Failed() {
		t.Logf("the console:\n%s", console)
	}
}

// terminal keeps what the guest prints, and acts on lines that ask for it.
type terminal struct {
	mu   sync.Mutex
	text []byte
	acts map[string]func()
}

// on runs do once, on the line that says word.
func (c *terminal) on(word string, do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.acts == nil {
		c.acts = map[string]func(){}
	}
	c.acts[word] = do
}

func (c *terminal) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, b...)
	for word, do := range c.acts {
		if bytes.Contains(c.text, []byte("\n"+word+"\r\n")) {
			delete(c.acts, word)
			do()
		}
	}
	return len(b), nil
}

func (c *terminal) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// done is what one program in the guest printed, and its status.
type done struct{ out, status string }

// programs takes the guest's console apart by its marks.
func programs(console string) map[string]done {
	out, name, text := map[string]done{}, "", ""
	for line := range strings.Lines(strings.ReplaceAll(console, "\r", "")) {
		if n, ok := strings.CutPrefix(line, "BEGIN "); ok {
			name, text = strings.TrimSpace(n), ""
			continue
		}
		if status, ok := strings.CutPrefix(line, "END "); ok {
			out[name] = done{text, strings.TrimSpace(status)}
			continue
		}
		text += line
	}
	return out
}

// moduleRoot is the folder of go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// crossBuilt builds the counter's program as the image has it.
func crossBuilt(t testing.TB, root string) string {
	t.Helper()
	sysroot := filepath.Join(root, ".tools/arm64")
	to := filepath.Join(t.TempDir(), "counter")
	c := exec.Command("go", "build", "-ldflags", "-s -w", "-o", to, "./cmd/counter")
	c.Dir = root
	c.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=1", "CC=aarch64-linux-gnu-gcc",
		"PKG_CONFIG_LIBDIR="+filepath.Join(sysroot, "usr/lib/aarch64-linux-gnu/pkgconfig"), "PKG_CONFIG_SYSROOT_DIR="+sysroot)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("building for arm64: %v: run `make setup`\n%s", err, out)
	}
	return to
}

// guestImage makes the guest's file system around one program and a script.
func guestImage(t testing.TB, root, counter, script string) (kernel, image string) {
	t.Helper()
	m, err := qemu.NewImage(filepath.Join(root, ".tools/guest"))
	if err != nil {
		t.Fatal(err)
	}
	if kernel, err = m.Kernel(); err != nil {
		t.Fatal(err)
	}
	order, err := m.Module("xhci-pci")
	if err != nil {
		t.Fatal(err)
	}
	err = m.Copy("bin/busybox", "usr/sbin/pcscd", "usr/lib/pcsc/drivers/ifd-ccid.bundle", "usr/bin/opensc-tool", "usr/bin/pkcs15-tool",
		"usr/lib/aarch64-linux-gnu/libpcsclite.so.1", "lib/aarch64-linux-gnu/libgcc_s.so.1") // loaded by name
	if err == nil {
		err = m.Program(counter, "/usr/bin/counter")
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Put("/modules/order", 0o644, []byte(strings.Join(order, "\n")+"\n"))
	m.Put("/init", 0o755, []byte(guestInit))
	m.Put("/test", 0o644, []byte(script))
	for _, dir := range []string{"/proc", "/sys", "/dev", "/run/pcscd", "/tmp", "/etc/reader.conf.d"} {
		m.Dir(dir)
	}
	image = filepath.Join(t.TempDir(), "guest.cpio")
	f, err := os.Create(image)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.WriteTo(f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		t.Fatal(err)
	}
	return kernel, image
}
