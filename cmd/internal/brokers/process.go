// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"madoguchi/cmd/internal/tail"
)

// startTime is how long a broker may take to say that it serves.
const startTime = 30 * time.Second

// process is one broker process. It can be killed and started again on the same files and ports.
type process struct {
	program string
	args    []string
	ready   string // what it writes when it serves

	mu    sync.Mutex
	cmd   *exec.Cmd
	done  chan struct{}
	lines *tail.Tail
}

// start starts it and waits until it serves.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("starting %s: it runs", filepath.Base(p.program))
	}
	cmd := exec.Command(p.program, p.args...)
	// The broker goes when this process goes, however it goes. The kernel means the thread that started it by that, so the thread is kept (golang/go#27505).
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("starting %s: %w", filepath.Base(p.program), err)
	}
	started, serves, done := make(chan error, 1), make(chan struct{}), make(chan struct{})
	lines := new(tail.Tail)
	p.lines = lines
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		once := sync.OnceFunc(func() { close(serves) })
		sc := bufio.NewScanner(out)
		for sc.Scan() {
			if fmt.Fprintln(lines, sc.Text()); strings.Contains(sc.Text(), p.ready) {
				once()
			}
		}
		_, _ = io.Copy(io.Discard, out) // after a line that is too long
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting %s: %w", filepath.Base(p.program), err)
	}
	p.cmd, p.done = cmd, done
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case <-serves:
		return nil
	case <-done:
		p.cmd = nil
		return fmt.Errorf("starting %s: it ended:%s", filepath.Base(p.program), lines)
	case <-timer.C:
		_ = cmd.Process.Kill()
		<-done
		p.cmd = nil
		return fmt.Errorf("starting %s: it did not serve within %v:%s", filepath.Base(p.program), startTime, lines)
	}
}

// end sends a signal and waits for the end. It does nothing if the process does not run.
func (p *process) end(sig os.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	cmd := p.cmd
	p.cmd = nil
	err := cmd.Process.Signal(sig)
	timer := time.AfterFunc(startTime, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	<-p.done
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", filepath.Base(p.program), err)
	}
	return nil
}

// pid is the process id; 0 if it does not run.
func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// said is what it wrote last.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines == nil {
		return ""
	}
	return p.lines.String()
}

// freePorts are n ports of 127.0.0.1 that were free a moment ago.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a port: %w", err)
		}
		defer l.Close() // all at the end, so that no port comes twice
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// root is the folder of this module, from which tests are run.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside the module")
		}
		dir = up
	}
}
