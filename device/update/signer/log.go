// SPDX-License-Identifier: Apache-2.0

package signer

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"madoguchi/device/update"
)

// LogSigner signs checkpoints by a key: package note knows keys in its own text form only.
type LogSigner struct {
	key      Key
	verifier note.Verifier
	public   string
}

var _ note.Signer = (*LogSigner)(nil)

// NewLogSigner makes a signer of an Ed25519 key; name is the log's.
func NewLogSigner(name string, key Key) (*LogSigner, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("opening log: no Ed25519 key")
	}
	text, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return nil, fmt.Errorf("opening log: %w", err)
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("opening log: %w", err)
	}
	return &LogSigner{key, v, text}, nil
}

// Name is the log's.
func (s *LogSigner) Name() string { return s.verifier.Name() }

// KeyHash is the key's, as package note has it.
func (s *LogSigner) KeyHash() uint32 { return s.verifier.KeyHash() }

// Public is the key by which a box knows the log: what a provisioning file carries.
func (s *LogSigner) Public() string { return s.public }

// Sign implements note.Signer.
func (s *LogSigner) Sign(msg []byte) ([]byte, error) {
	sig, err := s.key.Sign(rand.Reader, msg, crypto.Hash(0))
	if err != nil {
		return nil, fmt.Errorf("signing checkpoint: %w", err)
	}
	return sig, nil
}

// Log is a transparency log in a depot: leaves, tiles and a checkpoint as named blobs. It is not safe for concurrent use.
type Log struct {
	signer *LogSigner
	get    Get
	put    Put
}

// NewLog opens the log of a depot, which may be empty.
func NewLog(s *LogSigner, get Get, put Put) *Log { return &Log{s, get, put} }

// Head is the newest checkpoint, verified; of no lines if there is none.
func (l *Log) Head() (tlog.Tree, error) {
	raw, err := l.get(update.CheckpointName)
	if errors.Is(err, update.ErrAbsent) {
		return tlog.Tree{}, nil
	}
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("reading checkpoint: %w", err)
	}
	n, err := note.Open(raw, note.VerifierList(l.signer.verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("reading checkpoint: %w", err)
	}
	return update.ParseCheckpoint(n.Text, l.signer.Name())
}

// Append adds releases that are not in the log, and signs a checkpoint over all. The checkpoint is stored last, so that an append that is cut off was none. What lies in the
// depot is checked against the checkpoint before it: nobody has a changed history signed.
func (l *Log) Append(releases []Released) error {
	head, err := l.Head()
	if err != nil {
		return err
	}
	grown := &grown{old: tlog.TileHashReader(head, depotTiles{l.get}), fresh: map[int64]tlog.Hash{}}
	n := head.N
	for _, r := range releases {
		if at, err := l.Place(r); err == nil && at < head.N {
			continue
		}
		record := update.LogRecord(r.Path, r.Digest)
		hashes, err := tlog.StoredHashes(n, record, grown)
		if err != nil {
			return fmt.Errorf("appending to log: %w", err)
		}
		for i, h := range hashes {
			grown.fresh[tlog.StoredHashIndex(0, n)+int64(i)] = h
		}
		if err := l.put("log/leaf/"+strconv.FormatInt(n, 10), record); err != nil {
			return fmt.Errorf("appending to log: %w", err)
		}
		if err := l.put(update.IndexName(r.Digest), strconv.AppendInt(nil, n, 10)); err != nil {
			return fmt.Errorf("appending to log: %w", err)
		}
		n++
	}
	if n == head.N && n > 0 {
		return nil
	}
	for _, t := range tlog.NewTiles(update.LogHeight, head.N, n) {
		data, err := tlog.ReadTileData(t, grown)
		if err == nil {
			err = l.put(update.TileName(t), data)
		}
		if err != nil {
			return fmt.Errorf("writing tile of log: %w", err)
		}
	}
	root, err := tlog.TreeHash(n, grown)
	if err != nil {
		return fmt.Errorf("appending to log: %w", err)
	}
	raw, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", l.signer.Name(), n, root)}, l.signer)
	if err != nil {
		return fmt.Errorf("signing checkpoint: %w", err)
	}
	return l.put(update.CheckpointName, raw)
}

// Place is where a release stands in the log, as the depot says.
func (l *Log) Place(r Released) (int64, error) {
	raw, err := l.get(update.IndexName(r.Digest))
	if err != nil {
		return 0, fmt.Errorf("finding %s in log: %w", r.Path, err)
	}
	at, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("finding %s in log: %w", r.Path, err)
	}
	return at, nil
}

// UseLog lets Publish add what it publishes to a log.
func (r *Repository) UseLog(l *Log) { r.log = l }

// grown reads the hashes of a log that is being added to.
type grown struct {
	old   tlog.HashReader
	fresh map[int64]tlog.Hash
}

func (g *grown) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var ask []int64
	var where []int
	for i, x := range indexes {
		if h, ok := g.fresh[x]; ok {
			out[i] = h
			continue
		}
		ask, where = append(ask, x), append(where, i)
	}
	if len(ask) == 0 {
		return out, nil
	}
	got, err := g.old.ReadHashes(ask)
	if err != nil {
		return nil, err
	}
	for i, h := range got {
		out[where[i]] = h
	}
	return out, nil
}

// depotTiles reads tiles from a depot.
type depotTiles struct{ get Get }

func (d depotTiles) Height() int { return update.LogHeight }

func (d depotTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, err := d.get(update.TileName(t))
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func (d depotTiles) SaveTiles([]tlog.Tile, [][]byte) {}
