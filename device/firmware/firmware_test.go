// SPDX-License-Identifier: Apache-2.0

package firmware

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/bundle"
	"madoguchi/device/update"
)

// board is a Board with two slots.
type board struct {
	stands  bundle.Board
	err     error                 // of Look
	mark    map[bundle.Step]error // of Mark
	install error
	hangs   bool
	did     []string
}

func (b *board) Look(context.Context) (bundle.Board, error) { return b.stands, b.err }

func (b *board) Check(context.Context, string) error {
	b.did = append(b.did, "check")
	return b.err
}

func (b *board) Install(ctx context.Context, sha256 string, progress func(int)) (bundle.Board, error) {
	b.did = append(b.did, "install")
	if b.hangs {
		<-ctx.Done()
		return bundle.Board{}, bundle.Fault(bundle.Silent, "")
	}
	if b.install != nil {
		return bundle.Board{}, b.install
	}
	progress(100)
	b.stands.Slots[otherThan(b.stands.Booted)] = "made of " + sha256[:2]
	return b.stands, nil
}

func (b *board) Mark(_ context.Context, s bundle.Step) error {
	b.did = append(b.did, string(s))
	return b.mark[s]
}

// bench is a box that runs slot A of its image.
func bench(t *testing.T) (*Slots, *board) {
	t.Helper()
	b := &board{stands: bundle.Board{Booted: "A", Slots: map[string]string{"A": "", "B": ""}}, mark: map[bundle.Step]error{}}
	dir := t.TempDir()
	return New(b, Opts{Dir: dir, Ask: t.TempDir(), Why: filepath.Join(dir, "why")}), b
}

// again is the program after a start.
func again(s *Slots) *Slots { return New(s.board, s.o) }

// payload lays a bundle as the agent does.
func payload(t *testing.T, s *Slots, text string) (string, update.Manifest) {
	t.Helper()
	m := update.Manifest{Version: text, SHA256: update.Sum([]byte(text))}
	path := filepath.Join(s.o.Dir, m.SHA256.String())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, m
}

// installed has a bundle written to slot B and started on trial.
func installed(t *testing.T, s *Slots, b *board) (*Slots, update.Manifest) {
	t.Helper()
	path, m := payload(t, s, "new")
	if err := s.Check(t.Context(), path, m); err != nil {
		t.Fatal(err)
	}
	if err := s.Install(t.Context(), path, m); err != nil {
		t.Fatal(err)
	}
	if err := s.Activate(t.Context(), m); !errors.Is(err, update.ErrReboot) || s.start != trialFile {
		t.Fatalf("activating: %v, asks for %q", err, s.start)
	}
	b.stands.Booted = "B"
	return again(s), m
}

