// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// Variables by which the test binary is told to be the traced child.
const (
	scriptPath  = "MADOGUCHI_OUTBOX_SCRIPT" // the outbox file
	scriptSteps = "MADOGUCHI_OUTBOX_STEPS"
	scriptSeed  = "MADOGUCHI_OUTBOX_SEED"
)

// script works on the outbox and says, each line one write, what it is about to do ("?"), what it was told is done ("!"), and what city hall, which is inside, has stored before
// it confirms. Errors are met as the box meets them: the same records are offered again, and in the end the step is left.
func script(path string) error {
	runtime.LockOSThread() // strace counts the calls of each thread by itself
	steps, _ := strconv.Atoi(os.Getenv(scriptSteps))
	seed, _ := strconv.ParseUint(os.Getenv(scriptSeed), 10, 64)
	rng := rand.New(rand.NewPCG(seed, 10))
	say := func(format string, a ...any) { io.WriteString(os.Stdout, fmt.Sprintf(format+"\n", a...)) }
	ob, q, err := Open(path, Opts{Device: "box-1", MaxSize: 1 << 20})
	if err != nil {
		say("error %v", err)
		return nil
	}
	if q != nil {
		say("quarantined %v", q.Cause)
		return nil
	}
	defer ob.Close()
	rules := record.Rules{Group: 1, Detail: record.Full, Period: record.OneWeek, Kinds: record.NewKindSet(record.PE, record.FR, record.TB)}
	hall := newRestored()
	// again does a step until it works, three times at most.
	again := func(what string, do func() error) bool {
		for range 3 {
			err := do()
			if err == nil {
				return true
			}
			say("error %s: %v", what, err)
		}
		return false
	}
	for step := range steps {
		w, err := record.NewWeek(2026, 1+step/3)
		if err != nil {
			return err
		}
		again("week", func() error { _, err := ob.CloseWeek(w, rules); return err })
		journal := fmt.Sprintf("case %d", step)
		say("journal? %s", journal)
		if again("journal", func() error { return ob.SetJournal([]byte(journal)) }) {
			say("journal! %s", journal)
		}
		f, err := rules.Facets(record.Case{Procedure: record.PinCheck, Outcome: record.Done, Week: w,
			Entries: slices.Repeat([]record.PINEntry{{PIN: record.LoginPIN, Entry: record.NewEntry(record.Verify, record.EntryOK)}}, rng.IntN(3))})
		if err != nil {
			return err
		}
		var ids []string
		for _, r := range f.Records {
			ids = append(ids, r.ID().String())
		}
		var claims []Claim
		if rng.IntN(4) == 0 {
			n, err := claim.Draw(claim.PrefixOf("box-1"), func(claim.Number) bool { return false })
			if err != nil {
				return err
			}
			claims = []Claim{{Number: n, State: claim.State{Procedure: record.CertRenewal, Applicant: record.Self, Step: claim.LetterMailed, Way: claim.Handover, Issued: 1, Expires: 9, Rev: 1}}}
			ids = append(ids, n.Plain())
		}
		say("finish? %s", strings.Join(ids, ","))
		if again("finish", func() error { return ob.FinishCase(f, claims...) }) {
			say("finish! %s", strings.Join(ids, ","))
		}
		again("count", func() error { return ob.Count(rules.Look()) })
		again("release", func() error { _, err := ob.Release(rng.IntN(6)); return err })
		if b, ok := ob.Next(1 + rng.IntN(6)); ok {
			var got []string
			for i, r := range b.Records {
				got = append(got, fmt.Sprintf("%x/%d=%s", b.Epoch, b.First+uint64(i), r.ID()))
			}
			a := hall.take(b)
			say("stored %s", strings.Join(got, ","))
			if rng.IntN(4) > 0 { // else the receipt is lost
				again("apply", func() error { return ob.Apply(a) })
			}
		}
	}
	say("end")
	return nil
}

// trace runs the script under strace, with injections if there are any, and gives the calls and what was said.
func trace(t testing.TB, dir string, steps int, seed uint64, inject ...string) []op {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatalf("strace is not installed (make setup installs it): %v", err)
	}
	log := filepath.Join(t.TempDir(), "trace")
	args := []string{"-f", "-qq", "-xx", "-s", "1000000", "-o", log, "-e", "trace=openat,write,pwrite64,fdatasync,fsync,ftruncate,renameat,renameat2,unlinkat", "-e", "signal=none"}
	for _, i := range inject {
		args = append(args, "-e", "inject="+i)
	}
	cmd := exec.Command(strace, append(args, os.Args[0])...)
	cmd.Env = append(os.Environ(), scriptPath+"="+filepath.Join(dir, "outbox.db"), scriptSteps+"="+strconv.Itoa(steps), scriptSeed+"="+strconv.FormatUint(seed, 10))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil && !strings.Contains(strings.Join(inject, " "), "KILL") {
		t.Fatalf("traced child with %v: %v: %s", inject, err, stderr.String())
	}
	return parseTrace(t, log, dir)
}
