// SPDX-License-Identifier: Apache-2.0

package firmware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"madoguchi/device/bundle"
	"madoguchi/device/update"
)

// Board does what only root may. It is a *bundle.Client.
type Board interface {
	Look(ctx context.Context) (bundle.Board, error)
	Check(ctx context.Context, sha256 string) error
	Install(ctx context.Context, sha256 string, progress func(percent int)) (bundle.Board, error)
	Mark(ctx context.Context, s bundle.Step) error
}

var _ Board = (*bundle.Client)(nil)

// Opts are the box's places and times.
type Opts struct {
	Dir string // data folder: notes, the bundle of the running slot
	Ask string // folder for the files that ask for a start; it must not outlive one, or an old wish would start the board
	Why string // file that says why the last trial ended in the slot before; need not be there

	Install time.Duration // for a bundle to be written; default 20 min: the box serves nobody meanwhile
	Step    time.Duration // for any other step, with what is tried again; default 90 s
	Again   time.Duration // before a step is tried again when nobody answered; default 3 s
	Down    time.Duration // until the board has gone down; default 2 min
}

// Slots is an update.Installer of both slots.
type Slots struct {
	board Board
	o     Opts
	start string // the file that asks for the start that is due
	soaks bool   // the slot on trial was asked once

	follow  func(percent int)
	percent atomic.Int32
	fault   atomic.Pointer[bundle.Error]
}

var _ update.Installer = (*Slots)(nil)

// Files in Opts.Dir.
const (
	notesFile  = "firmware.json"
	bundleFile = "firmware.bundle" // of the slot in force, to take chunks from
	nextFile   = "firmware.next"   // of the slot on trial
)

// Files in Opts.Ask, which units wait for.
const (
	trialFile   = "trial"
	restartFile = "restart"
)

// New installs by board.
func New(board Board, o Opts) *Slots {
	o.Install, o.Step = cmp.Or(o.Install, 20*time.Minute), cmp.Or(o.Step, 90*time.Second)
	o.Again, o.Down = cmp.Or(o.Again, 3*time.Second), cmp.Or(o.Down, 2*time.Minute)
	return &Slots{board: board, o: o}
}

// step does one step within its time, and again when nobody answered: the other side may just be starting.
func (s *Slots) step(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Step)
	defer cancel()
	for {
		err := do(ctx)
		var fault *bundle.Error
		if err == nil || !errors.As(err, &fault) || fault.Code != bundle.Service {
			return s.keep(err)
		}
		select {
		case <-ctx.Done():
			return s.keep(err)
		case <-time.After(s.o.Again):
		}
	}
}

// keep remembers why a step failed.
func (s *Slots) keep(err error) error {
	var fault *bundle.Error
	if errors.As(err, &fault) {
		s.fault.Store(fault)
	}
	return err
}

// Fault is why the last installation failed; nil: it did not, or none was tried.
func (s *Slots) Fault() *bundle.Error { return s.fault.Load() }

// Percent is how far an installation is: 1 to 100; 0: none is under way.
func (s *Slots) Percent() int { return int(s.percent.Load()) }

// Follow has an installation's percentages told to f. It is called before the first one.
func (s *Slots) Follow(f func(percent int)) { s.follow = f }

// Detail is what is known beside a code of the agent's: why the start into the new slot ended in the one before, or what RAUC said. At most 180 bytes.
func (s *Slots) Detail(code string) string {
	step, _, _ := strings.Cut(code, ".")
	switch step {
	case "fell_back":
		return s.FellBack()
	case "check", "install", "activate", "commit", "revert":
		if f := s.Fault(); f != nil {
			return f.Error()
		}
	}
	return ""
}

// FellBack is why the slot on trial was left by itself, as it stands in Opts.Why; "": nothing is known. It is printable ASCII of at most 160 bytes.
func (s *Slots) FellBack() string {
	f, err := os.Open(s.o.Why)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return ""
	}
	return bundle.Fault(bundle.Other, strings.TrimSpace(string(text))).Text
}

func (s *Slots) look(ctx context.Context) (b bundle.Board, err error) {
	err = s.step(ctx, func(ctx context.Context) error {
		b, err = s.board.Look(ctx)
		return err
	})
	return b, err
}

func (s *Slots) mark(ctx context.Context, st bundle.Step) error {
	return s.step(ctx, func(ctx context.Context) error { return s.board.Mark(ctx, st) })
}

// Check has RAUC look at the bundle: its own signature, and the board it is for.
func (s *Slots) Check(ctx context.Context, path string, m update.Manifest) error {
	s.fault.Store(nil)
	if filepath.Base(path) != m.SHA256.String() {
		return fmt.Errorf("checking bundle: %s lies under another name than its digest", path)
	}
	return s.step(ctx, func(ctx context.Context) error { return s.board.Check(ctx, m.SHA256.String()) })
}

