// SPDX-License-Identifier: Apache-2.0

package book_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
)

func open(path string) (*store.Store, error) {
	return store.Open(context.Background(), path, store.Opts{DigestKey: []byte(strings.Repeat("k", 32))})
}

func draft() (*rollout.Rollout, error) {
	p := rollout.Plan{ID: "r", Kind: "policy", Path: "policy/1/manifest.json", Version: "1", Author: rollout.Person{Name: "a", By: rollout.ByAccount}, Waves: []rollout.Wave{{Percent: 100}}}
	return rollout.New(p, []rollout.Device{{ID: "box", Office: "g01"}}, time.Unix(0, 0))
}

// TestTwoAdmins: twenty acts of two people at the same moment are twenty entries of the history.
func TestTwoAdmins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cityhall.db")
	first, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	r, err := draft()
	if err != nil {
		t.Fatal(err)
	}
	if err := book.Put(t.Context(), first, r, 0); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	for _, db := range []*store.Store{first, second} {
		both.Go(func() {
			for range 10 {
				if _, err := book.Change(t.Context(), db, "r", false, func(r *rollout.Rollout) error {
					r.History = append(r.History, rollout.Entry{What: "looked"})
					return nil
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	all, err := book.All(t.Context(), first)
	if err != nil || len(all) != 1 || len(all[0].History) != 21 {
		t.Errorf("%d rollouts, %v, history %d, want 21 entries", len(all), err, len(all[0].History))
	}
	no := errors.New("no")
	if _, err := book.Change(t.Context(), first, "r", false, func(*rollout.Rollout) error { return no }); !errors.Is(err, no) {
		t.Errorf("a refused act: %v", err)
	}
	if _, _, err := book.Find(t.Context(), first, "q"); !errors.Is(err, book.ErrUnknown) || !strings.Contains(err.Error(), "there are: r") {
		t.Errorf("an unknown id: %v", err)
	}
}

func ExampleChange() {
	r, err := draft()
	if err != nil {
		fmt.Println(err)
		return
	}
	rows := &memory{}
	if err := book.Put(context.Background(), rows, r, 0); err != nil {
		fmt.Println(err)
		return
	}
	r, err = book.Change(context.Background(), rows, "r", false, func(r *rollout.Rollout) error {
		return r.Approve(rollout.Person{Name: "b", By: rollout.ByAccount}, time.Unix(0, 0))
	})
	fmt.Println(r.Phase, err)
	// Output: approved <nil>
}

// memory holds one rollout.
type memory struct{ row store.Rollout }

func (m *memory) Rollouts(context.Context, bool) ([]store.Rollout, error) {
	return []store.Rollout{m.row}, nil
}

func (m *memory) PutRollout(_ context.Context, r store.Rollout) error {
	if r.Rev != m.row.Rev {
		return store.ErrStale
	}
	r.Rev++
	m.row = r
	return nil
}
