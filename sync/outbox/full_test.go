// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"madoguchi/sync/record"

	"golang.org/x/sys/unix"
)

// drain sends and confirms until the queue is empty.
func drain(t testing.TB, ob *Outbox) (n int) {
	t.Helper()
	for {
		if _, err := ob.Release(All); err != nil {
			t.Fatalf("a full outbox cannot release: %v", err)
		}
		b, ok := ob.Next(64)
		if !ok {
			return n
		}
		n += len(b.Records)
		if err := ob.Apply(record.Ack{Device: "b", Epoch: b.Epoch, Upto: b.Last(), Durable: b.Last()}); err != nil {
			t.Fatalf("a full outbox cannot empty itself: %v", err)
		}
	}
}

// A partition that something else has filled takes no new case; the file's own free pages count as room.
func TestRoomAsksTheDisk(t *testing.T) {
	real := diskFree
	t.Cleanup(func() { diskFree = real })
	ob := mustOpen(t, tempPath(t), Opts{})
	silent := errors.New("no answer")
	for _, tt := range []struct {
		name string
		free int64
		err  error
		want error
	}{{"an empty disk", 1 << 30, nil, nil}, {"just enough", casePages * pageSize, nil, nil}, {"a full disk", 0, nil, unix.ENOSPC}, {"a disk that does not answer", 0, silent, silent}} {
		t.Run(tt.name, func(t *testing.T) {
			diskFree = func(*os.File) (int64, error) { return tt.free, tt.err }
			err := ob.Room()
			var f *FullError
			if !errors.Is(err, tt.want) || errors.As(err, &f) != (tt.want == unix.ENOSPC) {
				t.Errorf("room: %v, want %v", err, tt.want)
			}
		})
	}
	diskFree = func(*os.File) (int64, error) { return 0, nil }
	for range 40 {
		must(t, ob.Finish(newRecords(t, 20)...))
	}
	drain(t, ob)
	if free := ob.db.Stats().FreePageN; free < casePages {
		t.Fatalf("the file has %d free pages, want %d for this test", free, casePages)
	}
	if err := ob.Room(); err != nil {
		t.Errorf("a file with room of its own: %v", err)
	}
}

func TestFullFile(t *testing.T) {
	for _, size := range []int{512 << 10, 1 << 20} {
		t.Run(fmt.Sprintf("%d KiB", size>>10), func(t *testing.T) {
			path := tempPath(t)
			ob := mustOpen(t, path, Opts{MaxSize: size})
			stored, amber, full := 0, 0, 0
			var err error
			for {
				rs := newRecords(t, 20)
				if err = ob.Finish(rs...); err != nil {
					break
				}
				stored += len(rs)
				s := ob.Stats()
				if s.Amber && amber == 0 {
					amber = stored
				}
				if (ob.Room() != nil) != s.Full {
					t.Fatal("Room and Stats contradict each other")
				}
				if s.Full && full == 0 {
					full = stored
				}
			}
			var f *FullError
			if !errors.As(err, &f) {
				t.Fatalf("Finish on a full file: %v", err)
			}
			if amber == 0 || full < amber || full >= stored {
				t.Errorf("amber at %d, no new case at %d, stored %d: want a warning and room for the open case", amber, full, stored)
			}
			if s := ob.Stats(); s.Hold != stored || s.Created != uint64(stored) {
				t.Errorf("after the refusal: %+v, stored %d", s, stored)
			}
			must(t, ob.SetJournal([]byte("a case is open"))) // small things still go
			must(t, ob.PutThrottle(Throttle{Misses: 1}))
			t.Logf("%d records in %d KiB; warned at %d, no new case at %d", stored, size>>10, amber, full)
			if n := drain(t, ob); n != stored {
				t.Errorf("%d records came out of %d", n, stored)
			}
			must(t, ob.Finish(newRecord(t)))
			if info, err := os.Stat(path); err != nil || info.Size() > int64(size) {
				t.Errorf("file has %d bytes, limit %d, %v", info.Size(), size, err)
			}
		})
	}
}

