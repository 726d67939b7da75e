// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/card/vscard"
	"madoguchi/cmd/internal/qemu"
	"madoguchi/device"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

const (
	memory = 448 // MiB; a Zero 2 W has 512
	cpus   = 2
	cpu    = "cortex-a53" // of a Zero 2 W
)

// patience is the limit of any single wait, on a loaded machine.
var patience = 6 * time.Minute

// machine is the box and what stands around it.
type machine struct {
	t      testing.TB
	config device.Config
	dir    string
	card   string // image of the SD card
	initrd string
	port   string // of the broker on this machine
	firm   *firmware
	board  *Board
	on     started
	more   []string // arguments of QEMU

	vm      *qemu.Machine
	console *os.File
	ram     string
	begun   time.Time
	ctl     net.Conn
	replies *bufio.Reader
	qmp     *monitor

	drawings map[string]*mono.Image // screens that were waited for

	mu   sync.Mutex
	pull func() // takes the card out; nil: there is none
}

// newPanel is a panel whose full refresh takes half as long as a real one's, and whose partial one a little longer: the driver doubts a panel that is too quick, and a
// loaded guest sees BUSY rise late. It is still far from the slow kind of glass (0.7 s).
func newPanel() *epdtest.Emulator {
	o := epdtest.DefaultSSD1683
	o.FullTime, o.PartialTime = 2*time.Second, 500*time.Millisecond
	return epdtest.NewSSD1683(&o)
}

// newMachine makes what outlives a power cut. card is copied; broker is "127.0.0.1:PORT".
func newMachine(t testing.TB, c device.Config, card, initrd, broker string, key []byte) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "bench") // short: sockets lie in it
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	// The guest's memory lies where nobody writes it to a disk, if there is such a place.
	quick, err := os.MkdirTemp("/dev/shm", "bench")
	if err != nil {
		quick = dir
	}
	t.Cleanup(func() { os.RemoveAll(quick) })
	m := &machine{t: t, config: c, drawings: map[string]*mono.Image{}, dir: dir, card: filepath.Join(dir, "card.img"), initrd: initrd, port: broker, ram: filepath.Join(quick, "ram")}
	command(t, "cp", "--sparse=always", card, m.card)
	must(t, os.Truncate(m.card, 4<<30)) // a card is larger than what is written to it
	m.firm = &firmware{card: m.card, dir: dir}
	m.board, err = NewBoard(filepath.Join(quick, "board"), newPanel(), key)
	must(t, err)
	t.Cleanup(func() {
		if m.vm != nil {
			m.cut()
		}
		must(t, m.board.Close())
	})
	return m
}

// powerOn starts the machine.
func (m *machine) powerOn() {
	m.t.Helper()
	m.begun = time.Now()
	m.on = m.firm.start(m.t, memory, cpus)
	var err error
	m.console, err = os.Create(filepath.Join(m.dir, "console"))
	must(m.t, err)
	ctl, qmp := filepath.Join(m.dir, "ctl"), filepath.Join(m.dir, "qmp")
	os.Remove(ctl)
	os.Remove(qmp)
	os.Remove(m.ram)
	m.vm, err = qemu.Start(qemu.Opts{Kernel: m.on.kernel, Initrd: m.initrd, Append: m.on.cmdline + " systemd.journald.forward_to_console=1 systemd.journald.max_level_console=notice", Console: m.console, Memory: memory, CPUs: cpus, More: append([]string{
		"-cpu", cpu, "-dtb", m.on.dtb,
		"-object", fmt.Sprintf("memory-backend-file,id=ram,size=%dM,mem-path=%s,share=on", memory, m.ram), "-machine", "memory-backend=ram",
		"-object", fmt.Sprintf("memory-backend-file,id=board,size=%d,mem-path=%s,share=on", memSize, m.board.Path()), "-device", "ivshmem-plain,memdev=board",
		// What the guest has written is in this machine's page cache, and survives the guest's end: nobody need wait for a disk.
		"-drive", "file=" + m.card + ",if=none,id=card,format=raw,cache=unsafe", "-device", "virtio-blk-pci,drive=card",
		"-device", "virtio-serial-pci", "-chardev", "socket,id=ctl,path=" + ctl + ",server=on,wait=off", "-device", "virtserialport,chardev=ctl,name=bench",
		"-netdev", "user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:8883-cmd:" + os.Args[0] + " relay " + m.port, "-device", "virtio-net-pci,netdev=net,romfile=",
		"-qmp", "unix:" + qmp + ",server=on,wait=off",
	}, m.more...)})
	must(m.t, err)
	m.ctl = m.dial(ctl)
	m.replies = bufio.NewReader(m.ctl)
	m.qmp = newMonitor(m.t, m.dial(qmp))
}

// dial reaches a socket that QEMU is about to make.
func (m *machine) dial(path string) net.Conn {
	m.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("unix", path)
		if err == nil {
			return c
		}
		if said := m.vm.Said(); said != "" || time.Now().After(end) {
			m.t.Fatalf("QEMU does not answer: %v%s", err, said)
		}
	}
}

// cut takes the power away.
func (m *machine) cut() {
	m.t.Helper()
	m.out()
	must(m.t, m.vm.Close())
	m.gone()
}

// gone clears up after a machine that has ended.
func (m *machine) gone() {
	m.vm = nil
	for _, c := range []io.Closer{m.ctl, m.qmp, m.console} {
		c.Close()
	}
	m.board.PowerOff()
}

