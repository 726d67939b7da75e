// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"madoguchi/sync/claim"
	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

func week(t testing.TB, year, n int) record.Week {
	t.Helper()
	w, err := record.NewWeek(year, n)
	must(t, err)
	return w
}

// A small office that may send counts only: nothing leaves before five, totals are right in the long run, and a power cut between counting and the screen counts nothing twice.
func TestWeeklyCounts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 9))
	rules := record.Rules{Group: 3, Detail: record.CountOnly, Period: record.OneWeek, Kinds: record.NewKindSet(record.TB)}
	path := tempPath(t)
	ob, _, err := Open(path, Opts{})
	must(t, err)
	defer func() { ob.Close(); checkFile(t, path) }()
	looks, cases := 0, 0
	for n := 1; n <= 52; n++ {
		made, err := ob.CloseWeek(week(t, 2026, n), rules)
		must(t, err)
		again, err := ob.CloseWeek(week(t, 2026, n), rules)
		must(t, err)
		if again != 0 || n == 1 && made != 0 {
			t.Fatalf("week %d gave %d and %d records", n, made, again)
		}
		for range rng.IntN(9) {
			f := rules.Look()
			must(t, ob.Count(f))
			must(t, ob.Count(f)) // the answer was lost: offered again
			looks++
		}
		for range rng.IntN(4) {
			f, err := rules.Facets(record.Case{Procedure: record.PinReset, Outcome: record.Done, Week: week(t, 2026, n)})
			must(t, err)
			if len(f.Records) != 0 {
				t.Fatalf("a facet left: %+v", f)
			}
			must(t, ob.SetJournal([]byte("open")))
			must(t, ob.FinishCase(f))
			must(t, ob.FinishCase(f))
			if ob.Journal() != nil {
				t.Fatal("the journal is still there")
			}
			cases++
		}
		if rng.IntN(4) == 0 {
			must(t, ob.Close())
			var q *Quarantined
			if ob, q, err = Open(path, Opts{}); err != nil || q != nil {
				t.Fatal(q, err)
			}
		}
	}
	if _, err := ob.CloseWeek(week(t, 2027, 1), rules); err != nil {
		t.Fatal(err)
	}
	told := map[record.Kind]int{}
	must(t, ob.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bHold).ForEach(func(_, v []byte) error {
			r, err := openRecord(v)
			must(t, err)
			n := 0
			switch a, b := r.Attributes(); r.Kind() {
			case record.TB:
				n = atoi(t, a)
			case record.WC:
				if a != "class_pin" {
					t.Errorf("class %s was counted", a)
				}
				n = atoi(t, b)
			default:
				t.Errorf("a %v left the box", r.Kind())
			}
			if n < record.MinTally {
				t.Errorf("a count of %d left the box", n)
			}
			told[r.Kind()] += n
			return nil
		})
	}))
	rest := map[record.Cell]int{}
	must(t, ob.view(func(tx *bolt.Tx) error {
		for _, c := range record.Cells() {
			n, err := counter(tx.Bucket(bCount), c)
			must(t, err)
			rest[c] = n
		}
		return nil
	}))
	if told[record.TB]+rest[record.BoardCell] != looks || told[record.WC]+rest[record.ClassCell(record.ClassPIN)] != cases {
		t.Errorf("told %v, left %v, of %d looks and %d cases", told, rest, looks, cases)
	}
	if rest[record.BoardCell] >= record.MinTally {
		t.Errorf("%d looks were kept back", rest[record.BoardCell])
	}
	if _, err := ob.CloseWeek(week(t, 2027, 2), record.Rules{}); err == nil {
		t.Error("a week was closed without rules")
	}
	t.Logf("%d looks told as %d, %d cases as %d", looks, told[record.TB], cases, told[record.WC])
}

