// SPDX-License-Identifier: Apache-2.0

package citydemo_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/cmd/internal/citydemo"
	"madoguchi/cmd/internal/store"
)

var now = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func open(dir string) (*store.Store, error) {
	return store.Open(context.Background(), filepath.Join(dir, "cityhall.db"), store.Opts{
		DigestKey: []byte("a key for tests only"), KeepWeeks: 60, Now: func() time.Time { return now },
	})
}

// TestSmallOffice holds that the smallest office is there to be protected: its
// weekly cells are nearly all too small, and the released figures do not show them.
func TestSmallOffice(t *testing.T) {
	s, err := open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := citydemo.Fill(t.Context(), s, 1, now); err != nil {
		t.Fatal(err)
	}
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	small, shown := 0, 0
	for _, c := range counts {
		if c.Kind == "po" && c.Group == "g04" && c.N < 5 {
			small++
		}
	}
	for _, c := range store.Release(counts, 5, store.Week(now)).Counts {
		if c.Kind == "po" && c.Group == "g04" && c.N < 5 {
			shown++
		}
	}
	if small < 60 || shown > 0 {
		t.Errorf("%d small cells, %d shown; want many and none", small, shown)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "citydemo")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fmt.Println(citydemo.Fill(context.Background(), s, 1, now), citydemo.Offices["g04"][1])
	// Output: <nil> Mobile counter
}