// Install has the bundle written to the slot that does not run, and notes which content that gave.
func (s *Slots) Install(ctx context.Context, path string, m update.Manifest) error {
	b, err := s.look(ctx)
	if err != nil {
		return err
	}
	n, err := s.read()
	if err != nil {
		return err
	}
	other := otherThan(b.Booted)
	delete(n.Slots, other)
	n.Trial, n.Asked = "", false
	if err := s.write(n); err != nil { // before anything is written there
		return err
	}
	// Kept beside: the agent removes the payload when its trial has ended. Without it the next update only costs more bytes.
	_ = os.Remove(s.at(nextFile))
	_ = os.Link(path, s.at(nextFile))
	ctx, cancel := context.WithTimeout(ctx, s.o.Install)
	defer cancel()
	defer s.percent.Store(0)
	b, err = s.board.Install(ctx, m.SHA256.String(), func(percent int) {
		s.percent.Store(int32(percent))
		if s.follow != nil {
			s.follow(percent)
		}
	})
	if err != nil {
		return s.keep(err)
	}
	content := b.Slots[other]
	if content == "" {
		return s.keep(bundle.Fault(bundle.Slot, "slot "+other+" holds nothing after the installation"))
	}
	n.Slots[other], n.Trial = slotNote{Bundle: m.SHA256, Content: content}, other
	return s.write(n)
}

func otherThan(slot string) string {
	if slot == "A" {
		return "B"
	}
	return "A"
}

// Activate names the slot as the one to be tried. The start is asked for by Restart.
func (s *Slots) Activate(ctx context.Context, _ update.Manifest) error {
	if err := s.mark(ctx, bundle.Try); err != nil {
		return err
	}
	s.start = trialFile
	return update.ErrReboot
}

// Running is the bundle that the running slot was made of. Zero: the image's own, or one that somebody else brought.
func (s *Slots) Running(ctx context.Context) (update.Digest, error) {
	b, err := s.look(ctx)
	if err != nil {
		return update.Digest{}, err
	}
	n, err := s.read()
	if err != nil {
		return update.Digest{}, err
	}
	if note := n.Slots[b.Booted]; note.Content != "" && note.Content == b.Slots[b.Booted] {
		return note.Bundle, nil
	}
	return update.Digest{}, nil
}

// Probe asks once in a trial whether the next update could be installed: a firmware that cannot be replaced any more must not stay. The rest of what is healthy is asked
// by others.
func (s *Slots) Probe(ctx context.Context, _ update.Health) error {
	if s.soaks {
		return nil
	}
	if _, err := s.look(ctx); err != nil {
		return err
	}
	s.soaks = true
	return nil
}

// Commit brings the slot that runs into force.
func (s *Slots) Commit(ctx context.Context) error {
	if err := s.mark(ctx, bundle.Keep); err != nil {
		return err
	}
	n, err := s.read()
	if err != nil {
		return err
	}
	n.Trial, n.Asked = "", false
	if err := s.write(n); err != nil {
		return err
	}
	_ = os.Rename(s.at(nextFile), s.at(bundleFile))
	return nil
}

// Revert goes back to the slot before. Where the new one does not run there is nothing to go back from.
func (s *Slots) Revert(ctx context.Context) error {
	_ = os.Remove(s.at(nextFile))
	n, err := s.read()
	if err != nil {
		return err
	}
	b, err := s.look(ctx)
	switch {
	case err != nil && n.Trial != "" && !n.Asked:
		// Nobody tells which slot runs. An ordinary start takes the one in force; asked for once, or the box would start for ever.
		s.start = restartFile
	case err != nil:
		return err
	case b.Booted != n.Trial:
		err := s.mark(ctx, bundle.Stay)
		n.Trial, n.Asked = "", false
		return errors.Join(err, s.write(n))
	default:
		s.start = restartFile
		if err = s.mark(ctx, bundle.Drop); err != nil { // in force already, by the gate: then the slot before is the one to be tried
			s.start = trialFile
			err = s.mark(ctx, bundle.Try)
		}
		if err != nil {
			return err
		}
	}
	n.Asked = true
	if err := s.write(n); err != nil {
		return err
	}
	return update.ErrReboot
}

// errNoStart says that a start was asked for and did not come.
var errNoStart = errors.New("the board did not start anew")

// Restart asks for the start that Activate or Revert made due, and waits for this program to be ended by it. It returns an error if that does not come about.
func (s *Slots) Restart(ctx context.Context) error {
	path := filepath.Join(s.o.Ask, cmp.Or(s.start, restartFile))
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return fmt.Errorf("asking for a start: %w", err)
	}
	defer os.Remove(path)
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(s.o.Down):
		return errNoStart
	}
}

// Reuse opens the bundle of the slot in force; nil if there is none.
func (s *Slots) Reuse() (io.ReadCloser, error) {
	f, err := os.Open(s.at(bundleFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s *Slots) at(name string) string { return filepath.Join(s.o.Dir, name) }
