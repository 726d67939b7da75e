// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// Variables by which the test binary is told to be the child that gets killed.
const (
	childPath  = "MADOGUCHI_OUTBOX_CHILD" // the outbox file
	childPoint = "MADOGUCHI_OUTBOX_POINT" // kills itself at this failpoint …
	childHit   = "MADOGUCHI_OUTBOX_HIT"   // … when it comes there for the n-th time
	childSeed  = "MADOGUCHI_OUTBOX_SEED"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if err := child(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if path := os.Getenv(scriptPath); path != "" {
		if err := script(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child works on the outbox until it is killed. It says on standard output what it is about to do and what it has been told is done, each line one write, and asks the parent,
// who is city hall, for receipts.
func child(path string) error {
	point := os.Getenv(childPoint)
	hit, _ := strconv.Atoi(os.Getenv(childHit))
	failpoint = func(name string) {
		if name != point {
			return
		}
		if hit--; hit == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	seed, _ := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
	rng := rand.New(rand.NewPCG(seed, 3))
	say := func(format string, a ...any) { io.WriteString(os.Stdout, fmt.Sprintf(format+"\n", a...)) }
	in := bufio.NewScanner(os.Stdin)

	ob, q, err := Open(path, Opts{Device: "box-1"})
	if err != nil {
		return err
	}
	if q != nil {
		return fmt.Errorf("quarantined: %w", q.Cause)
	}
	var have []string
	if err := ob.view(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bHold, bOut, bSent} {
			if err := tx.Bucket(name).ForEach(func(_, v []byte) error {
				r, err := openRecord(v)
				have = append(have, r.ID().String())
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	say("hello %x %s", ob.Journal(), strings.Join(have, ","))
	w, _ := record.NewWeek(2026, 47)
	for step := 0; ; step++ {
		journal := fmt.Sprintf("case %d %d", seed, step)
		say("journal? %x", journal)
		if err := ob.SetJournal([]byte(journal)); err != nil {
			return err
		}
		say("journal! %x", journal)
		var rs []record.Record
		var ids []string
		for range 1 + rng.IntN(3) {
			r, err := record.NewPO(record.PinCheck, record.Done, w, 1)
			if err != nil {
				return err
			}
			rs, ids = append(rs, r), append(ids, r.ID().String())
		}
		say("finish? %s", strings.Join(ids, ","))
		if err := ob.Finish(rs...); err != nil {
			return err
		}
		say("finish! %s", strings.Join(ids, ","))
		if _, err := ob.Release(rng.IntN(4)); err != nil {
			return err
		}
		if b, ok := ob.Next(1 + rng.IntN(6)); ok {
			text, err := b.Encode()
			if err != nil {
				return err
			}
			say("batch %x", text)
			if !in.Scan() {
				return in.Err()
			}
			if upto, err := strconv.ParseUint(in.Text(), 10, 64); err == nil {
				if err := ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Upto: upto, Durable: upto / 2}); err != nil {
					return err
				}
			}
		}
	}
}

// cityHall is the parent: it keeps each (epoch, number) once and knows what the box promised.
type cityHall struct {
	t        *testing.T
	rng      *rand.Rand
	stored   map[uint64]map[uint64]string // epoch → number → record
	promised []string                     // records whose Finish returned
	maybe    map[string]bool              // records whose Finish was cut
	journal  []byte
	pending  string // what was said to be tried and not said to be done
}

func (c *cityHall) take(b record.Batch) (upto uint64) {
	m := c.stored[b.Epoch]
	if m == nil {
		m = map[uint64]string{}
		c.stored[b.Epoch] = m
	}
	for i, r := range b.Records {
		seq := b.First + uint64(i)
		if old, ok := m[seq]; ok && old != r.ID().String() {
			c.t.Errorf("number %d came with two records", seq)
		}
		m[seq] = r.ID().String()
	}
	for m[upto+1] != "" {
		upto++
	}
	return upto
}

// run starts a child, serves it, and kills it after the given time if it has not done so itself.
func (c *cityHall) run(path, point string, hit int, seed uint64, after time.Duration) {
	c.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+path, childPoint+"="+point, childHit+"="+strconv.Itoa(hit), childSeed+"="+strconv.FormatUint(seed, 10))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	must(c.t, err)
	in, err := cmd.StdinPipe()
	must(c.t, err)
	must(c.t, cmd.Start())
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	sc := bufio.NewScanner(out)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		c.line(sc.Text(), in)
	}
	err = cmd.Wait()
	if st, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !st.Signaled() || st.Signal() != syscall.SIGKILL {
		c.t.Fatalf("child at %q: %v: %s", point, err, stderr.String())
	}
}

func (c *cityHall) line(line string, answer io.Writer) {
	verb, arg, _ := strings.Cut(line, " ")
	switch verb {
	case "hello":
		c.hello(arg)
	case "journal?", "finish?":
		c.pending = line
	case "journal!":
		c.journal, _ = hex.DecodeString(arg)
		c.pending = ""
	case "finish!":
		c.promised = append(c.promised, strings.Split(arg, ",")...)
		c.journal, c.pending = nil, ""
	case "batch":
		text, _ := hex.DecodeString(arg)
		b, err := record.DecodeBatch(text)
		if err != nil {
			c.t.Errorf("batch: %v", err)
		}
		upto := c.take(b)
		if c.rng.IntN(4) == 0 {
			io.WriteString(answer, "lost\n")
			return
		}
		fmt.Fprintln(answer, upto)
	default:
		c.t.Errorf("child said %q", line)
	}
}

// hello checks what a child finds after the one before it was killed: the step that was under way has happened wholly or not at all.
func (c *cityHall) hello(arg string) {
	jhex, list, _ := strings.Cut(arg, " ")
	journal, _ := hex.DecodeString(jhex)
	verb, what, _ := strings.Cut(c.pending, " ")
	c.pending = ""
	switch verb {
	case "finish?":
		ids := strings.Split(what, ",")
		found := 0
		for _, id := range ids {
			if strings.Contains(list, id) {
				found++
			}
			c.maybe[id] = true
		}
		stored, cleared := found == len(ids), len(journal) == 0
		if stored != cleared || (found != 0 && !stored) {
			c.t.Errorf("cut Finish: %d of %d records stored, journal %q: not one step", found, len(ids), journal)
		}
		if !cleared && string(journal) != string(c.journal) {
			c.t.Errorf("journal %q, want %q", journal, c.journal)
		}
	case "journal?":
		next, _ := hex.DecodeString(what)
		if string(journal) != string(c.journal) && string(journal) != string(next) {
			c.t.Errorf("journal %q, want %q or %q", journal, c.journal, next)
		}
	default:
		if string(journal) != string(c.journal) {
			c.t.Errorf("journal %q, want %q", journal, c.journal)
		}
	}
	c.journal = journal
}

// Promise: whatever the moment of a SIGKILL, every record whose Finish returned reaches city hall once, and no record twice.
func TestKilledAtEveryPoint(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 4))
	points := []string{"create:before rename", "create:after rename"}
	for _, step := range []string{"journal", "finish", "release", "mark", "apply"} {
		points = append(points, step+":before commit", step+":after commit")
	}
	path := tempPath(t)
	c := &cityHall{t: t, rng: rng, stored: map[uint64]map[uint64]string{}, maybe: map[string]bool{}}
	for _, p := range points {
		for hit := range 3 {
			if strings.HasPrefix(p, "create") && hit > 0 {
				continue // a file begins once
			}
			c.run(path, p, hit+1, rng.Uint64(), 20*time.Second)
		}
	}
	const anywhere = 30
	for range anywhere { // and anywhere else, also inside a commit
		c.run(path, "", 0, rng.Uint64(), 15*time.Millisecond+time.Duration(rng.Int64N(int64(40*time.Millisecond))))
	}

	ob := mustOpen(t, path, Opts{})
	for c.pending != "" {
		c.hello(fmt.Sprintf("%x %s", ob.Journal(), strings.Join(ids(inventory(t, ob)), ",")))
	}
	_, err := ob.Release(All)
	must(t, err)
	for {
		b, ok := ob.Next(64)
		if !ok {
			break
		}
		must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Upto: c.take(b)}))
	}
	if len(c.stored) != 1 {
		t.Errorf("%d epochs, want 1: a kill led to a fresh file", len(c.stored))
	}
	times := map[string]int{}
	for _, m := range c.stored {
		for _, id := range m {
			times[id]++
		}
	}
	for _, id := range c.promised {
		if times[id] != 1 {
			t.Errorf("record %s was promised and is at city hall %d times", id, times[id])
		}
	}
	for id, n := range times {
		if n != 1 || (!c.maybe[id] && !slices.Contains(c.promised, id)) {
			t.Errorf("record %s is at city hall %d times, known as cut: %v", id, n, c.maybe[id])
		}
	}
	t.Logf("%d kills", 2+3*(len(points)-2)+anywhere)
	t.Logf("%d records promised, %d cut, %d at city hall", len(c.promised), len(c.maybe), len(times))
}

func ids(m map[record.ID]bool) []string {
	var all []string
	for id := range m {
		all = append(all, id.String())
	}
	return all
}
