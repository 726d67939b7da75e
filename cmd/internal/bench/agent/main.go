// SPDX-License-Identifier: Apache-2.0

// Agent is the bench's hand inside the guest; no image of a box holds it. It runs programs as root on behalf of the test outside, which talks to
// it through a port of the machine, and as "agent probe" it takes the place of a unit's program and tells what that unit may reach.
//
//	agent serve              # one JSON line {"argv":[…]} in, one {"out":…,"status":…} out
//	agent probe TRY...       # one line "TRY: ok|error" each
//	agent owner ADDRESS...   # which process maps a physical address
//	agent wish STEP [SHA256] # what counter asks the installer for; started as counter's user
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// port is the name that the machine gives the port.
const port = "bench"

// A Request is a program with its arguments.
type Request struct {
	Argv  []string `json:"argv"`
	Input []byte   `json:"input,omitempty"`
}

// A Reply is what it wrote to either output, and its status; -1: it did not start.
type Reply struct {
	Out    string `json:"out"`
	Status int    `json:"status"`
}

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 2 && args[1] == "serve":
		fmt.Fprintln(stderr, "agent:", serve())
		return 1
	case len(args) > 2 && args[1] == "probe":
		for _, what := range args[2:] {
			fmt.Fprintln(stdout, what+": "+fate(try(what)))
		}
		return 0
	}
	if len(args) > 2 && args[1] == "owner" {
		if err := owners(args[2:], stdout); err != nil {
			fmt.Fprintln(stderr, "agent:", err)
			return 1
		}
		return 0
	}
	if len(args) > 2 && args[1] == "wish" {
		if err := wish(args[2:], stdout); err != nil {
			fmt.Fprintln(stderr, "agent:", err)
			return 1
		}
		return 0
	}
	fmt.Fprintln(stderr, "usage: agent serve | agent probe TRY... | agent owner ADDRESS... | agent wish STEP [SHA256]")
	return 2
}

// serve answers for ever, or says why it cannot.
func serve() error {
	f, err := open()
	if err != nil {
		return err
	}
	in, out := bufio.NewReader(f), json.NewEncoder(f)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // nobody is at the other end
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the port: %w", err)
		}
		var r Request
		if err := json.Unmarshal(line, &r); err != nil || len(r.Argv) == 0 {
			return fmt.Errorf("reading a request: %q, %w", line, err)
		}
		if err := out.Encode(do(r)); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}

// open finds the port by its name.
func open() (*os.File, error) {
	for range 300 {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if b, err := os.ReadFile(n); err == nil && strings.TrimSpace(string(b)) == port {
				return os.OpenFile("/dev/"+filepath.Base(filepath.Dir(n)), os.O_RDWR, 0)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.New("the machine has no port " + port)
}

func do(r Request) Reply {
	c := exec.Command(r.Argv[0], r.Argv[1:]...)
	c.Stdin = strings.NewReader(string(r.Input))
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/usr/libexec/madoguchi", "LANG=C.UTF-8"}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return Reply{string(out), exit.ExitCode()}
	case err != nil:
		return Reply{err.Error(), -1}
	}
	return Reply{string(out), 0}
}
