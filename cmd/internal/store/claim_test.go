// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"testing"
	"time"
)

func TestClaims(t *testing.T) { both(t, testClaims) }

func testClaims(t *testing.T, fresh func(*testing.T) string) {
	now := testOpts.Now()
	opts := testOpts
	opts.Now = func() time.Time { return now }
	s := open(t, fresh(t), opts)
	is := func(want string) {
		t.Helper()
		if got, err := s.Claim(t.Context(), "K7ABCDE"); err != nil || string(got) != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	set := func(wantOld, body string) {
		t.Helper()
		if err := s.SetClaim(t.Context(), "K7ABCDE", func(old []byte) ([]byte, time.Time) {
			if string(old) != wantOld {
				t.Errorf("found %q, want %q", old, wantOld)
			}
			if body == "" {
				return nil, time.Time{}
			}
			return []byte(body), now.Add(time.Hour)
		}); err != nil {
			t.Fatal(err)
		}
	}
	is("")
	set("", "one")
	is("one")
	set("one", "")
	set("one", "two")
	is("two")
	var number int
	if err := s.read.QueryRow(`SELECT count(*) FROM claim WHERE key = $1`, []byte("K7ABCDE")).Scan(&number); err != nil || number != 0 {
		t.Errorf("the number itself lies in the database: %d, %v", number, err)
	}
	now = now.Add(time.Hour)
	is("")
	set("", "three")
	is("three")
	if bytes.Equal(s.claimKey("a"), s.claimKey("b")) {
		t.Error("two numbers have one key")
	}
}

func TestHall(t *testing.T) { both(t, testHall) }

func testHall(t *testing.T, fresh func(*testing.T) string) {
	now := testOpts.Now()
	opts := testOpts
	opts.Now = func() time.Time { return now }
	dsn := fresh(t)
	first := uint32(now.Unix())
	for range 2 {
		s := open(t, dsn, opts)
		if n, err := s.Hall(t.Context()); err != nil || n != first {
			t.Fatalf("life %d, %v; want %d", n, err, first)
		}
		s.Close()
		now = now.Add(time.Minute)
	}
	s := open(t, dsn, opts)
	now = time.Unix(0, 0) // a clock that was set back does not lead back
	if n, err := s.Restored(t.Context()); err != nil || n != first+1 {
		t.Errorf("restored: life %d, %v; want %d", n, err, first+1)
	}
}
