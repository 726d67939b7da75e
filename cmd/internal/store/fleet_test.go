// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFleet(t *testing.T) { both(t, testFleet) }

func testFleet(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	stale := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, ErrStale) {
			t.Errorf("%s: %v, want ErrStale", what, err)
		}
	}
	must(s.EnrolBox(ctx, "a", "north"))
	must(s.EnrolBox(ctx, "b", "south"))
	stale("enrolling twice", s.EnrolBox(ctx, "a", "south"))
	must(s.RetireBox(ctx, "b"))
	stale("retiring twice", s.RetireBox(ctx, "b"))
	stale("enrolling a retired box", s.EnrolBox(ctx, "b", "north"))

	until := time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC)
	first := Assigned{Box{ID: "a", Gen: 1, Assigned: map[string]string{"policy": "policy/1/m"}, Earlier: map[string]string{"policy": ""}, Expires: until}, 0, []byte("signed")}
	must(s.Assign(ctx, []Assigned{first}))
	stale("the same generation again", s.Assign(ctx, []Assigned{first}))
	first.Box.Gen = 3
	stale("a generation too far", s.Assign(ctx, []Assigned{first}))
	if raw, err := s.Desired(ctx, "a"); err != nil || string(raw) != "signed" {
		t.Errorf("desired %q: %v", raw, err)
	}
	if raw, err := s.Desired(ctx, "b"); err != nil || raw != nil {
		t.Errorf("desired of b %q: %v", raw, err)
	}
	must(s.Heard(ctx, []Box{{ID: "a", Reported: []byte(`{"fw":"1"}`), Heard: testOpts.Now()}, {ID: "stranger"}}))
	must(s.Decided(ctx, Box{ID: "a", Gen: 1, Earlier: map[string]string{}}))
	stale("deciding an older offer", s.Decided(ctx, Box{ID: "a", Gen: 0}))
	boxes, err := s.Boxes(ctx)
	must(err)
	want := []Box{
		{ID: "a", Office: "north", Gen: 1, Assigned: map[string]string{"policy": "policy/1/m"}, Earlier: map[string]string{}, Expires: until,
			Reported: []byte(`{"fw":"1"}`), Heard: testOpts.Now().Truncate(contactStep)},
		{ID: "b", Office: "south", Retired: true, Assigned: map[string]string{}, Earlier: map[string]string{}, Reported: []byte{}},
	}
	if d := cmp.Diff(want, boxes); d != "" {
		t.Errorf("boxes (-want +got):\n%s", d)
	}
}

// TestRollouts: of two who have read the same revision, one changes it.
func TestRollouts(t *testing.T) { both(t, testRollouts) }

func testRollouts(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	ctx := t.Context()
	put := func(r Rollout, want error) {
		t.Helper()
		if err := s.PutRollout(ctx, r); !errors.Is(err, want) {
			t.Errorf("storing %+v: %v, want %v", r, err, want)
		}
	}
	put(Rollout{ID: "r1", Doc: []byte("drafted")}, nil)
	put(Rollout{ID: "r1", Doc: []byte("drafted again")}, ErrStale)
	put(Rollout{ID: "r1", Rev: 1, Doc: []byte("approved")}, nil)
	put(Rollout{ID: "r1", Rev: 1, Doc: []byte("aborted"), Final: true}, ErrStale)
	put(Rollout{ID: "r1", Rev: 2, Doc: []byte("complete"), Final: true}, nil)
	put(Rollout{ID: "r2", Doc: []byte("drafted")}, nil)
	for every, want := range map[bool][]Rollout{
		false: {{ID: "r2", Rev: 1, Doc: []byte("drafted")}},
		true:  {{ID: "r1", Rev: 3, Final: true, Doc: []byte("complete")}, {ID: "r2", Rev: 1, Doc: []byte("drafted")}},
	} {
		got, err := s.Rollouts(ctx, every)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("every %v (-want +got):\n%s", every, d)
		}
	}
}
