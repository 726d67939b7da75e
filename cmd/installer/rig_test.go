// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"madoguchi/device/bundle"
	"madoguchi/device/slots"
)

// TestMain is also RAUC's back-end: the rooms that the box's own is made of, over files.
func TestMain(m *testing.M) {
	if dir := os.Getenv("MADOGUCHI_TEST_SLOTS"); dir != "" {
		if err := backend(dir, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// place is a small file: autoboot.txt, or the slots' notes.
type place string

func (p place) Read() ([]byte, error) {
	b, err := os.ReadFile(string(p))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return b, err
}

func (p place) Write(b []byte) error { return os.WriteFile(string(p), b, 0o600) }

// open is the slots as they stand after the last start.
func open(dir string) (*slots.Slots, error) {
	_, err := os.Stat(filepath.Join(dir, "tryboot"))
	b := slots.Boot{Partition: 2, Tryboot: err == nil}
	if booted, err := os.ReadFile(filepath.Join(dir, "booted")); err == nil && string(booted) == "B" {
		b.Partition = 3
	}
	return slots.New(place(filepath.Join(dir, "autoboot.txt")), place(filepath.Join(dir, "slots.json")), b)
}

// backend answers as "slots" of cmd/counter does.
func backend(dir string, args []string) error {
	s, err := open(dir)
	if err != nil {
		return err
	}
	name := slots.Name("")
	if len(args) > 1 {
		name = slots.Name(args[1])
	}
	switch args[0] {
	case "get-primary":
		n, err := s.Primary()
		fmt.Println(n)
		return err
	case "set-primary":
		return s.SetPrimary(name)
	case "get-state":
		good, err := s.Good(name)
		fmt.Println(map[bool]string{true: "good", false: "bad"}[good])
		return err
	case "set-state":
		return s.SetState(name, args[2] == "good")
	case "get-current":
		fmt.Println(s.Current())
		return nil
	}
	return fmt.Errorf("unknown call %q", args)
}

const compatible = "madoguchi-bench"

// box is Debian's RAUC with two slots that are files, on a bus of its own, and the installer before it.
type box struct {
	t    *testing.T
	dir  string
	key  string
	cert string
	rauc *exec.Cmd
	*bundle.Client
}

func newBox(t *testing.T, change func(*raucOpts)) *box {
	t.Helper()
	b := &box{t: t, dir: t.TempDir()}
	b.key, b.cert = b.signer("release")
	for _, d := range []string{"bundles", "data", "mnt", "slots"} {
		b.must(os.Mkdir(b.at(d), 0o755))
	}
	text, err := os.ReadFile("../../buildroot/board/rpi/autoboot.txt")
	b.must(err)
	b.write("autoboot.txt", string(text), 0o600)
	for _, p := range []string{"02", "03", "05", "06"} {
		b.write("slots/"+p, strings.Repeat("\x00", 256<<10), 0o600)
	}
	self, err := os.Executable()
	b.must(err)
	b.write("backend", fmt.Sprintf("#!/bin/sh\nMADOGUCHI_TEST_SLOTS=%s exec %s \"$@\"\n", b.dir, self), 0o755)
	b.configure("plain verity")
	b.startBus()
	b.boot("A", false)

	socket := b.at("socket")
	l, err := net.Listen("unix", socket)
	b.must(err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	o := raucOpts{Bundles: b.at("bundles"), Bus: "unix:path=" + b.at("bus"), Call: 30 * time.Second, Stall: time.Minute, Install: 2 * time.Minute}
	if change != nil {
		change(&o)
	}
	go func() { served <- bundle.Serve(ctx, l, &rauc{o}, bundle.ServeOpts{}) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	b.Client = bundle.NewClient(socket)
	return b
}

func (b *box) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) at(name string) string { return filepath.Join(b.dir, name) }

func (b *box) write(name, text string, mode fs.FileMode) {
	b.t.Helper()
	b.must(os.MkdirAll(filepath.Dir(b.at(name)), 0o755))
	b.must(os.WriteFile(b.at(name), []byte(text), mode))
}

// configure makes RAUC's configuration of the image's own. Plain bundles are the one thing that the image does not take: the machine that runs the tests need not have
// the kernel's dm-verity.
func (b *box) configure(formats string) {
	b.t.Helper()
	text, err := os.ReadFile("../../buildroot/ota/system.conf.in")
	b.must(err)
	conf := strings.NewReplacer("@COMPATIBLE@", compatible, "bundle-formats=verity", "bundle-formats="+formats, "/data/rauc", b.at("data"), "/run/rauc", b.at("mnt"),
		"/etc/rauc/keyring.pem", b.cert, "/usr/libexec/madoguchi/slots", b.at("backend"), "/dev/disk/by-partuuid/6d616475-", b.at("slots")+"/").Replace(string(text))
	var lines []string
	for l := range strings.Lines(conf) {
		if !strings.HasPrefix(l, "@1.15@") { // Debian's RAUC does not know these
			lines = append(lines, l)
		}
	}
	b.write("system.conf", strings.Join(lines, ""), 0o644)
}

// program starts a program that `make setup` installs, as root: RAUC mounts bundles. It is ended with the test.
func (b *box) program(name string, args ...string) *exec.Cmd {
	b.t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		b.t.Fatalf("%s is missing: run make setup", name)
	}
	if os.Getuid() != 0 {
		name, args = "sudo", append([]string{"-n", "--preserve-env=DBUS_SYSTEM_BUS_ADDRESS", name}, args...)
	}
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+b.at("bus"))
	log, err := os.CreateTemp(b.dir, name) // a file: what a program leaves behind may hold it open
	b.must(err)
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	b.must(c.Start())
	b.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
		if text, err := os.ReadFile(log.Name()); b.t.Failed() {
			b.t.Logf("%s %q said (%v):\n%s", name, args, err, text)
		}
		log.Close()
	})
	return c
}

