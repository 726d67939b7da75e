// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// sample is a file with something in every bucket, pages of several kinds, free pages, and what it holds.
func sample(t testing.TB) (image []byte, held map[record.ID]bool, st state) {
	t.Helper()
	path := tempPath(t)
	ob, _, err := Open(path, Opts{Now: func() time.Time { return testDay }})
	must(t, err)
	for range 5 {
		must(t, ob.Finish(newRecords(t, 24)...))
		_, err = ob.Release(22)
		must(t, err)
		b, _ := ob.Next(20)
		must(t, ob.Apply(record.Ack{Device: "b", Epoch: b.Epoch, Upto: b.First + 9, Durable: b.First + 3,
			Rejected: []record.Reject{{Seq: b.First + 5, Code: record.BadRecord}}}))
	}
	must(t, ob.SetJournal(bytes.Repeat([]byte{7}, 300)))
	must(t, ob.PutThrottle(Throttle{Misses: 3, Until: testDay}))
	must(t, ob.RaiseFloor(testDay))
	held, st = inventory(t, ob), ob.st
	must(t, ob.Close())
	image, err = os.ReadFile(path)
	must(t, err)
	return image, held, st
}

// inventory lists the records that still have to reach city hall.
func inventory(t testing.TB, ob *Outbox) map[record.ID]bool {
	t.Helper()
	ob.mu.Lock()
	defer ob.mu.Unlock()
	held := map[record.ID]bool{}
	must(t, ob.view(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bHold, bOut} {
			if err := tx.Bucket(name).ForEach(func(_, v []byte) error {
				r, err := openRecord(v)
				if held[r.ID()] {
					return fmt.Errorf("record %v lies there twice", r.ID())
				}
				held[r.ID()] = true
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	}))
	return held
}

// openImage opens a copy of image and asserts the promise: opened with everything in it, or set aside unchanged and begun anew.
func openImage(t testing.TB, name string, image []byte, held map[record.ID]bool) (opened bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outbox.db")
	must(t, os.WriteFile(path, image, 0o600))
	ob, q, err := Open(path, Opts{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer ob.Close()
	if q == nil {
		if got := inventory(t, ob); len(got) != len(held) {
			t.Errorf("%s: opened with %d records of %d", name, len(got), len(held))
		}
		must(t, ob.Check())
	} else {
		aside, err := os.ReadFile(q.Path)
		if err != nil || !bytes.Equal(aside, image) {
			t.Errorf("%s: the damaged file is not beside the fresh one as it was: %v", name, err)
		}
		if s := ob.Stats(); q.Cause == nil || s.Quarantined != 1 || s.Created != 0 || s.Epoch == 0 {
			t.Errorf("%s: set aside as %+v, fresh one %+v", name, q, s)
		}
	}
	must(t, ob.Finish(newRecord(t))) // either way the counter goes on
	return q == nil
}

// Promise: a file cut at any byte opens whole or is set aside. The verdict is asked for at every byte of the first pages and around every page's edge, and at every 7th
// elsewhere, and once it is "sound" it stays so for longer files; the whole way through Open is gone at every page's edge, at both sides of it, and at bytes between them.
func TestTruncatedAnywhere(t *testing.T) {
	image, held, _ := sample(t)
	sound := 0
	for n := range len(image) + 1 {
		if edge := n % pageSize; n > 3*pageSize && n < len(image) && edge > 64 && edge < pageSize-64 && n%7 != 0 {
			continue
		}
		err := checkStructure(bytes.NewReader(image[:n]), int64(n))
		switch {
		case err == nil && sound == 0:
			sound = n
		case err != nil && sound != 0:
			t.Errorf("cut at %d is sound and at %d is not: %v", sound, n, err)
		}
	}
	if sound == 0 {
		t.Error("not even the whole file is sound")
	}
	t.Logf("file of %d bytes: sound from %d on", len(image), sound)

	cuts := map[int]bool{0: true, 1: true, 15: true, 16: true, 80: true, len(image): true, len(image) - 1: true}
	for edge := pageSize; edge <= len(image); edge += pageSize {
		for _, d := range []int{-1, 0, 1, pageSize / 3} {
			cuts[min(edge+d, len(image))] = true
		}
	}
	opened := 0
	for n := range cuts {
		if openImage(t, fmt.Sprintf("cut at %d", n), image[:n], held) {
			opened++
		}
	}
	t.Logf("%d of %d cut files opened, the others were set aside", opened, len(cuts))
}

// Promise: a flipped bit is found, or it does not matter. It never crashes the counter, and never changes a record.
func TestFlippedBits(t *testing.T) {
	image, held, _ := sample(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	rounds := 150
	for range rounds {
		bad := bytes.Clone(image)
		at := rng.IntN(len(bad))
		bad[at] ^= 1 << rng.IntN(8)
		path := filepath.Join(t.TempDir(), "outbox.db")
		must(t, os.WriteFile(path, bad, 0o600))
		ob, q, err := Open(path, Opts{})
		if err != nil {
			t.Fatalf("seed %d, byte %d: %v", seed, at, err)
		}
		if q == nil {
			for id := range inventory(t, ob) {
				if !held[id] {
					t.Errorf("seed %d, byte %d: a record changed unseen", seed, at)
				}
			}
		}
		must(t, ob.Close())
	}
}

// FuzzStructure states the checker's promise: whatever the file holds, it answers, without a panic, a loop, or memory beyond the file's own size; and what it calls sound
// bbolt can read.
func FuzzStructure(f *testing.F) {
	path := filepath.Join(f.TempDir(), "outbox.db")
	must(f, create(path, DefaultOpts))
	image, err := os.ReadFile(path)
	must(f, err)
	f.Add(uint32(3*pageSize), []byte{1, 2, 3})
	f.Add(uint32(16), []byte{0xED})
	f.Add(uint32(2*pageSize+8), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		bad := bytes.Clone(image)
		copy(bad[int(at)%len(bad):], patch)
		if checkStructure(bytes.NewReader(bad), int64(len(bad))) != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "outbox.db")
		must(t, os.WriteFile(path, bad, 0o600))
		ob, _, err := Open(path, Opts{})
		must(t, err)
		must(t, ob.Check())
		must(t, ob.Close())
	})
}

func FuzzUnseal(f *testing.F) {
	f.Add(seal([]byte("x")))
	f.Add(state{Epoch: 1}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := unseal(b); err == nil && !bytes.Equal(seal(v), b) {
			t.Errorf("%x was taken as %x", b, v)
		}
		if st, err := decodeState(b); err == nil && !bytes.Equal(st.encode(), b) {
			t.Errorf("%x was taken as %+v", b, st)
		}
	})
}

// A power cut between bbolt's two syncs leaves some of the new pages and the old meta page, or a torn meta page. Either the step has happened or it has not.
func TestPowerCutInsideCommit(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	path := tempPath(t)
	ob := mustOpen(t, path, Opts{})
	steps := []func(){
		func() { must(t, ob.Finish(newRecords(t, 1+rng.IntN(30))...)) },
		func() { _, err := ob.Release(rng.IntN(20)); must(t, err) },
		func() { ob.Next(64) },
		func() { must(t, ob.Apply(ackAll(ob))) },
		func() { must(t, ob.SetJournal([]byte{byte(rng.IntN(256))})) },
	}
	read := func() []byte { b, err := os.ReadFile(path); must(t, err); return b }
	before, stBefore := read(), ob.st
	torn := 0
	for range 40 {
		steps[rng.IntN(len(steps))]()
		after, stAfter := read(), ob.st
		grown := append(bytes.Clone(before), make([]byte, max(0, len(after)-len(before)))...)
		for range 4 {
			cut := bytes.Clone(grown)
			for p := 2 * pageSize; p < len(after); p += pageSize {
				if rng.IntN(2) == 0 {
					copy(cut[p:p+pageSize], after[p:])
				}
			}
			want := []state{stBefore}
			if rng.IntN(2) == 0 { // all pages there, the meta page torn at any byte
				copy(cut[2*pageSize:], after[2*pageSize:])
				n := rng.IntN(2 * pageSize)
				copy(cut[:n], after[:n])
				want = append(want, stAfter)
			}
			p2 := filepath.Join(t.TempDir(), "cut.db")
			must(t, os.WriteFile(p2, cut, 0o600))
			ob2, q, err := Open(p2, Opts{})
			must(t, err)
			if q != nil {
				t.Fatalf("seed %d: a power cut led to quarantine: %v", seed, q.Cause)
			}
			got := ob2.st
			if got != want[0] && got != want[len(want)-1] {
				t.Fatalf("seed %d: after the cut %+v, want one of %+v", seed, got, want)
			}
			must(t, ob2.Close())
			torn++
		}
		before, stBefore = after, stAfter
	}
	t.Logf("%d cuts", torn)
}

func TestQuarantineNumbersAndReports(t *testing.T) {
	path := tempPath(t)
	epochs := map[uint64]bool{}
	for n := range 3 {
		must(t, os.WriteFile(path, []byte("not a database"), 0o600))
		ob, q, err := Open(path, Opts{})
		must(t, err)
		if want := fmt.Sprintf("%s.bad-%d", path, n+1); q == nil || q.Path != want {
			t.Errorf("set aside as %+v, want %s", q, want)
		}
		if s := ob.Stats(); s.Quarantined != n+1 {
			t.Errorf("%d files counted, want %d", s.Quarantined, n+1)
		}
		epochs[ob.Stats().Epoch] = true
		must(t, ob.Close())
	}
	if len(epochs) != 3 {
		t.Errorf("%d epochs for 3 files", len(epochs))
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "outbox.db")
	ob := mustOpen(t, path, Opts{})
	must(t, ob.Finish(newRecord(t)))
	if _, q, err := Open(path, Opts{Timeout: 30 * time.Millisecond}); !errors.Is(err, berrors.ErrTimeout) || q != nil {
		t.Errorf("a second opening: %v, %v", q, err)
	}
	if _, _, err := Open(filepath.Join(dir, "none", "outbox.db"), Opts{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, q, err := Open(dir, Opts{}); err == nil || q != nil {
		t.Errorf("a folder for a file: %v, %v", q, err)
	}
	// What a cut during creation leaves is swept away.
	p2 := filepath.Join(dir, "two.db")
	must(t, os.WriteFile(p2+".tmp", []byte("half"), 0o600))
	mustOpen(t, p2, Opts{})
	if _, err := os.Stat(p2 + ".tmp"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("temporary file: %v", err)
	}
}

// The card fails while the box runs: the file shrinks under the mapping, and reading gives SIGBUS.
func TestFileFailsWhileOpen(t *testing.T) {
	path := tempPath(t)
	ob, _, err := Open(path, Opts{})
	must(t, err)
	must(t, ob.Finish(newRecords(t, 200)...))
	must(t, os.Truncate(path, 2*pageSize))
	_, err = ob.Release(All)
	var broken *BrokenError
	if !errors.As(err, &broken) {
		t.Fatalf("Release on a shrunk file: %v", err)
	}
	if err := ob.Finish(newRecord(t)); !errors.As(err, &broken) {
		t.Errorf("Finish afterwards: %v", err)
	}
	if err := ob.Room(); !errors.As(err, &broken) {
		t.Errorf("Room afterwards: %v", err)
	}
	if s := ob.Stats(); s.Hold != 200 {
		t.Errorf("last known: %+v", s)
	}
	must(t, ob.Close())
	again, q, err := Open(path, Opts{})
	if err != nil || q == nil {
		t.Fatalf("reopening: %v, %v", q, err)
	}
	checkAtEnd(t, again, path)
}
