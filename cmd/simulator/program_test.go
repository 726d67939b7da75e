// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"madoguchi/sync/record"
)

// date is a civil date.
func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// alive reports whether a process runs.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

// program is the simulator as a process of its own.
type program struct {
	*visitor
	cmd *exec.Cmd
}

// launch starts the program on a data folder and waits for its address.
func launch(t *testing.T, data string) *program {
	t.Helper()
	cmd := exec.Command(os.Args[0], asSimulator, "--listen", "127.0.0.1:0", "--headless", "--data", data)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{&visitor{t: t}, cmd}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("first line %q: %v", line, err)
	}
	p.url = strings.TrimSuffix(strings.TrimSpace(line), "/api/")
	return p
}

// kill is kill -9.
func (p *program) kill() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
}

// children are the processes that the program has started.
func (p *program) children() []int {
	p.t.Helper()
	path := fmt.Sprintf("/proc/%d/task/*/children", p.cmd.Process.Pid)
	files, err := filepath.Glob(path)
	if err != nil {
		p.t.Fatal(err)
	}
	var pids []int
	for _, f := range files {
		text, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(text)) {
			var pid int
			fmt.Sscan(word, &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

// TestKilledBeforeUpload: kill -9 of everything between "done" and the upload,
// then a new start: exactly one record, and it stays one.
func TestKilledBeforeUpload(t *testing.T) {
	data := t.TempDir()
	p := launch(t, data)
	p.until("idle")
	p.post("/api/line", `{"up":false}`)
	p.post("/api/card", `{"insert":"adult"}`)
	p.until("idle.board")
	p.walk("clerk.closed")
	if r := p.records(); len(r) != 0 {
		t.Fatalf("records over a cut line: %s", r)
	}
	pids := p.children()
	if len(pids) != 2 {
		t.Errorf("children %v, want two", pids)
	}
	for _, pid := range pids {
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil {
			t.Fatal(err)
		}
		for kv := range strings.SplitSeq(strings.TrimRight(string(env), "\x00"), "\x00") {
			name, _, _ := strings.Cut(kv, "=")
			switch name {
			case "TZ", "LANG", "GOCOVERDIR", "GOTRACEBACK":
			default:
				t.Errorf("child %d got %s", pid, name)
			}
		}
	}
	p.kill()
	for _, pid := range pids {
		for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("child %d outlived the world", pid)
			}
		}
	}

	p = launch(t, data)
	p.only(record.PinChange, record.Done)
	p.kill()
	p = launch(t, data)
	p.until("idle")
	p.only(record.PinChange, record.Done)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("told to stop: %v", err)
	}
}

func TestArguments(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := t.TempDir()
	first := launch(t, inUse)
	first.until("idle")
	tests := []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"unknown flag", []string{"--lisen", "x"}, 2, []string{"unknown flag: --lisen", "--help"}},
		{"unknown word", []string{"start"}, 2, []string{`"start"`}},
		{"port in use", []string{"--listen", taken.Addr().String(), "--data", t.TempDir()}, 1, []string{taken.Addr().String(), "in use", "--listen"}},
		{"not loopback", []string{"--listen", "0.0.0.0:0"}, 2, []string{"loopback"}},
		{"every address", []string{"--listen", ":8080"}, 2, []string{"loopback"}},
		{"no address", []string{"--listen", "8080"}, 2, []string{"127.0.0.1:8080"}},
		{"unknown city", []string{"--city", "edo"}, 2, []string{`"edo"`, "nabari"}},
		{"unknown office", []string{"--city", "matsue", "--office", "nowhere"}, 2, []string{`"nowhere"`, "kashima_branch"}},
		{"no date", []string{"--date", "2026-13-01"}, 2, []string{"--date"}},
		{"no card", []string{"--card", "usb"}, 2, []string{"sim or pcsc"}},
		{"data is a file", []string{"--listen", "127.0.0.1:0", "--data", file}, 1, []string{file, "--data"}},
		{"data in use", []string{"--listen", "127.0.0.1:0", "--data", inUse}, 1, []string{inUse, "in use"}},
		{"broker without port", []string{"--listen", "127.0.0.1:0", "--data", t.TempDir(), "--broker", "tcp://localhost"}, 1, []string{"tcp://host:port"}},
		{"part of itself", []string{"box"}, 2, []string{"run simulator without"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], append([]string{asSimulator}, tt.args...)...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != tt.code {
				t.Errorf("exit %d (%v), want %d\n%s", got, err, tt.code, &stderr)
			}
			for _, w := range tt.want {
				if !strings.Contains(stderr.String(), w) {
					t.Errorf("stderr lacks %q:\n%s", w, &stderr)
				}
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout: %s", &stdout)
			}
		})
	}
}