func (b *box) startBus() {
	b.t.Helper()
	b.write("bus.conf", `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=`+b.at("bus")+`</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/></policy></busconfig>`, 0o644)
	b.program("dbus-daemon", "--nofork", "--config-file="+b.at("bus.conf"))
	b.await("the message bus", func() bool {
		c, err := net.Dial("unix", b.at("bus"))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// boot starts the board: RAUC's service, with the slot that runs.
func (b *box) boot(slot string, tryboot bool) {
	b.t.Helper()
	b.write("booted", slot, 0o600)
	_ = os.Remove(b.at("tryboot"))
	if tryboot {
		b.write("tryboot", "", 0o600)
	}
	b.endRAUC(syscall.SIGTERM)
	b.rauc = b.program("rauc", "--conf="+b.at("system.conf"), "--override-boot-slot="+slot, "service")
	in := &rauc{raucOpts{Bus: "unix:path=" + b.at("bus"), Call: 10 * time.Second}}
	b.await("RAUC", func() bool {
		_, err := in.Look(context.Background())
		return err == nil
	})
}

// endRAUC ends the service and waits for it.
func (b *box) endRAUC(s syscall.Signal) {
	if b.rauc != nil {
		_ = b.rauc.Process.Signal(s)
		_ = b.rauc.Wait()
		b.rauc = nil
	}
}

// await waits for something that another program does.
func (b *box) await(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("%s does not come", what)
		}
	}
}

// signer makes a key for code and its certificate.
func (b *box) signer(name string) (key, cert string) {
	b.t.Helper()
	key, cert = b.at(name+".key"), b.at(name+".pem")
	b.command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN="+name,
		"-addext", "extendedKeyUsage=critical,codeSigning,emailProtection", "-addext", "keyUsage=digitalSignature", "-keyout", key, "-out", cert)
	return key, cert
}

func (b *box) command(name string, args ...string) {
	b.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		b.t.Fatalf("%s %s: %v: run make setup\n%s", name, strings.Join(args, " "), err, out)
	}
}

