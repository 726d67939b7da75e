// SPDX-License-Identifier: Apache-2.0

package pcscd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/card/vpcd"
	"madoguchi/cmd/internal/tail"
)

// Readers are the names of the virtual reader's two slots.
var Readers = [2]string{"Virtual PCD 00 00", "Virtual PCD 00 01"}

// patience bounds each step inside the namespaces on a loaded machine.
const patience = 20 * time.Second

// Daemon is one private pcscd. Its methods may be called one at a time.
type Daemon struct {
	dir  string
	cmd  *exec.Cmd
	line *net.UnixConn // commands to the process inside, files back
	in   io.Closer     // its life: closed, the process inside ends
	out  tail.Tail
}

// Start makes namespaces and starts a pcscd in them; it returns when clients can
// reach it.
func Start(ctx context.Context) (*Daemon, error) {
	for _, need := range [][2]string{{"pcscd", daemonPath}, {"vsmartcard-vpcd", driverPath}} {
		if _, err := os.Stat(need[1]); err != nil {
			return nil, fmt.Errorf("starting private pcscd: %s is missing: run `make setup` (Debian package %s)", need[1], need[0])
		}
	}
	dir, err := os.MkdirTemp("", "pcscd") // short: a socket's path has 108 bytes
	if err != nil {
		return nil, fmt.Errorf("starting private pcscd: %w", err)
	}
	d := &Daemon{dir: dir}
	if err := d.start(ctx); err != nil {
		said := d.out.String()
		d.Close()
		return nil, fmt.Errorf("starting private pcscd: %w%s", err, said)
	}
	return d, nil
}

func (d *Daemon) start(ctx context.Context) error {
	// The folder stands for /run inside.
	if err := os.MkdirAll(filepath.Join(d.dir, "run", "pcscd"), 0o755); err != nil {
		return err
	}
	conf := fmt.Sprintf("FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x%04X\nLIBPATH %s\nCHANNELID 0x%04X\n", vpcd.Port, driverPath, vpcd.Port)
	if err := os.MkdirAll(filepath.Join(d.dir, "conf"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.dir, "conf", "vpcd"), []byte(conf), 0o644); err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("making a socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "line"), os.NewFile(uintptr(pair[1]), "line")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return err
	}
	d.line = conn.(*net.UnixConn)

	d.cmd = exec.Command("/proc/self/exe")
	d.cmd.Args = []string{inside}
	d.cmd.Env = append(os.Environ(), inside+"="+d.dir)
	d.cmd.ExtraFiles = []*os.File{theirs}
	d.cmd.Stdout, d.cmd.Stderr = &d.out, &d.out
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	if os.Getuid() != 0 {
		d.cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		d.cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		d.cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := d.cmd.Start(); err != nil {
		if errors.Is(err, unix.EPERM) {
			return fmt.Errorf("%w: the kernel allows no namespaces here (in a container: run it with CAP_SYS_ADMIN)", err)
		}
		return err
	}
	_, err = d.ask(ctx, "start")
	return err
}

// Socket is the path of the daemon's socket, for PCSCLITE_CSOCK_NAME.
func (d *Daemon) Socket() string { return filepath.Join(d.dir, "run", "pcscd", "pcscd.comm") }

// Env is what a client program needs in its environment.
func (d *Daemon) Env() string { return "PCSCLITE_CSOCK_NAME=" + d.Socket() }

// Dial connects a card to a slot, 0 or 1: hand the connection to [vpcd.Serve].
func (d *Daemon) Dial(ctx context.Context, slot int) (net.Conn, error) {
	f, err := d.ask(ctx, fmt.Sprintf("dial 127.0.0.1:%d", vpcd.Port+slot))
	if err != nil {
		return nil, fmt.Errorf("connecting card to private pcscd: %w", err)
	}
	defer f.Close()
	return net.FileConn(f)
}

// Kill ends pcscd at once, as a crash would. Restart starts it again at the same
// socket.
func (d *Daemon) Kill(ctx context.Context) error {
	_, err := d.ask(ctx, "kill")
	return err
}

// Restart starts a killed pcscd.
func (d *Daemon) Restart(ctx context.Context) error {
	_, err := d.ask(ctx, "start")
	return err
}

// Close ends everything inside and removes its files.
func (d *Daemon) Close() error {
	if d.in != nil {
		d.in.Close()
	}
	if d.line != nil {
		d.line.Close()
	}
	if d.cmd != nil && d.cmd.Process != nil {
		t := time.AfterFunc(patience, func() { _ = d.cmd.Process.Kill() })
		_ = d.cmd.Wait()
		t.Stop()
	}
	return os.RemoveAll(d.dir)
}

// Said is the end of what pcscd printed.
func (d *Daemon) Said() string { return d.out.String() }

// ask sends one command inside and waits for its answer, "ok" or an error, with
// a file if the command makes one.
func (d *Daemon) ask(ctx context.Context, cmd string) (*os.File, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(2 * patience)
	}
	if err := d.line.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := d.line.Write([]byte(cmd)); err != nil {
		return nil, err
	}
	text, oob := make([]byte, 4096), make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := d.line.ReadMsgUnix(text, oob)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", cmd, err)
	case n == 0:
		return nil, fmt.Errorf("%s: the process inside has ended", cmd)
	case string(text[:n]) != "ok":
		return nil, fmt.Errorf("%s: %s", cmd, text[:n])
	case oobn == 0:
		return nil, nil
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(msgs) != 1 {
		return nil, fmt.Errorf("%s: taking the file: %w", cmd, err)
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return nil, fmt.Errorf("%s: taking the file: %w", cmd, err)
	}
	unix.CloseOnExec(fds[0])
	return os.NewFile(uintptr(fds[0]), "connection"), nil
}
