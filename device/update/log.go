// SPDX-License-Identifier: Apache-2.0

package update

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The transparency log: one line for each release, in a Merkle tree whose head (checkpoint) the log's key signs. A signature says who released something; the log says that
// everybody got the same. Its form is that of the Go checksum database (C2SP tlog-tiles of height 8), so that others' tools can read it.
const (
	keptCheckpoint = "checkpoint"
	LogHeight      = 8 // of the log's tiles
	maxCheckpoint  = 4 << 10
	maxIndex       = 20
	tileSize       = tlog.HashSize << LogHeight
)

// Names of the log's objects in a depot.
const (
	CheckpointName = "log/checkpoint"
	indexPrefix    = "log/index/"
	tilePrefix     = "log/"
)

// Errors of Log.Check. After either nothing is installed.
var (
	ErrSplitView = errors.New("the log shows this box another history than before")
	ErrNotLogged = errors.New("the release is not in the log")
)

// LogRecord is the line of a release.
func LogRecord(path string, manifest Digest) []byte {
	return fmt.Appendf(nil, "madoguchi release 1\n%s\n%s\n", path, manifest)
}

// IndexName is where a depot says the place of a release in the log. It is a hint: what stands at the place is checked.
func IndexName(manifest Digest) string { return indexPrefix + manifest.String() }

// TileName is the name of a tile of the log.
func TileName(t tlog.Tile) string { return tilePrefix + t.Path() }

// Log checks releases against the city's transparency log. It is not safe for concurrent use.
type Log struct {
	verifier note.Verifier
	store    Store
}

// OpenLog makes a log that is known by its key, in the form of package note.
func OpenLog(key string, store Store) (*Log, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("opening log: %w", err)
	}
	return &Log{v, store}, nil
}

// Check fetches the newest checkpoint, proves that the one that this box saw last is its beginning, keeps it, and proves that a release is in it. It changes nothing after an
// error but ErrNotLogged.
func (l *Log) Check(ctx context.Context, fetch Fetch, path string, manifest Digest) error {
	raw, err := fetch(ctx, CheckpointName, maxCheckpoint)
	if err != nil {
		return fmt.Errorf("fetching checkpoint: %w", err)
	}
	head, err := l.tree(raw)
	if err != nil {
		return fmt.Errorf("verifying checkpoint: %w", err)
	}
	tiles := tlog.TileHashReader(head, &tileReader{ctx, fetch})
	if err := l.extends(head, tiles); err != nil {
		return err
	}
	if err := l.store.Save(keptCheckpoint, raw); err != nil {
		return fmt.Errorf("storing checkpoint: %w", err)
	}
	return included(ctx, fetch, head, tiles, path, manifest)
}

// tree reads a signed checkpoint.
func (l *Log) tree(raw []byte) (tlog.Tree, error) {
	n, err := note.Open(raw, note.VerifierList(l.verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	return ParseCheckpoint(n.Text, l.verifier.Name())
}

// ParseCheckpoint reads a checkpoint's text: the log's name, the number of lines, the root hash.
func ParseCheckpoint(text, name string) (tlog.Tree, error) {
	line := strings.Split(text, "\n")
	if len(line) != 4 || line[0] != name || line[3] != "" {
		return tlog.Tree{}, fmt.Errorf("no checkpoint of %s", name)
	}
	n, err := strconv.ParseInt(line[1], 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != line[1] {
		return tlog.Tree{}, fmt.Errorf("checkpoint of %q lines", line[1])
	}
	h, err := tlog.ParseHash(line[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("reading checkpoint: %w", err)
	}
	return tlog.Tree{N: n, Hash: h}, nil
}

// extends proves that the tree seen last is the beginning of a newer one.
func (l *Log) extends(head tlog.Tree, tiles tlog.HashReader) error {
	raw, err := l.store.Load(keptCheckpoint)
	if err != nil {
		return fmt.Errorf("loading checkpoint: %w", err)
	}
	if raw == nil {
		return nil
	}
	seen, err := l.tree(raw)
	if err != nil {
		return fmt.Errorf("loading checkpoint: %w", err)
	}
	switch {
	case head == seen || seen.N == 0:
		return nil
	case head.N <= seen.N:
		return fmt.Errorf("checkpoint of %d lines, seen were %d: %w", head.N, seen.N, ErrSplitView)
	}
	proof, err := tlog.ProveTree(head.N, seen.N, tiles)
	if err != nil {
		return fmt.Errorf("fetching consistency proof: %w", err)
	}
	if err := tlog.CheckTree(proof, head.N, head.Hash, seen.N, seen.Hash); err != nil {
		return fmt.Errorf("%d lines after %d: %w", head.N, seen.N, ErrSplitView)
	}
	return nil
}

// included proves that a release is in a tree.
func included(ctx context.Context, fetch Fetch, head tlog.Tree, tiles tlog.HashReader, path string, manifest Digest) error {
	raw, err := fetch(ctx, IndexName(manifest), maxIndex)
	if errors.Is(err, ErrAbsent) {
		return fmt.Errorf("%s: %w", path, ErrNotLogged)
	}
	if err != nil {
		return fmt.Errorf("fetching place in log: %w", err)
	}
	at, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || at < 0 || at >= head.N {
		return fmt.Errorf("%s at %q of %d: %w", path, raw, head.N, ErrNotLogged)
	}
	proof, err := tlog.ProveRecord(head.N, at, tiles)
	if err != nil {
		return fmt.Errorf("fetching inclusion proof: %w", err)
	}
	if err := tlog.CheckRecord(proof, head.N, head.Hash, at, tlog.RecordHash(LogRecord(path, manifest))); err != nil {
		return fmt.Errorf("%s at %d: %w", path, at, ErrNotLogged)
	}
	return nil
}

// tileReader fetches tiles; TileHashReader checks them against the tree.
type tileReader struct {
	ctx   context.Context
	fetch Fetch
}

var _ tlog.TileReader = (*tileReader)(nil)

func (t *tileReader) Height() int { return LogHeight }

func (t *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := t.fetch(t.ctx, TileName(tile), tileSize)
		if errors.Is(err, ErrAbsent) && tile.W < 1<<LogHeight { // it has been filled since
			whole := tile
			whole.W = 1 << LogHeight
			if data, err = t.fetch(t.ctx, TileName(whole), tileSize); err == nil {
				data = data[:min(len(data), tile.W*tlog.HashSize)]
			}
		}
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func (t *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// public proves that an object is in the log, if this box knows one.
func (a *Agent) public(ctx context.Context, o Object) error {
	if a.o.Public == nil {
		return nil
	}
	return a.o.Public.Check(ctx, a.fetch, o.Path, o.Digest)
}

// logCode is the stable code of an error of Check.
func logCode(err error) string {
	if errors.Is(err, errLine) {
		return "line"
	}
	return "log"
}
