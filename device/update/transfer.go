// SPDX-License-Identifier: Apache-2.0

package update

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Why a transfer stops for good. Its file stays, so that a later one goes on.
var (
	ErrBudget = errors.New("more was received than the object may cost") // bad or double parts; 1.3 times the size
	ErrSilent = errors.New("no answer to repeated requests")
)

// A SpaceError says that the payload does not fit the disk. Nothing was asked for.
type SpaceError struct {
	Path string
	Need int64 // bytes still to be reserved
	Err  error
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("no room for %d bytes in %s: %v", e.Need, e.Path, e.Err)
}
func (e *SpaceError) Unwrap() error { return e.Err }

// TransferOpts are the limits of a transfer.
type TransferOpts struct {
	Window   int           // most parts in flight; default 32, so at most 2 MiB are under way; eight and fewer on a slower line
	Patience time.Duration // until a request is made again; default 20 s; longer after silence
	Tries    int           // times that patience may end with nothing come, before ErrSilent; default 6, eight minutes
	Budget   float64       // bytes received for each byte of payload; default 1.3
	RateBPS  int64         // most bytes a second; 0: no cap
	pace     *pace         // what is known of the line; nil: nothing
}

const defaultWindow = 32

// Tally counts what a transfer cost, in bytes.
type Tally struct {
	Kept     int64 `json:"kept"`     // lay there from an earlier transfer
	Reused   int64 `json:"reused"`   // copied from what the box had
	Received int64 `json:"received"` // came over the wall, good or bad
	Bad      int64 `json:"bad"`      // of these, did not have the hash that was asked for
}

// partial ends the name of a payload that is not whole.
const partial = ".part"

// A Transfer collects one payload into a file of a folder. It keeps no notes: what lies at a chunk's place and has its hash is there, so a power cut at any byte costs
// at most what was in flight. It is driven by calls and holds no clock and no goroutine; it is not safe for concurrent use.
type Transfer struct {
	m     Manifest
	list  []Chunk
	at    []int64 // offsets
	o     TransferOpts
	file  *os.File
	path  string // of the finished payload
	have  []bool
	left  int
	where map[Digest][]int // places of a chunk that lacks
	begun map[int]*gather  // by the first place of a chunk
	asked []request        // in flight, oldest first
	next  int              // the first place that was not begun
	pace  *pace
	since time.Time // of the latest end of patience
	tally Tally
	ready time.Time // of the rate cap
	buf   []byte
	whole hash.Hash // of the first chunks without a gap
	sum   int       // how many those are
	err   error
}

// OpenTransfer begins or resumes the collection of a manifest's payload in a folder. The room is reserved at once: a *SpaceError comes before the first request.
func OpenTransfer(dir string, m Manifest, list []Chunk, opts *TransferOpts) (*Transfer, error) {
	o := TransferOpts{}
	if opts != nil {
		o = *opts
	}
	o.Window, o.Tries = orDefault(o.Window, defaultWindow), orDefault(o.Tries, 6)
	o.Patience, o.Budget = orDefault(o.Patience, 20*time.Second), orDefault(o.Budget, 1.3)
	path := filepath.Join(dir, m.SHA256.String())
	f, err := os.OpenFile(path+partial, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening transfer: %w", err)
	}
	t := &Transfer{m: m, list: list, o: o, file: f, path: path, have: make([]bool, len(list)), where: map[Digest][]int{}, begun: map[int]*gather{}, pace: o.pace, whole: sha256.New()}
	if t.pace == nil {
		t.pace = newPace(o.Window)
	}
	t.pace.moved()
	if err := t.survey(); err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// survey reserves the file's room and finds the chunks that lie there.
func (t *Transfer) survey() error {
	info, err := t.file.Stat()
	if err != nil {
		return fmt.Errorf("surveying transfer: %w", err)
	}
	if info.Size() > t.m.Size {
		if err := t.file.Truncate(0); err != nil {
			return fmt.Errorf("surveying transfer: %w", err)
		}
	}
	if err := unix.Fallocate(int(t.file.Fd()), 0, 0, t.m.Size); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return &SpaceError{t.path, t.m.Size - info.Size(), err}
	}
	if err := t.file.Truncate(t.m.Size); err != nil {
		return fmt.Errorf("surveying transfer: %w", err)
	}
	buf := make([]byte, MaxPart)
	t.buf = buf
	var at int64
	for i, c := range t.list {
		t.at = append(t.at, at)
		if at < info.Size() {
			if _, err := t.file.ReadAt(buf[:c.Len], at); err != nil {
				return fmt.Errorf("surveying transfer at %d: %w", at, err)
			}
			t.have[i] = Sum(buf[:c.Len]) == c.SHA256
		}
		if t.have[i] && t.sum == i {
			t.whole.Write(buf[:c.Len])
			t.sum++
		}
		if t.have[i] {
			t.tally.Kept += int64(c.Len)
		} else {
			t.where[c.SHA256] = append(t.where[c.SHA256], i)
			t.left++
		}
		at += int64(c.Len)
	}
	return nil
}