// restarted waits for the guest to restart by itself, does what the board's firmware does, and starts it again.
func (m *machine) restarted() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := m.vm.Wait(ctx); err != nil {
		m.fail("the guest does not restart: %v", err)
	}
	end, arg := m.board.Ended()
	m.out()
	m.gone()
	m.firm.try = end == EndRestart && arg == "0 tryboot"
	m.powerOn()
}

// lives fails the test if the guest has ended by itself.
func (m *machine) lives() {
	m.t.Helper()
	select {
	case <-m.vm.Ended():
		end, arg := m.board.Ended()
		m.fail("the guest has ended by itself (%v %q)", end, arg)
	default:
	}
}

// run runs a program in the guest and gives what it wrote.
func (m *machine) run(argv ...string) (string, int) {
	m.t.Helper()
	return m.runWith(nil, argv...)
}

func (m *machine) runWith(input []byte, argv ...string) (string, int) {
	m.t.Helper()
	must(m.t, m.ctl.SetDeadline(time.Now().Add(patience)))
	b, err := json.Marshal(map[string]any{"argv": argv, "input": input})
	must(m.t, err)
	_, err = m.ctl.Write(append(b, '\n'))
	must(m.t, err)
	line, err := m.replies.ReadBytes('\n')
	if err != nil {
		m.t.Fatalf("the guest does not answer %q: %v%s", argv, err, m.said())
	}
	var r struct {
		Out    string
		Status int
	}
	must(m.t, json.Unmarshal(line, &r))
	return r.Out, r.Status
}

// sh runs a line of shell, which must end well.
func (m *machine) sh(line string) string {
	m.t.Helper()
	out, status := m.run("/bin/sh", "-c", line)
	if status != 0 {
		m.fail("%s: status %d\n%s", line, status, out)
	}
	return strings.TrimSpace(out)
}

// fail ends the test with the panel's picture and what the guest says: its units, its journal, its console.
func (m *machine) fail(format string, args ...any) {
	m.t.Helper()
	m.savePicture("failed.png")
	text, _ := os.ReadFile(filepath.Join(m.dir, "console"))
	_ = os.WriteFile(filepath.Join(pictures, "console.txt"), text, 0o644)
	if len(text) > 4<<10 {
		text = text[len(text)-4<<10:]
	}
	journal := m.ask("systemctl --failed --no-legend; systemctl list-jobs --no-legend; journalctl -b --no-pager -o short-monotonic -p warning | grep -v 'kernel: audit' | tail -n 60; " +
		"journalctl -b --no-pager -o short-monotonic -u counter -u link -u pcscd -u madoguchi-data -u madoguchi-provision | tail -n 60")
	m.t.Fatalf(format+"%s\n--- journal\n%s\n--- console\n%s", append(args, m.said(), journal, bytes.ReplaceAll(text, []byte("\r"), nil))...)
}

// ask is sh for a guest that may no longer answer.
func (m *machine) ask(line string) string {
	if m.vm == nil {
		return ""
	}
	select {
	case <-m.vm.Ended():
		return ""
	default:
	}
	b, _ := json.Marshal(map[string]any{"argv": []string{"/bin/sh", "-c", line}})
	_ = m.ctl.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := m.ctl.Write(append(b, '\n')); err != nil {
		return err.Error()
	}
	reply, err := m.replies.ReadBytes('\n')
	if err != nil {
		return err.Error()
	}
	var r struct{ Out string }
	_ = json.Unmarshal(reply, &r)
	return r.Out
}

func (m *machine) said() string {
	if m.vm == nil {
		return ""
	}
	return m.vm.Said()
}

// insert puts a card into the reader.
func (m *machine) insert(c *simcard.Card) {
	m.t.Helper()
	conn, err := net.Dial("tcp", m.vm.Card())
	must(m.t, err)
	inside, out := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- vscard.Serve(inside, conn, c) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pull = func() {
		out()
		<-served
	}
}

// out takes the card out, if there is one.
func (m *machine) out() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pull != nil {
		m.pull()
		m.pull = nil
	}
}

// monitor is QEMU's own control port.
type monitor struct {
	t    testing.TB
	conn net.Conn
	in   *json.Decoder
}

func (q *monitor) Close() error {
	if q == nil {
		return nil
	}
	return q.conn.Close()
}

func newMonitor(t testing.TB, conn net.Conn) *monitor {
	t.Helper()
	q := &monitor{t: t, conn: conn}
	q.in = json.NewDecoder(q.conn)
	var greeting map[string]any
	must(t, q.in.Decode(&greeting))
	q.do("qmp_capabilities", nil)
	return q
}

// do runs one command of the monitor.
func (q *monitor) do(name string, args map[string]any) {
	q.t.Helper()
	cmd := map[string]any{"execute": name}
	if args != nil {
		cmd["arguments"] = args
	}
	must(q.t, q.conn.SetDeadline(time.Now().Add(patience)))
	must(q.t, json.NewEncoder(q.conn).Encode(cmd))
	for {
		var reply map[string]any
		must(q.t, q.in.Decode(&reply))
		if e, bad := reply["error"]; bad {
			q.t.Fatalf("QEMU refuses %s: %v", name, e)
		}
		if _, ok := reply["return"]; ok {
			return
		}
	}
}
