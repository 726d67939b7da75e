// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// promises is what had been said at a moment.
type promises struct {
	done    map[string]bool // Finish returned
	tried   map[string]bool // Finish was begun
	journal string
	maybe   map[string][][]string // journals of steps that are under way or failed since: each with the records that came with it
	epochs  map[string]bool
	numbers map[string]string // epoch/number → record, as city hall saw it
	stored  map[string]bool   // city hall has it
}

func newPromises() *promises {
	return &promises{done: map[string]bool{}, tried: map[string]bool{}, maybe: map[string][][]string{}, epochs: map[string]bool{}, numbers: map[string]string{}, stored: map[string]bool{}}
}

func (p *promises) hear(t testing.TB, said string) {
	t.Helper()
	verb, arg, _ := strings.Cut(strings.TrimSuffix(said, "\n"), " ")
	switch verb {
	case "journal?":
		p.maybe[arg] = append(p.maybe[arg], nil)
	case "journal!":
		p.journal = arg
		clear(p.maybe)
	case "finish?":
		ids := strings.Split(arg, ",")
		p.maybe[""] = append(p.maybe[""], ids)
		for _, id := range ids {
			p.tried[id] = true
		}
	case "finish!":
		p.journal = ""
		clear(p.maybe)
		for _, id := range strings.Split(arg, ",") {
			p.done[id] = true
		}
	case "stored":
		for _, s := range strings.Split(arg, ",") {
			number, id, _ := strings.Cut(s, "=")
			if old, ok := p.numbers[number]; ok && old != id {
				t.Errorf("number %s came with two records", number)
			}
			epoch, _, _ := strings.Cut(number, "/")
			p.epochs[epoch] = true
			p.numbers[number], p.stored[id] = id, true
		}
	case "quarantined":
		t.Errorf("the child found a damaged file: %s", arg)
	}
}

// keeps opens what a disk held after a cut and compares it with what had been promised: opened, not set aside; every promised record here or at city hall; none
// that nobody offered; no number with another record; journal and records of one case from one transaction.
func (p *promises) keeps(t testing.TB, where string, files map[string][]byte) {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "cut")
	must(t, err)
	defer os.RemoveAll(dir)
	for name, b := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	path := filepath.Join(dir, "outbox.db")
	ob, q, err := Open(path, Opts{Device: "box-1", MaxSize: 1 << 20})
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	defer ob.Close()
	if q != nil {
		t.Errorf("%s: set aside: %v", where, q.Cause)
		return
	}
	if err := ob.Check(); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	p.compare(t, where, ob)
}

// memory is a folder where a sync costs nothing, if this machine has one: the disks to be opened are made up, and there are thousands.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "outbox")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (p *promises) compare(t testing.TB, where string, ob *Outbox) {
	t.Helper()
	here := map[string]bool{}
	for id := range inventory(t, ob) {
		here[id.String()] = true
	}
	claims, err := ob.Claims()
	must(t, err)
	for _, c := range claims {
		here[c.Number.Plain()] = true
	}
	for id := range p.done {
		if !here[id] && !p.stored[id] {
			t.Errorf("%s: %s was promised and is lost", where, id)
		}
	}
	// A step that failed may have come to the disk all the same, but then as a whole: with its records, or without any of them.
	missing := func(id string) bool { return !here[id] && !p.stored[id] }
	journal := string(ob.Journal())
	switch sets, ok := p.maybe[journal]; {
	case journal == p.journal && journal != "":
		for _, ids := range p.maybe[""] {
			if !slices.ContainsFunc(ids, missing) {
				t.Errorf("%s: the records of a case are there, and its journal %q, too", where, journal)
			}
		}
	case journal == p.journal:
	case !ok:
		t.Errorf("%s: journal %q, want %q or one of %v", where, journal, p.journal, p.maybe)
	case !slices.ContainsFunc(sets, func(ids []string) bool { return !slices.ContainsFunc(ids, missing) }):
		t.Errorf("%s: the journal is %q, and the records that came with it are not there: %v; promised was %q", where, journal, sets, p.journal)
	}
	_, err = ob.Release(All)
	must(t, err)
	for {
		b, ok := ob.Next(64)
		if !ok {
			break
		}
		for i, r := range b.Records {
			a, _ := r.Attributes()
			number, id := fmt.Sprintf("%x/%d", b.Epoch, b.First+uint64(i)), r.ID().String()
			if old, was := p.numbers[number]; was && old != id {
				t.Errorf("%s: number %s is %s here and was %s at city hall", where, number, id, old)
			}
			if !p.tried[id] && r.Kind() != record.TB {
				t.Errorf("%s: %s (%v %s) was offered by nobody", where, id, r.Kind(), a)
			}
		}
		if len(p.epochs) > 0 && !p.epochs[fmt.Sprintf("%x", b.Epoch)] {
			t.Errorf("%s: another epoch", where)
		}
		must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Hall: 100, Upto: b.Last(), Durable: b.Last()}))
	}
}

