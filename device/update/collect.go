// SPDX-License-Identifier: Apache-2.0

package update

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// answerTries is how often a document is asked for before the line counts as lost.
const answerTries = 5

// errLine says that nobody answers on the other side of the wall.
var errLine = errors.New("no answer")

// fetch asks for a whole document, piece by piece as the line bears it. It is the Fetch of the trust.
func (a *Agent) fetch(ctx context.Context, name string, limit int) ([]byte, error) {
	var doc []byte
	a.pace.moved()
	for tries := 0; tries < answerTries; {
		w := Want{Name: name, Offset: uint64(len(doc)), Len: uint32(min(a.pace.piece, max(1, limit-len(doc))))}
		if err := a.o.Send(w); err != nil {
			a.o.Log.Debug("update request", "error", err)
		}
		asked := time.Now()
		p, err := a.answer(ctx, name, uint64(len(doc)))
		if errors.Is(err, errLine) {
			a.pace.late()
			tries++
			continue
		}
		if err != nil {
			return nil, err
		}
		if tries == 0 { // else nobody knows which request it answers
			a.pace.answered(len(p.Data), time.Since(asked))
		}
		a.pace.moved()
		if p.Absent {
			return nil, ErrAbsent
		}
		if p.Size > uint64(limit) {
			return nil, fmt.Errorf("%s of %d bytes: at most %d", name, p.Size, limit)
		}
		if tries++; len(p.Data) > 0 {
			tries = 0
		}
		if doc = append(doc, p.Data...); uint64(len(doc)) >= p.Size {
			return doc, nil
		}
	}
	return nil, fmt.Errorf("asking for %s: %w", name, errLine)
}

// answer waits for the part of a name at an offset and drops any other.
func (a *Agent) answer(ctx context.Context, name string, offset uint64) (Part, error) {
	late := time.NewTimer(a.pace.patience(a.o.Answer))
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return Part{}, ctx.Err()
		case <-late.C:
			return Part{}, errLine
		case p := <-a.parts:
			if p.Name == name && (p.Absent || p.Offset == offset) {
				return p, nil
			}
		}
	}
}

// collect brings a manifest's payload into the agent's folder and returns its path.
func (a *Agent) collect(ctx context.Context, m Manifest, order Order) (string, error) {
	path := filepath.Join(a.o.Dir, m.SHA256.String())
	if a.lies(path, m) {
		return path, nil
	}
	raw, err := a.fetch(ctx, ObjectName(m.Chunks.SHA256), m.Chunks.Count*chunkEntry)
	if err != nil {
		return "", fmt.Errorf("fetching chunk list: %w", err)
	}
	list, err := ParseChunks(m, raw)
	if err != nil {
		return "", err
	}
	opts := a.o.Transfer
	opts.RateBPS, opts.pace = order.RateBPS, a.pace
	t, err := OpenTransfer(a.o.Dir, m, list, &opts)
	if err != nil {
		return "", err
	}
	defer t.Close()
	a.reuse(t, m.Kind)
	if err := a.drive(ctx, t); err != nil {
		return "", err
	}
	a.kept.Tally = t.Tally()
	return t.Finish()
}

// lies tells whether the whole payload lies there from an earlier time.
func (a *Agent) lies(path string, m Manifest) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	size, sum, err := Cut(f, func(Chunk, []byte) error { return nil })
	return err == nil && size == m.Size && sum == m.SHA256
}

// reuse takes what the box has. That it fails costs bytes only.
func (a *Agent) reuse(t *Transfer, kind Kind) {
	if a.o.Reuse == nil {
		return
	}
	r, err := a.o.Reuse(kind)
	if err != nil || r == nil {
		return
	}
	defer r.Close()
	if err := t.Reuse(r); err != nil {
		a.o.Log.Warn("update reuse", "error", err)
	}
}

// drive runs a transfer to its end.
func (a *Agent) drive(ctx context.Context, t *Transfer) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for t.Left() > 0 {
		wants, wake, err := t.Next(time.Now())
		if err != nil {
			return err
		}
		for _, w := range wants {
			if err := a.o.Send(w); err != nil {
				a.o.Log.Debug("update request", "error", err)
			}
		}
		timer.Reset(time.Until(wake))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case raw := <-a.desired: // cancel: another assignment may not want this object
			if a.supersedes(raw) {
				return errSuperseded
			}
		case p := <-a.parts:
			if err := t.Deliver(p, time.Now()); err != nil {
				return err
			}
		case <-timer.C:
		}
	}
	return nil
}

// sweep removes payloads that nobody wants any more: what is committed lies in its slot or folder, what was assigned before is not fetched to its end.
func (a *Agent) sweep() {
	entries, err := os.ReadDir(a.o.Dir)
	if err != nil {
		return
	}
	wanted := map[string]bool{}
	for _, d := range a.kept.Wanted {
		wanted[d.String()] = true
	}
	for _, e := range entries {
		if wanted[strings.TrimSuffix(e.Name(), partial)] {
			continue
		}
		if err := os.Remove(filepath.Join(a.o.Dir, e.Name())); err != nil {
			a.o.Log.Warn("update sweep", "error", err)
		}
	}
}

// transferCode is the stable code of a transfer's error.
func transferCode(err error) string {
	var space *SpaceError
	switch {
	case errors.As(err, &space):
		return "space"
	case errors.Is(err, ErrBudget):
		return "budget"
	case errors.Is(err, ErrAbsent):
		return "gone"
	case errors.Is(err, ErrSilent), errors.Is(err, errLine):
		return "line"
	}
	return "payload"
}

// refusal is the stable code of a *RefusedError.
func refusal(err error) string {
	var r *RefusedError
	if errors.As(err, &r) {
		return "refused." + r.Code
	}
	return "refused"
}