// A disk without room: a limit on the size of this process's files gives the same failing writes (EFBIG for ENOSPC). It is set in a child, for it cannot be raised again.
func TestFullDisk(t *testing.T) {
	const variable = "MADOGUCHI_OUTBOX_FULL_DISK"
	if os.Getenv(variable) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	path := tempPath(t)
	ob := mustOpen(t, path, Opts{})
	must(t, ob.Finish(newRecords(t, 50)...))
	const room = 256 << 10
	must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: room, Max: room}))
	stored := 50
	var err error
	for range 1000 {
		rs := newRecords(t, 20)
		if err = ob.Finish(rs...); err != nil {
			break
		}
		stored += len(rs)
	}
	var f *FullError
	if !errors.As(err, &f) || f.Cause == nil {
		t.Fatalf("Finish on a full disk: %v", err)
	}
	if s := ob.Stats(); s.Hold != stored {
		t.Errorf("%d of %d records", s.Hold, stored)
	}
	must(t, ob.Check())
	if n := drain(t, ob); n != stored {
		t.Errorf("%d records came out of %d", n, stored)
	}
	must(t, ob.Finish(newRecord(t)))
}

// A new file on a full disk is an error with nothing left behind, not a quarantine.
func TestCreateFails(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(dir+"/outbox.db.tmp", 0o700)) // stands where the temporary file goes …
	must(t, os.WriteFile(dir+"/outbox.db.tmp/x", nil, 0o600))
	if _, q, err := Open(dir+"/outbox.db", Opts{}); err == nil || q != nil { // … and cannot be removed
		t.Errorf("%v, %v", q, err)
	}
}

// Random steps against a model in memory, with a reopening now and then; the file's own invariants are checked at every opening.
func TestRandomSteps(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 5))
	path := tempPath(t)
	now := testDay
	opts := Opts{Device: "b", Now: func() time.Time { return now }}
	ob, _, err := Open(path, opts)
	must(t, err)
	defer func() { ob.Close(); checkFile(t, path) }()
	live := map[record.ID]bool{} // finished, not yet confirmed or rejected
	at := map[uint64]record.ID{} // what city hall saw under a number
	done := map[record.ID]bool{} // confirmed
	dead := map[record.ID]bool{} // rejected
	var upto, durable, seen uint64
	for step := range 1500 {
		switch rng.IntN(10) {
		case 0, 1, 2:
			rs := newRecords(t, rng.IntN(4))
			must(t, ob.Finish(rs...))
			for _, r := range rs {
				live[r.ID()] = true
			}
		case 3, 4:
			_, err := ob.Release(rng.IntN(8) - 1)
			must(t, err)
		case 5, 6, 7:
			b, ok := ob.Next(1 + rng.IntN(10))
			for i, r := range b.Records {
				seq := b.First + uint64(i)
				if old, was := at[seq]; was && old != r.ID() || !live[r.ID()] {
					t.Fatalf("seed %d step %d: record %d is %v, was %v, live %v", seed, step, seq, r.ID(), old, live[r.ID()])
				}
				at[seq] = r.ID()
				seen = max(seen, seq)
			}
			if want := ob.Stats().Out > 0; ok != want {
				t.Fatalf("seed %d step %d: Next gave %v with %d queued", seed, step, ok, ob.Stats().Out)
			}
		case 8:
			a := record.Ack{Device: "b", Epoch: ob.Stats().Epoch}
			for upto < seen && at[upto+1] != (record.ID{}) && rng.IntN(8) > 0 {
				upto++
			}
			durable = min(upto, durable+uint64(rng.IntN(3)))
			a.Upto, a.Durable = upto, durable
			if seen > 0 && rng.IntN(4) == 0 {
				if seq := 1 + rng.Uint64N(seen); at[seq] != (record.ID{}) && (seq > upto || !done[at[seq]]) {
					a.Rejected = []record.Reject{{Seq: seq, Code: record.BadRecord}}
					dead[at[seq]] = true
				}
			}
			must(t, ob.Apply(a))
			for seq := uint64(1); seq <= upto; seq++ {
				if !dead[at[seq]] {
					done[at[seq]] = true
				}
				delete(live, at[seq])
			}
			for _, r := range a.Rejected {
				delete(live, at[r.Seq])
			}
		case 9:
			now = now.Add(time.Duration(rng.IntN(48)) * time.Hour)
			if rng.IntN(3) > 0 {
				continue
			}
			must(t, ob.Check())
			must(t, ob.Close())
			var q *Quarantined
			if ob, q, err = Open(path, opts); err != nil || q != nil {
				t.Fatalf("seed %d step %d: %+v, %v", seed, step, q, err)
			}
		}
		if s := ob.Stats(); s.Hold+s.Out != len(live) || s.DeadTotal != uint64(len(dead)) || s.Acked != uint64(len(done)) {
			t.Fatalf("seed %d step %d: %+v, the model has %d live, %d confirmed, %d dead", seed, step, s, len(live), len(done), len(dead))
		}
	}
	t.Logf("%d confirmed, %d dead, %d live", len(done), len(dead), len(live))
}
