// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"madoguchi/device/policy"
	"madoguchi/device/session"
	"madoguchi/device/update"
)

// liveFile is an update.Installer of a kind that is one file of the data folder: rules, settings. It is put in force by one rename, while no case is open, and
// taken back by another. Beside the file lie for a while path.next, which was checked, and path.before.
type liveFile struct {
	path   string
	check  func(text []byte) error
	reload func() error // brings what lies at path in force; an error: it does not load, and what was good before is in force
	bad    *atomic.Bool // what lay at path when it was last looked at was refused
	probe  func(context.Context) error
}

var _ update.Installer = (*liveFile)(nil)

func (l *liveFile) next() string   { return l.path + ".next" }
func (l *liveFile) before() string { return l.path + ".before" }

// Check reads the payload as the box would.
func (l *liveFile) Check(_ context.Context, path string, _ update.Manifest) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("checking update: %w", err)
	}
	return l.check(text)
}

// Install lays the payload beside the file in force.
func (l *liveFile) Install(_ context.Context, path string, _ update.Manifest) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("laying update: %w", err)
	}
	return writeFile(l.next(), text)
}

// Activate puts it in force and keeps the one before.
func (l *liveFile) Activate(ctx context.Context, m update.Manifest) error {
	if d, err := l.Running(ctx); err == nil && d == m.SHA256 {
		return l.reload() // the power went after the rename
	}
	text, err := os.ReadFile(l.next())
	if err != nil {
		return fmt.Errorf("activating update: %w", err)
	}
	if update.Sum(text) != m.SHA256 {
		return errors.New("activating update: another payload lies there")
	}
	if err := os.Remove(l.before()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("activating update: %w", err)
	}
	if old, err := os.ReadFile(l.path); err == nil {
		if err := writeFile(l.before(), old); err != nil {
			return fmt.Errorf("activating update: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("activating update: %w", err)
	}
	if err := writeFile(l.path, text); err != nil {
		return fmt.Errorf("activating update: %w", err)
	}
	return l.reload()
}

// Running is the file in force; zero: none, what the image or a technician brought is.
func (l *liveFile) Running(context.Context) (update.Digest, error) {
	text, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return update.Digest{}, nil
	}
	if err != nil {
		return update.Digest{}, fmt.Errorf("reading what is in force: %w", err)
	}
	return update.Sum(text), nil
}

// Probe asks whether the box has taken what lies there, also at a start during the trial, and is well.
func (l *liveFile) Probe(ctx context.Context, _ update.Health) error {
	if l.bad.Load() {
		return errors.New("what is on trial was refused when it was loaded")
	}
	return l.probe(ctx)
}

// Commit forgets the one before.
func (l *liveFile) Commit(context.Context) error {
	return errors.Join(gone(l.next()), gone(l.before()))
}

// Revert brings it back. Where the new one did not come into force there is nothing to bring back.
func (l *liveFile) Revert(context.Context) error {
	now, nerr := os.ReadFile(l.path)
	next, err := os.ReadFile(l.next())
	activated := nerr == nil && err == nil && bytes.Equal(now, next)
	old, err := os.ReadFile(l.before())
	switch {
	case !activated:
		err = nil
	case err == nil:
		err = writeFile(l.path, old)
	case errors.Is(err, fs.ErrNotExist):
		err = gone(l.path)
	}
	if err != nil {
		return fmt.Errorf("taking update back: %w", err)
	}
	return errors.Join(l.reload(), gone(l.next()), gone(l.before()))
}

func gone(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// checkBundle says whether the box could go on with these rules.
func (d *Device) checkBundle(text []byte) error {
	b, p, err := policy.ReadBundle(text)
	if err != nil {
		return err
	}
	if b.City != policy.Name(d.cfg.City) {
		return fmt.Errorf("rules of %q, this box stands in %q", b.City, d.cfg.City)
	}
	return d.checkPlace(d.config().Place, p)
}

// probe is the part of a kind's health that all share: the box goes on, and shows it.
func (u *updates) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	if err := u.d.Alive(ctx); err != nil {
		return err
	}
	if u.d.panelFailed.Load() {
		return errors.New("the panel does not show what it is given")
	}
	return nil
}

// aliveWithin is how soon the loop answers a probe: a step takes milliseconds.
const aliveWithin = 5 * time.Second

// baseline is the name under which is kept how the box was before a new firmware.
const baseline = "baseline"

// gate is the health gate around the slots: a new firmware must do what the one before did.
type gate struct {
	update.Installer
	u *updates
}

// Activate notes how the box is, and begins the trial.
func (g *gate) Activate(ctx context.Context, m update.Manifest) error {
	if v := g.u.d.vital.Load(); v != nil {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if old, err := g.u.d.box.Update(baseline); err != nil || !bytes.Equal(old, text) {
			if err := g.u.d.box.PutUpdate(baseline, text); err != nil {
				return err
			}
		}
	}
	return g.Installer.Activate(ctx, m)
}

// Probe asks the slots, the box, and whether everything works that worked before: a branch whose line is down is no reason to take a good firmware back.
func (g *gate) Probe(ctx context.Context, h update.Health) error {
	if err := errors.Join(g.Installer.Probe(ctx, h), g.u.probe(ctx)); err != nil {
		return err
	}
	text, err := g.u.d.box.Update(baseline)
	if err != nil {
		return err
	}
	now := g.u.d.vital.Load()
	if text == nil || now == nil {
		return nil
	}
	var was session.Vitals
	if err := json.Unmarshal(text, &was); err != nil {
		return fmt.Errorf("reading how the box was: %w", err)
	}
	for _, v := range []struct {
		name     string
		was, now bool
	}{
		{"reader", was.Reader, now.Reader}, {"key-pad", was.Keypad, now.Keypad}, {"panel", was.Panel, now.Panel},
		{"storage", was.Storage, now.Storage}, {"line", was.Link, now.Link},
	} {
		if v.was && !v.now {
			return fmt.Errorf("%s: worked before", v.name)
		}
	}
	return nil
}