// cuts takes the power away after every call, in several ways each, and gives how many different disks that made.
func cuts(t testing.TB, name string, ops []op, rng *rand.Rand, ways int) int {
	t.Helper()
	d, p := newDisk(), newPromises()
	seen := map[[32]byte]bool{}
	for i, o := range ops {
		if t.Failed() {
			return len(seen)
		}
		if o.call == "say" {
			p.hear(t, string(o.data))
			continue
		}
		d.do(o)
		for way := range ways {
			keep, tear := func() bool { return rng.IntN(2) == 0 }, rng
			switch way {
			case 0:
				keep, tear = func() bool { return false }, nil
			case 1:
				keep, tear = func() bool { return true }, nil
			case 2:
				tear = nil
			}
			files := d.cut(keep, tear)
			h := sha256.New()
			for _, name := range slices.Sorted(maps.Keys(files)) {
				fmt.Fprintf(h, "%s %d %v %d ", name, len(files[name]), p.maybe, len(p.done))
				h.Write(files[name])
			}
			if sum := [32]byte(h.Sum(nil)); !seen[sum] {
				seen[sum] = true
				p.keeps(t, fmt.Sprintf("%s: cut after call %d of %d (%v), way %d", name, i, len(ops), o, way), files)
			}
		}
	}
	return len(seen)
}

// Promise: whenever the power goes, whatever the disk made of the writes that were not synced yet, the file opens and what was promised is there or at city hall.
func TestPowerCutAtEveryCall(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	ops := trace(t, memoryDir(t), 12, seed)
	writes := 0
	for _, o := range ops {
		if o.call == "write" {
			writes++
		}
	}
	if writes < 100 {
		t.Fatalf("only %d writes were traced", writes)
	}
	n := cuts(t, "no fault", ops, rand.New(rand.NewPCG(seed, 11)), 4)
	t.Logf("%d calls, %d writes, %d different disks", len(ops), writes, n)
}

// Each kind of failing call, once or from then on, at many places: the box meets the error as it can, and what it promised is there afterwards, on the running machine and after a cut.
func TestFailingDisk(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 12))
	disks, runs, errors := 0, 0, 0
	for _, fault := range []string{"pwrite64:error=ENOSPC", "pwrite64:error=EIO", "fdatasync:error=EIO", "fdatasync:signal=KILL", "pwrite64:signal=KILL", "ftruncate:error=ENOSPC", "fsync:error=EIO"} {
		for _, when := range []string{strconv.Itoa(1 + rng.IntN(6)), strconv.Itoa(7 + rng.IntN(40)), strconv.Itoa(20+rng.IntN(40)) + "+"} {
			runs++
			dir, name := memoryDir(t), fault+":when="+when
			ops := trace(t, dir, 6, seed, name)
			p := newPromises()
			for _, o := range ops {
				if o.call == "say" {
					p.hear(t, string(o.data))
					if strings.HasPrefix(string(o.data), "error") {
						errors++
					}
				}
			}
			files := map[string][]byte{}
			all, err := os.ReadDir(dir)
			must(t, err)
			for _, e := range all {
				b, err := os.ReadFile(filepath.Join(dir, e.Name()))
				must(t, err)
				files[e.Name()] = b
			}
			p.keeps(t, name+": on the running machine", files)
			disks += cuts(t, name, ops, rng, 3)
			if t.Failed() {
				return
			}
		}
	}
	if errors < runs {
		t.Errorf("only %d errors were met in %d runs", errors, runs)
	}
	t.Logf("%d runs, %d errors met, %d different disks", runs, errors, disks)
}

// What one case costs the card: journal, three facets, release, sending, receipt. A card of 1,000 rewrites and 8 GiB stands the budget for centuries; a commit a second would wear it out
// in years.
func TestWriteBudget(t *testing.T) {
	const steps, cases, most = 30, 200, 20 << 20
	bytes, syncs := 0, 0
	for _, o := range trace(t, memoryDir(t), steps, 1) {
		switch o.call {
		case "write":
			bytes += len(o.data)
		case "sync":
			syncs++
		}
	}
	day := bytes / steps * cases
	if day > most {
		t.Errorf("%d cases write %d bytes a day, want at most %d", cases, day, most)
	}
	t.Logf("%d KiB and %d syncs a case; %.1f MiB a day of %d cases", bytes/steps>>10, syncs/steps, float64(day)/(1<<20), cases)
}