// TestRunning: what runs is what RAUC says, by the bundle that it came from; what somebody else wrote is not ours.
func TestRunning(t *testing.T) {
	s, b := bench(t)
	runs := func(s *Slots, want update.Digest) {
		t.Helper()
		if got, err := s.Running(t.Context()); err != nil || got != want {
			t.Errorf("%s runs (%v), want %s", got, err, want)
		}
	}
	runs(s, update.Digest{})
	s, m := installed(t, s, b)
	runs(s, m.SHA256)
	b.stands.Booted = "A"
	runs(s, update.Digest{})
	b.stands.Booted, b.stands.Slots["B"] = "B", "another"
	runs(s, update.Digest{})
	b.stands.Slots["B"] = ""
	runs(s, update.Digest{})
	if err := os.WriteFile(s.at(notesFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	runs(s, update.Digest{})
}

// TestCommit: the slot on trial comes into force, and its bundle is kept for the parts that the next one shares.
func TestCommit(t *testing.T) {
	s, b := bench(t)
	s, m := installed(t, s, b)
	if err := s.Probe(t.Context(), update.Health{}); err != nil {
		t.Error(err)
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"check", "install", "try", "keep"}, b.did); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	f, err := s.Reuse()
	if err != nil || f == nil {
		t.Fatalf("nothing to use again: %v", err)
	}
	defer f.Close()
	if got, err := again(s).Running(t.Context()); err != nil || got != m.SHA256 {
		t.Errorf("%s runs (%v)", got, err)
	}
}

// TestRevert: from each place back to the slot before, by the start that leads there.
func TestRevert(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  func(*board)
		want []string // marks
		err  error
		file string // of the start that is asked for
	}{
		{"on trial", func(*board) {}, []string{"drop"}, update.ErrReboot, restartFile},
		{"in force already", func(b *board) { b.mark[bundle.Drop] = bundle.Fault(bundle.Slot, "in force") }, []string{"drop", "try"}, update.ErrReboot, trialFile},
		{"it never ran", func(b *board) { b.stands.Booted = "A" }, []string{"stay"}, nil, ""},
		{"nobody tells what runs", func(b *board) { b.err = bundle.Fault(bundle.Silent, "") }, nil, update.ErrReboot, restartFile},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, b := bench(t)
			s, _ = installed(t, s, b)
			b.did = nil
			tc.set(b)
			if err := s.Revert(t.Context()); !errors.Is(err, tc.err) || tc.err == nil && err != nil {
				t.Errorf("%v, want %v", err, tc.err)
			}
			if diff := cmp.Diff(tc.want, b.did); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if s.start != tc.file {
				t.Errorf("asks for %q, want %q", s.start, tc.file)
			}
			if b.err != nil {
				if err := again(s).Revert(t.Context()); errors.Is(err, update.ErrReboot) || err == nil {
					t.Errorf("the second time: %v: it would start for ever", err)
				}
			}
		})
	}
}

// TestRefused: what RAUC said stays to be told until the next try, and nothing is to be started.
func TestRefused(t *testing.T) {
	s, b := bench(t)
	path, m := payload(t, s, "bad")
	b.install = bundle.Fault(bundle.Space, "No space left on device")
	if err := s.Install(t.Context(), path, m); err == nil {
		t.Fatal("installed")
	}
	if f := s.Fault(); f == nil || f.Code != bundle.Space {
		t.Errorf("it says %v", f)
	}
	if d, err := s.Running(t.Context()); err != nil || d != (update.Digest{}) {
		t.Errorf("%s runs (%v)", d, err)
	}
	if err := s.Check(t.Context(), path, m); err != nil || s.Fault() != nil {
		t.Errorf("the next try: %v, says %v", err, s.Fault())
	}
	m.SHA256[0] ^= 1
	if err := s.Check(t.Context(), path, m); err == nil {
		t.Error("a payload under another name than its digest is looked at")
	}
}

// TestHangs: nothing lasts longer than its time: a box that waits serves nobody.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := bench(t)
		path, m := payload(t, s, "slow")
		b.hangs = true
		began := time.Now()
		if err := s.Install(t.Context(), path, m); err == nil || time.Since(began) != 20*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if s.Percent() != 0 {
			t.Errorf("%d %% of nothing", s.Percent())
		}
		began, b.err = time.Now(), bundle.Fault(bundle.Service, "nobody")
		if _, err := s.Running(t.Context()); err == nil || time.Since(began) != 90*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		began, b.err = time.Now(), nil
		go func() {
			time.Sleep(time.Second)
			if _, err := os.Stat(filepath.Join(s.o.Ask, restartFile)); err != nil {
				t.Error(err)
			}
		}()
		if err := s.Restart(t.Context()); !errors.Is(err, errNoStart) || time.Since(began) != 2*time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if _, err := os.Stat(filepath.Join(s.o.Ask, restartFile)); err == nil {
			t.Error("the wish for a start stays")
		}
	})
}

// TestFellBack: why the trial ended is one bounded line, or nothing.
func TestFellBack(t *testing.T) {
	s, _ := bench(t)
	if why := s.FellBack(); why != "" {
		t.Errorf("nothing is known, and it says %q", why)
	}
	if err := os.WriteFile(s.o.Why, []byte("link does not run\n"+strings.Repeat("x", 8<<10)), 0o644); err != nil {
		t.Fatal(err)
	}
	if why := s.FellBack(); !strings.HasPrefix(why, "link does not run x") || len(why) != 160 {
		t.Errorf("it says %q", why)
	}
}
