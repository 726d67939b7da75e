// SPDX-License-Identifier: Apache-2.0

package update

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	Window   int           // requests in flight; default 8, so at most 512 KiB are under way
	Patience time.Duration // until a request is made again; default 20 s
	Tries    int           // requests for one chunk before ErrSilent; default 6
	Budget   float64       // bytes received for each byte of payload; default 1.3
	RateBPS  int64         // most bytes a second; 0: no cap
}

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
	asked map[int]request  // by the first place of a chunk
	next  int
	tally Tally
	ready time.Time // of the rate cap
	err   error
}

type request struct {
	at    time.Time
	tries int
}

// OpenTransfer begins or resumes the collection of a manifest's payload in a folder. The room is reserved at once: a *SpaceError comes before the first request.
func OpenTransfer(dir string, m Manifest, list []Chunk, opts *TransferOpts) (*Transfer, error) {
	o := TransferOpts{}
	if opts != nil {
		o = *opts
	}
	o.Window, o.Tries = orDefault(o.Window, 8), orDefault(o.Tries, 6)
	o.Patience, o.Budget = orDefault(o.Patience, 20*time.Second), orDefault(o.Budget, 1.3)
	path := filepath.Join(dir, m.SHA256.String())
	f, err := os.OpenFile(path+partial, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening transfer: %w", err)
	}
	t := &Transfer{m: m, list: list, o: o, file: f, path: path, have: make([]bool, len(list)), where: map[Digest][]int{}, asked: map[int]request{}}
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
	var at int64
	for i, c := range t.list {
		t.at = append(t.at, at)
		if at < info.Size() {
			if _, err := t.file.ReadAt(buf[:c.Len], at); err != nil {
				return fmt.Errorf("surveying transfer at %d: %w", at, err)
			}
			t.have[i] = Sum(buf[:c.Len]) == c.SHA256
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
		delete(t.asked, i)
	}
	delete(t.where, d)
	return nil
}

// Next returns what to ask for now: as many requests as window and rate cap allow, those without an answer again. wake is when to call again if nothing comes before.
func (t *Transfer) Next(now time.Time) (wants []Want, wake time.Time, err error) {
	if t.err != nil || t.left == 0 {
		return nil, time.Time{}, t.err
	}
	for i, r := range t.asked {
		if due := r.at.Add(t.o.Patience); now.Before(due) {
			continue
		}
		if r.tries >= t.o.Tries {
			t.err = fmt.Errorf("chunk %d asked for %d times: %w", i, r.tries, ErrSilent)
			return nil, time.Time{}, t.err
		}
		wants = append(wants, t.ask(i, r.tries+1, now))
	}
	slices.SortFunc(wants, func(a, b Want) int { return int(int64(a.Offset) - int64(b.Offset)) })
	for ; t.next < len(t.list) && len(t.asked) < t.o.Window && !now.Before(t.ready); t.next++ {
		c := t.list[t.next]
		if t.have[t.next] || t.where[c.SHA256][0] != t.next {
			continue
		}
		wants = append(wants, t.ask(t.next, 1, now))
		if t.o.RateBPS > 0 {
			if t.ready.Before(now) {
				t.ready = now
			}
			t.ready = t.ready.Add(time.Duration(int64(c.Len) * int64(time.Second) / t.o.RateBPS))
		}
	}
	for _, r := range t.asked {
		if due := r.at.Add(t.o.Patience); wake.IsZero() || due.Before(wake) {
			wake = due
		}
	}
	if t.next < len(t.list) && t.ready.After(now) && (wake.IsZero() || t.ready.Before(wake)) {
		wake = t.ready
	}
	return wants, wake, nil
}

func (t *Transfer) ask(i, tries int, now time.Time) Want {
	t.asked[i] = request{now, tries}
	return Want{Name: ChunkName(t.list[i].SHA256), Len: t.list[i].Len}
}

// Deliver takes an answer. A part that was not asked for costs its bytes and is dropped; a bad one is asked for again when its patience ends. An error ends the
// transfer: ErrAbsent (the depot has dropped the object), ErrBudget, or the disk's.
func (t *Transfer) Deliver(p Part) error {
	if t.err != nil {
		return t.err
	}
	t.tally.Received += int64(len(p.Data))
	i := t.pending(p.Name)
	switch {
	case i < 0:
		t.tally.Bad += int64(len(p.Data))
	case p.Absent:
		t.err = fmt.Errorf("%s: %w", p.Name, ErrAbsent)
		return t.err
	case p.Offset != 0 || Sum(p.Data) != t.list[i].SHA256:
		t.tally.Bad += int64(len(p.Data))
	default:
		return t.put(t.list[i].SHA256, p.Data)
	}
	if float64(t.tally.Received) > t.o.Budget*float64(t.m.Size)+MaxPart {
		t.err = ErrBudget
	}
	return t.err
}

// pending is the place of the request that a name answers, -1 if there is none.
func (t *Transfer) pending(name string) int {
	hex, ok := strings.CutPrefix(name, "chunk/")
	var d Digest
	if !ok || d.UnmarshalText([]byte(hex)) != nil || len(t.where[d]) == 0 {
		return -1
	}
	i := t.where[d][0]
	if _, asked := t.asked[i]; !asked {
		return -1
	}
	return i
}

// Left is the number of chunks that lack.
func (t *Transfer) Left() int { return t.left }

// Tally is what the transfer has cost so far.
func (t *Transfer) Tally() Tally { return t.tally }

// Finish checks the whole payload as it lies on the disk, makes it durable and gives it its name: the path. An error leaves the part for another transfer.
func (t *Transfer) Finish() (string, error) {
	if t.left > 0 {
		return "", fmt.Errorf("finishing transfer: %d chunks lack", t.left)
	}
	if err := t.file.Sync(); err != nil {
		return "", fmt.Errorf("finishing transfer: %w", err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(t.file, 0, t.m.Size)); err != nil {
		return "", fmt.Errorf("finishing transfer: %w", err)
	}
	if got := Digest(h.Sum(nil)); got != t.m.SHA256 {
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
