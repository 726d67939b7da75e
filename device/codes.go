// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"madoguchi/device/session"
	"madoguchi/pinpad/pin"
)

// codesFile under the data folder holds the codes that clerks have chosen themselves.
const codesFile = "clerks.json"

const codesSchema = "madoguchi.clerks/1"

// codesWire is that file. Each code is bound to the configured hash that it stands for: a configuration with another hash for the clerk wins, and
// one that comes back brings the clerk's own code back.
type codesWire struct {
	Schema string     `json:"s"`
	Codes  []codeWire `json:"codes"`
}

type codeWire struct {
	Label string `json:"label"`
	Of    string `json:"of"`   // SHA-256 of the configured hash, in hex
	Hash  string `json:"hash"` // pin.Hash
}

// codes are the clerks' codes in force, as hashes, and at times one code that was right and waits to be changed.
type codes struct {
	path string
	put  func(path string, data []byte) error // writeFile

	changing sync.Mutex // held while the file is written; nobody else waits for it

	mu      sync.Mutex
	clerks  []Clerk    // as configured
	hashes  []pin.Hash // in force, by clerk
	kept    *pin.Code  // whose is clerks[of]
	of      int
	emptied uint64 // how often kept was wiped
}

// loadCodes reads what clerks have chosen. A file that cannot be read is said and not used: the configured codes hold.
func loadCodes(dir string, clerks []Clerk) (*codes, error) {
	c := &codes{path: filepath.Join(dir, codesFile), put: writeFile, clerks: clerks}
	for _, k := range clerks {
		c.hashes = append(c.hashes, pin.Hash(k.Hash))
	}
	data, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	var w codesWire
	if err == nil {
		w, err = decodeCodes(data)
	}
	if err != nil {
		return c, fmt.Errorf("reading clerks' own codes: %w", err)
	}
	for _, o := range w.Codes {
		for i, k := range clerks {
			if o.Label == k.Label && o.Of == boundTo(k) {
				c.hashes[i] = pin.Hash(o.Hash)
			}
		}
	}
	return c, nil
}

// decodeCodes reads the file, strictly. Its errors never show a hash.
func decodeCodes(data []byte) (codesWire, error) {
	var w codesWire
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil || w.Schema != codesSchema {
		return codesWire{}, errors.New("not a file of this program")
	}
	for i, o := range w.Codes {
		if _, err := pin.ParseHash(o.Hash); err != nil {
			return codesWire{}, fmt.Errorf("codes[%d]: %w", i, err)
		}
	}
	return w, nil
}

func boundTo(k Clerk) string {
	sum := sha256.Sum256([]byte(k.Hash))
	return hex.EncodeToString(sum[:])
}

// match compares a code with every clerk's and returns the index of whose it is, or -1. All are compared, so that the time does not tell.
func (c *codes) match(code *pin.Code) int {
	c.mu.Lock()
	hashes := append([]pin.Hash(nil), c.hashes...)
	c.mu.Unlock()
	whose := -1
	for i, h := range hashes {
		if code.Matches(h) && whose < 0 {
			whose = i
		}
	}
	return whose
}

// epoch numbers the wipes: a code that was judged before one is not kept after it.
func (c *codes) epoch() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.emptied
}

// keep takes over a code that was right, unless there was a wipe since the epoch.
func (c *codes) keep(code *pin.Code, of int, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.emptied != epoch {
		code.Wipe()
		return
	}
	c.kept.Wipe()
	c.kept, c.of = code, of
}

// wipe ends the code that is kept.
func (c *codes) wipe() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emptied++
	c.kept.Wipe()
	c.kept = nil
}

// errGivenUp means that nobody waits any more for a code to be changed.
var errGivenUp = errors.New("storage took too long")

// change makes a new code that of the clerk whose old one is kept. Nothing in force changes before the file is on the disk; where a wipe came meanwhile, because the
// session has given up and said so, the file is put back and nothing changes at all. A card that hangs holds up nobody else.
func (c *codes) change(next *pin.Code) (session.Refusal, error) {
	c.changing.Lock()
	defer c.changing.Unlock()
	c.mu.Lock()
	old, of, epoch := c.kept, c.of, c.emptied
	hashes := append([]pin.Hash(nil), c.hashes...)
	c.mu.Unlock()
	if old == nil || next == nil {
		return session.RefusedStorage, errors.New("no code is kept")
	}
	if next.Easy() || next.Like(old) {
		return session.RefusedUnfit, nil
	}
	for i, h := range hashes {
		if i != of && next.Matches(h) { // a code says whose it is
			return session.RefusedUnfit, nil
		}
	}
	hash, err := next.Hash()
	if err != nil {
		return session.RefusedStorage, err
	}
	was := append([]pin.Hash(nil), hashes...)
	hashes[of] = hash
	if err := c.write(hashes); err != nil {
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
			return session.RefusedFull, err
		}
		return session.RefusedStorage, err
	}
	c.mu.Lock()
	given := c.emptied != epoch
	if !given {
		c.hashes = hashes
	}
	c.mu.Unlock()
	if given {
		return session.RefusedStorage, errors.Join(errGivenUp, c.write(was))
	}
	return session.RefusedNone, nil
}

// write replaces the file by what clerks have chosen. The file is the owner's alone, for four digits behind a hash are found by trying. Call with changing held.
func (c *codes) write(hashes []pin.Hash) error {
	w := codesWire{Schema: codesSchema}
	for i, k := range c.clerks {
		if hashes[i] != pin.Hash(k.Hash) {
			w.Codes = append(w.Codes, codeWire{Label: k.Label, Of: boundTo(k), Hash: string(hashes[i])})
		}
	}
	data, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("writing clerks' own codes: %w", err)
	}
	if err := c.put(c.path, data); err != nil {
		return fmt.Errorf("writing clerks' own codes: %w", err)
	}
	return nil
}

// checkCode compares the clerk code with every clerk's, in a goroutine of its own: Argon2id takes a second each on the box.
func (d *Device) checkCode(e session.CheckCode) {
	code, epoch := d.hw.Pad.TakeCode(), d.codes.epoch()
	d.spawn("clerk code", func() {
		whose, keep := -1, false
		defer func() {
			if !keep {
				code.Wipe()
			}
		}()
		if code != nil {
			whose = d.codes.match(code)
		}
		if e.Keep && whose >= 0 {
			keep = true
			d.codes.keep(code, whose, epoch)
		}
		ev := session.Event{Kind: session.CodeChecked, No: e.No, OK: whose >= 0}
		if ev.OK {
			ev.Label = d.cfg.Clerks[whose].Label
		}
		d.send(d.ctx, ev)
	})
}

// storeCode judges and stores a clerk's new code.
func (d *Device) storeCode(e session.StoreCode) {
	next := d.hw.Pad.TakeNewCode()
	d.spawn("new clerk code", func() {
		defer next.Wipe()
		refusal, err := d.codes.change(next)
		if err != nil {
			d.log.Error("clerk code not changed", "cause", err)
		}
		d.send(d.ctx, session.Event{Kind: session.CodeStored, No: e.No, Refusal: refusal})
	})
}