// Reuse copies every chunk that lacks from something the box has, read to its end: the running slot, an older bundle.
func (t *Transfer) Reuse(r io.Reader) error {
	if t.err != nil {
		return t.err
	}
	_, _, err := Cut(r, func(c Chunk, data []byte) error {
		if len(t.where[c.SHA256]) == 0 {
			return nil
		}
		t.tally.Reused += int64(c.Len) * int64(len(t.where[c.SHA256]))
		return t.put(c.SHA256, data)
	})
	if err != nil {
		return fmt.Errorf("reusing chunks: %w", err)
	}
	return nil
}

// put writes a chunk that was verified to every place where it lacks.
func (t *Transfer) put(d Digest, data []byte) error {
	for _, i := range t.where[d] {
		if _, err := t.file.WriteAt(data, t.at[i]); err != nil {
			t.err = fmt.Errorf("writing chunk %d: %w", i, err)
			return t.err
		}
		t.have[i] = true
		t.left--
		t.forget(i)
		if t.sum == i {
			t.whole.Write(data)
			t.sum++
		}
	}
	delete(t.where, d)
	return t.follow()
}

// follow takes into the whole's digest what lies behind the first chunks without a gap since one closed it.
func (t *Transfer) follow() error {
	for t.sum < len(t.list) && t.have[t.sum] {
		r := io.NewSectionReader(t.file, t.at[t.sum], int64(t.list[t.sum].Len))
		if _, err := io.CopyBuffer(t.whole, r, t.buf); err != nil {
			t.err = fmt.Errorf("reading chunk %d: %w", t.sum, err)
			return t.err
		}
		t.sum++
	}
	return nil
}

// Left is the number of chunks that lack.
func (t *Transfer) Left() int { return t.left }

// Tally is what the transfer has cost so far.
func (t *Transfer) Tally() Tally { return t.tally }

// Finish makes the payload durable, checks the whole and gives it its name: the path. An error leaves the part for another transfer.
func (t *Transfer) Finish() (string, error) {
	if t.left > 0 {
		return "", fmt.Errorf("finishing transfer: %d chunks lack", t.left)
	}
	if err := t.file.Sync(); err != nil {
		return "", fmt.Errorf("finishing transfer: %w", err)
	}
	if got := Digest(t.whole.Sum(nil)); got != t.m.SHA256 {
		return "", fmt.Errorf("finishing transfer: digest %.8s, the manifest says %.8s", got, t.m.SHA256)
	}
	if err := os.Rename(t.path+partial, t.path); err != nil {
		return "", fmt.Errorf("finishing transfer: %w", err)
	}
	return t.path, syncFolder(filepath.Dir(t.path))
}

// Close ends the transfer; what has arrived stays for the next one.
func (t *Transfer) Close() error {
	if t.err == nil {
		t.err = os.ErrClosed
	}
	if err := t.file.Close(); err != nil {
		return fmt.Errorf("closing transfer: %w", err)
	}
	return nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("making folder durable: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("making folder durable: %w", err)
	}
	return nil
}
