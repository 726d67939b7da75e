// SPDX-License-Identifier: Apache-2.0

package crowd_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/crowd"
	"madoguchi/device/update"
)

// lone is what a process that is one box is told by its environment.
type lone struct {
	Broker, City, Log, Dir string
	Root                   []byte
	CA, Cert, Key          string // files
}

const loneVariable = "MADOGUCHI_LONE_BOX"

// TestMain is also a box that lives alone in its process until its standard input ends.
func TestMain(m *testing.M) {
	if text := os.Getenv(loneVariable); text != "" {
		if err := live(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func live(text string) error {
	var l lone
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return err
	}
	cert, err := tls.LoadX509KeyPair(l.Cert, l.Key)
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(l.CA)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	box, err := crowd.New(crowd.Name(1), crowd.Opts{Broker: l.Broker, City: l.City, Log: l.Log, Dir: l.Dir, Root: l.Root, TLS: func(string) *tls.Config {
		return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Certificates: []tls.Certificate{cert}}
	}})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return box.Run(ctx)
}

// BenchmarkMemory is the highest resident memory of a box that takes 64 MiB, in a process of its own, above what it had while it was connected and had never had anything to do. Its
// line to the broker is in it, and every page of the program that only an update reads.
func BenchmarkMemory(b *testing.B) {
	const size = 64 << 20
	r := newRig(b, unpaced, time.Second)
	r.enrol(1, 1)
	o := r.boxes()
	cert, key, err := r.ca.Issue(crowd.Name(1), false)
	must(b, err)
	text, err := json.Marshal(lone{Broker: o.Broker, City: o.City, Log: o.Log, Dir: o.Dir, Root: o.Root, CA: r.ca.CAFile(), Cert: cert, Key: key})
	must(b, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), loneVariable+"="+string(text)), os.Stderr
	stop, err := cmd.StdinPipe()
	must(b, err)
	must(b, cmd.Start())
	b.Cleanup(func() {
		must(b, stop.Close())
		must(b, cmd.Wait())
	})
	r.present(1)
	seed := rand.Uint64()
	b.Logf("seed %d", seed)
	var long [32]byte
	binary.LittleEndian.PutUint64(long[:], seed)
	source := rand.NewChaCha8(long)
	idle, peak := 0, 0
	for b.Loop() {
		path, m := r.release(update.Firmware, io.LimitReader(source, size))
		must(b, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", cmd.Process.Pid), []byte("5"), 0)) // the peak begins anew: proc(5)
		now := memory(b, cmd.Process.Pid, "VmRSS:")
		r.publish(update.Firmware, path)
		r.follow(1, func(s said) bool { return s.status.Installed[update.Firmware].SHA256 == m.SHA256 })
		if most := memory(b, cmd.Process.Pid, "VmHWM:"); most-now > peak-idle {
			idle, peak = now, most
		}
	}
	b.ReportMetric(float64(peak-idle)/(1<<20), "above-idle-MiB")
	b.ReportMetric(float64(idle)/(1<<20), "idle-MiB")
	b.ReportMetric(float64(peak)/float64(idle), "x-idle")
}

// memory is a line of a process's status, in bytes.
func memory(t testing.TB, pid int, line string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	_, rest, ok := strings.Cut(string(text), "\n"+line)
	if !ok {
		t.Fatalf("no %s of process %d", line, pid)
	}
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	must(t, err)
	return kib << 10
}
