// SPDX-License-Identifier: Apache-2.0

package qemu_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card/simcard"
	"madoguchi/card/vscard"
	"madoguchi/cmd/internal/qemu"
)

// listed reads an archive back: mode, size and what links point to, by name.
func listed(t *testing.T, archive []byte) (out []string) {
	t.Helper()
	number := func(field int) int {
		n, err := strconv.ParseUint(string(archive[6+8*field:14+8*field]), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	pad := func(n int) int { return (n + 3) &^ 3 }
	for {
		if !bytes.HasPrefix(archive, []byte("070701")) {
			t.Fatalf("no header after %d entries", len(out))
		}
		mode, size, name := number(1), number(6), number(11)
		path := string(archive[110 : 110+name-1])
		data := archive[pad(110+name):][:size]
		if path == "TRAILER!!!" {
			return out
		}
		out = append(out, fmt.Sprintf("%06o %s %q", mode, path, data))
		archive = archive[pad(110+name)+pad(size):]
	}
}

// TestImage: folders come before what is in them, links are followed within the
// packages and not out of them.
func TestImage(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{"lib/aarch64-linux-gnu/x": "", "etc/real": "one", "bundle/Contents/a": "two"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/real", filepath.Join(root, "bundle/Contents/link")); err != nil {
		t.Fatal(err)
	}
	m, err := qemu.NewImage(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Copy("bundle"); err != nil {
		t.Fatal(err)
	}
	m.Put("/init", 0o755, []byte("#!"))
	m.Link("/bin/sh", "busybox")
	m.Dir("/proc")
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	want := []string{`040755 bin ""`, `120777 bin/sh "busybox"`, `040755 bundle ""`, `040755 bundle/Contents ""`, `100644 bundle/Contents/a "two"`,
		`100644 bundle/Contents/link "one"`, `100755 init "#!"`, `040755 proc ""`}
	if diff := cmp.Diff(want, listed(t, b.Bytes())); diff != "" {
		t.Errorf("archive (-want +got):\n%s", diff)
	}
}

// TestMissing: what is not there names the way to get it.
func TestMissing(t *testing.T) {
	if _, err := qemu.NewImage(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("no packages: %v", err)
	}
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "lib/aarch64-linux-gnu"), 0o755); err != nil {
		t.Fatal(err)
	}
	m, err := qemu.NewImage(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Kernel(); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("no kernel: %v", err)
	}
	if _, err := m.Module("xhci-pci"); err == nil {
		t.Error("no module, and no error")
	}
	if err := m.Copy("bin/busybox"); err == nil {
		t.Error("no program, and no error")
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := qemu.Start(qemu.Opts{}); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("no QEMU: %v", err)
	}
}

// TestClose: a machine that stands still ends when it is told to.
func TestClose(t *testing.T) {
	m, err := qemu.Start(qemu.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := m.Wait(ctx); err == nil {
		t.Error("a machine without a guest has ended by itself")
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := m.Wait(context.Background()); err == nil {
		t.Error("a machine that was killed ended well")
	}
}

// A card in the reader of a machine that stands still.
func Example() {
	m, err := qemu.Start(qemu.Opts{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	conn, err := net.Dial("tcp", m.Card())
	if err != nil {
		fmt.Println(err)
		return
	}
	s, _ := simcard.SampleByID("adult", time.Now())
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	fmt.Println(vscard.Serve(ctx, conn, simcard.New(s.Spec)))
	// Output:
	// <nil>
}
