// SPDX-License-Identifier: Apache-2.0

package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"madoguchi/cmd/internal/tail"
)

// program is Debian's qemu-system-arm.
const program = "qemu-system-aarch64"

// Opts describe a machine.
type Opts struct {
	// Kernel and Initrd are files; without a kernel the processor never starts.
	Kernel, Initrd string
	// Append is added to the kernel's command line.
	Append string
	// Console takes what the guest writes to its console; nil: nobody looks.
	Console io.Writer
	// More are further arguments: disks, ports and whatever else the guest is to have. The first file of Files is descriptor 4.
	More  []string
	Files []*os.File
	// Memory is in MiB; default 256. CPUs defaults to 1.
	Memory, CPUs int
}

// Machine is a running QEMU.
type Machine struct {
	card  string
	cmd   *exec.Cmd
	said  tail.Tail
	ended chan struct{}
	err   error // how it ended; read after ended
}

// Start starts a machine. Its reader's socket takes cards when Start returns.
func Start(o Opts) (*Machine, error) {
	if _, err := exec.LookPath(program); err != nil {
		return nil, fmt.Errorf("starting QEMU: %w: run `make setup` (Debian package qemu-system-arm)", err)
	}
	// The socket is made here, so that its port is free and known.
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("starting QEMU: %w", err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		return nil, fmt.Errorf("starting QEMU: %w", err)
	}
	defer f.Close()
	m := &Machine{card: l.Addr().String(), ended: make(chan struct{})}
	if o.Memory == 0 {
		o.Memory = 256
	}
	args := []string{
		"-machine", "virt", "-accel", "tcg", "-cpu", "cortex-a72", "-m", strconv.Itoa(o.Memory), "-smp", strconv.Itoa(max(1, o.CPUs)),
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-device", "qemu-xhci,id=usb",
		"-chardev", "socket,id=card,fd=3,server=on,wait=off", // 3: the first of ExtraFiles
		"-device", "usb-ccid,bus=usb.0,id=reader", "-device", "ccid-card-passthru,chardev=card,bus=reader.0",
	}
	if o.Kernel == "" {
		args = append(args, "-S")
	} else {
		args = append(args, "-serial", "stdio", "-kernel", o.Kernel, "-initrd", o.Initrd, "-append", strings.TrimSpace("console=ttyAMA0 panic=1 quiet "+o.Append))
	}
	args = append(args, o.More...)
	m.cmd = exec.Command(program, args...)
	m.cmd.ExtraFiles = append([]*os.File{f}, o.Files...)
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // no machine outlives a test that is killed
	m.cmd.Stderr = &m.said
	m.cmd.Stdout = o.Console
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting QEMU: %w", err)
	}
	go func() {
		m.err = m.cmd.Wait()
		close(m.ended)
	}()
	return m, nil
}

// Card is the address HOST:PORT of the reader's socket.
func (m *Machine) Card() string { return m.card }

// Ended is closed when the machine has ended.
func (m *Machine) Ended() <-chan struct{} { return m.ended }

// Wait waits for the end of the guest, or ctx's.
func (m *Machine) Wait(ctx context.Context) error {
	select {
	case <-m.ended:
		if m.err != nil {
			return fmt.Errorf("running QEMU: %w%s", m.err, m.Said())
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("running QEMU: %w", ctx.Err())
	}
}

// Said is what QEMU itself complained about.
func (m *Machine) Said() string { return m.said.String() }

// Close ends the machine at once.
func (m *Machine) Close() error {
	if err := m.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending QEMU: %w", err)
	}
	<-m.ended
	return nil
}