func atoi(t testing.TB, s string) (n int) {
	t.Helper()
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

func newClaim(t testing.TB, ob *Outbox, rev claim.Rev) Claim {
	t.Helper()
	n, err := claim.Draw(claim.PrefixOf("box-1"), func(n claim.Number) bool { _, ok, _ := ob.Claim(n); return ok })
	must(t, err)
	return Claim{Number: n, State: claim.State{Procedure: record.CertRenewal, Applicant: record.Self, Step: claim.LetterMailed, Way: claim.Handover, Issued: 1000, Expires: 1060, Rev: rev}}
}

// A claim is stored with the case that gave it, resumed at the same office without a line, told to city hall once, and forgotten when it opens nothing any more.
func TestClaims(t *testing.T) {
	path := tempPath(t)
	ob := mustOpen(t, path, Opts{})
	c := newClaim(t, ob, 1)
	must(t, ob.SetJournal([]byte("open")))
	must(t, ob.FinishCase(record.Facets{Records: newRecords(t, 1)}, c))
	must(t, ob.Close())
	ob = mustOpen(t, path, Opts{})
	if got, ok, err := ob.Claim(c.Number); err != nil || !ok || got != c || ob.Journal() != nil || ob.Stats().Hold != 1 {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	if _, ok, err := ob.Claim(newClaim(t, ob, 1).Number); ok || err != nil {
		t.Error("a number that was not given was found", err)
	}
	if _, ok, err := ob.Claim(claim.Number{}); ok || err != nil {
		t.Error("no number was found", err)
	}
	c.Told = true
	must(t, ob.PutClaim(c))
	next := c
	next.State.Rev, next.State.Step, next.Told = 2, claim.Closed, false
	must(t, ob.PutClaim(next))
	must(t, ob.PutClaim(c)) // overtaken
	if got, _, _ := ob.Claim(c.Number); got != next {
		t.Errorf("%+v, want %+v", got, next)
	}
	other := next
	other.State.Applicant = record.Proxy
	if err := ob.PutClaim(other); err == nil {
		t.Error("one revision has two states")
	}
	for _, bad := range []Claim{{}, {Number: c.Number}, {State: c.State}} {
		if err := ob.PutClaim(bad); err == nil {
			t.Errorf("%+v was stored", bad)
		}
	}
	live := newClaim(t, ob, 1)
	must(t, ob.PutClaim(live))
	for _, p := range []struct {
		today claim.Day
		gone  int
	}{{1060, 0}, {1060 + Grace, 0}, {0, 0}, {1061 + Grace, 2}, {1062 + Grace, 0}} { // day 0: no clock
		if n, err := ob.PruneClaims(p.today); n != p.gone || err != nil {
			t.Errorf("on day %d: forgot %d, %v; want %d", p.today, n, err, p.gone)
		}
	}
	if all, err := ob.Claims(); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}

	must(t, ob.PutClaimThrottle(Throttle{Misses: 5, Until: testDay}))
	must(t, ob.PutThrottle(Throttle{Misses: 1}))
	if th, err := ob.ClaimThrottle(); err != nil || th != (Throttle{5, testDay}) {
		t.Errorf("%+v, %v", th, err)
	}
}

func TestTooManyClaims(t *testing.T) {
	ob := mustOpen(t, tempPath(t), Opts{})
	var err error
	n := 0
	seen := map[claim.Number]bool{}    // the box does not know a hundred's numbers before they are stored
	for err == nil && n <= MaxClaims { // some at a time: one transaction each would take long
		var cs []Claim
		for len(cs) < 100 {
			if c := newClaim(t, ob, 1); !seen[c.Number] {
				seen[c.Number], cs = true, append(cs, c)
			}
		}
		if err = ob.FinishCase(record.Facets{}, cs...); err == nil {
			n += len(cs)
		}
	}
	if all, lerr := ob.Claims(); !errors.Is(err, ErrClaims) || lerr != nil || len(all) != n || n > MaxClaims {
		t.Errorf("%d of %d claims: %v, %v", len(all), n, err, lerr)
	}
}

// A file that was full once is made small at the next opening, with everything in it.
func TestPack(t *testing.T) {
	path := tempPath(t)
	ob, _, err := Open(path, Opts{})
	must(t, err)
	for range 40 {
		must(t, ob.Finish(newRecords(t, 200)...))
	}
	drain(t, ob)
	must(t, ob.Finish(newRecords(t, 25)...))
	must(t, ob.SetJournal([]byte("open")))
	must(t, ob.PutClaim(newClaim(t, ob, 1)))
	must(t, ob.Count(record.DefaultRules(1).Look()))
	held, st := inventory(t, ob), ob.st
	must(t, ob.Close())
	before := size(t, path)
	must(t, os.WriteFile(path+".tmp", []byte("left by a cut"), 0o600))
	ob = mustOpen(t, path, Opts{})
	if after := size(t, path); !ob.packed || after > before/4 {
		t.Errorf("%d bytes before, %d after", before, after)
	} else {
		t.Logf("%d bytes before, %d after", before, after)
	}
	if got := inventory(t, ob); len(got) != len(held) || ob.st != st || string(ob.Journal()) != "open" {
		t.Errorf("%d records of %d, %+v, want %+v", len(got), len(held), ob.st, st)
	}
	if all, err := ob.Claims(); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	must(t, ob.Finish(newRecords(t, 3)...))

	// Without room for the copy the old file is used as it is.
	must(t, ob.Close())
	ob, _, err = Open(path, Opts{})
	must(t, err)
	for range 40 {
		must(t, ob.Finish(newRecords(t, 200)...))
	}
	drain(t, ob)
	must(t, ob.Close())
	must(t, os.MkdirAll(path+".tmp/x", 0o700))
	ob = mustOpen(t, path, Opts{})
	if ob.packed {
		t.Error("packed without room")
	}
	must(t, ob.Finish(newRecords(t, 3)...))
}

func size(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}