// contents is what a bundle is made of; empty fields are the box's own.
type contents struct {
	version    string
	compatible string
	key, cert  string
	root       int    // size of the root in KiB; default 200
	hook       string // script that runs after the boot slot was written
}

// bundle makes a bundle by RAUC itself, lays it where the agent lays payloads, and gives its digest and the root in it.
func (b *box) bundle(c contents) (digest string, root []byte) {
	b.t.Helper()
	if c.key == "" {
		c.key, c.cert = b.key, b.cert
	}
	if c.compatible == "" {
		c.compatible = compatible
	}
	if c.root == 0 {
		c.root = 200
	}
	in, err := os.MkdirTemp(b.dir, "in")
	b.must(err)
	root = bytes.Repeat([]byte(c.version+" "), c.root<<10)[:c.root<<10]
	manifest := fmt.Sprintf("[update]\ncompatible=%s\nversion=%s\n[bundle]\nformat=plain\n[image.boot]\nfilename=boot.vfat\n[image.rootfs]\nfilename=rootfs.img\n", c.compatible, c.version)
	if c.hook != "" {
		manifest = strings.Replace(manifest, "boot.vfat\n", "boot.vfat\nhooks=post-install\n", 1) + "[hooks]\nfilename=hook.sh\n"
		b.must(os.WriteFile(filepath.Join(in, "hook.sh"), []byte("#!/bin/sh\n"+c.hook+"\n"), 0o755))
	}
	b.must(os.WriteFile(filepath.Join(in, "boot.vfat"), bytes.Repeat([]byte("boot "+c.version), 2<<10), 0o644))
	b.must(os.WriteFile(filepath.Join(in, "rootfs.img"), root, 0o644))
	b.must(os.WriteFile(filepath.Join(in, "manifest.raucm"), []byte(manifest), 0o644))
	out := b.at("new.raucb")
	b.command("rauc", "--cert="+c.cert, "--key="+c.key, "--mksquashfs-args=-noD -noF -noI -noX", "bundle", in, out)
	return b.lay(out), root
}

// lay puts a file among the bundles.
func (b *box) lay(file string) string {
	b.t.Helper()
	f, err := os.Open(file)
	b.must(err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	b.must(err)
	sum := hex.EncodeToString(h.Sum(nil))
	b.must(os.Rename(file, filepath.Join(b.at("bundles"), sum)))
	return sum
}

// slots is the state that the back-end keeps.
func (b *box) slots() *slots.Slots {
	b.t.Helper()
	s, err := open(b.dir)
	b.must(err)
	return s
}

// stands compares which slot is in force and which one would be tried.
func (b *box) stands(force, primary slots.Name) {
	b.t.Helper()
	s := b.slots()
	f, err := s.InForce()
	b.must(err)
	p, err := s.Primary()
	b.must(err)
	if f != force || p != primary {
		b.t.Errorf("slot %s is in force and %s the one asked for, want %s and %s", f, p, force, primary)
	}
}

// holds tells whether a slot's root begins with some bytes.
func (b *box) holds(slot slots.Name, root []byte) bool {
	b.t.Helper()
	got, err := os.ReadFile(b.at(map[slots.Name]string{slots.A: "slots/05", slots.B: "slots/06"}[slot]))
	b.must(err)
	return bytes.HasPrefix(got, root)
}

// root runs a program as root.
func (b *box) root(name string, args ...string) {
	b.t.Helper()
	if os.Getuid() != 0 {
		name, args = "sudo", append([]string{"-n", name}, args...)
	}
	b.command(name, args...)
}

// mounted makes a disk of a size.
func (b *box) mounted(dir, size string) {
	b.t.Helper()
	b.must(os.MkdirAll(dir, 0o755))
	b.root("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%s,uid=%d", size, os.Getuid()), "tmpfs", dir)
	b.t.Cleanup(func() { b.root("umount", dir) })
}

// unmountBundle does what a start of the board does after RAUC was killed.
func (b *box) unmountBundle() {
	b.t.Helper()
	b.root("umount", "--lazy", filepath.Join(b.at("mnt"), "bundle"))
}
