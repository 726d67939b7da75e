// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// MarkFile lies in the PIN side's folder from the moment from which a box is being wiped until nothing of it is left: whoever finds it goes on wiping and opens no case. WipedFile
// lies there afterwards, in the place of everything, until the board has made its data partition anew.
const (
	MarkFile  = "wipe.mark"
	WipedFile = "wiped"
)

// Schemas of what is said and kept of a wipe.
const (
	markSchema  = "madoguchi.wipe.mark/1"
	wipedSchema = "madoguchi.reported/1" // a box's last state document
	byeSchema   = "madoguchi.farewell/1"
	goneSchema  = "madoguchi.gone/1"
)

// Mark is what a box keeps of the order by which it is being wiped.
type Mark struct {
	Schema string    `json:"s"`
	Device string    `json:"device"`
	Panel  string    `json:"panel,omitempty"` // model, for the screens of the wipe
	Serial string    `json:"serial"`          // of the order
	Lost   int       `json:"lost"`            // records that city hall does not have
	Kept   int       `json:"kept"`            // records that city hall has, and no backup of its
	Claims int       `json:"claims"`          // claims that city hall does not have
	Begun  time.Time `json:"begun"`           // by the box's clock
	Erased bool      `json:"erased"`          // nothing of the PIN side is left
	Told   bool      `json:"told"`            // city hall's broker has the last word, or nobody waits for that any more
	Alone  bool      `json:"alone,omitempty"` // nobody could be told
}

// Unsaved tells whether anything was wiped that lay nowhere else.
func (m Mark) Unsaved() bool { return m.Lost > 0 || m.Kept > 0 || m.Claims > 0 }

// KeepMark stores a mark.
func KeepMark(disk Disk, m Mark) error {
	m.Schema = markSchema
	text, err := encode(m)
	if err != nil {
		return fmt.Errorf("keeping mark: %w", err)
	}
	return disk.Keep(MarkFile, text)
}

// ReadMark reads a folder's mark; false: the box is not being wiped. A mark that cannot be read is one: the box goes on wiping.
func ReadMark(disk Disk) (m Mark, wiping bool) {
	text, err := disk.Read(MarkFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{}, false
	}
	if err != nil || decode(text, &m) != nil || m.Schema != markSchema {
		m = Mark{}
	}
	return m, true
}

// EraseAll erases everything in a folder but the names that are to stay. It may be called again after a power cut.
func EraseAll(disk Disk, but ...string) error {
	names, err := disk.List()
	if err != nil {
		return err
	}
	var all []error
	for _, name := range names {
		if !slices.Contains(but, name) {
			all = append(all, disk.Erase(name))
		}
	}
	return errors.Join(all...)
}

// Wiped is the last word of a box, the field "wiped" of its last state document.
type Wiped struct {
	Serial string `json:"serial"` // of the order
	Lost   int    `json:"lost"`   // as in Mark
	Kept   int    `json:"kept"`
	Claims int    `json:"claims"`
}

// LastWord is the state document of a box that has been wiped.
func (m Mark) LastWord() ([]byte, error) {
	return encode(struct {
		Schema string `json:"s"`
		Wiped  Wiped  `json:"wiped"`
	}{wipedSchema, Wiped{m.Serial, m.Lost, m.Kept, m.Claims}})
}

// ReadWiped reads a state document's last word; false: it has none. Numbers that no box can have count as 0.
func ReadWiped(raw []byte) (Wiped, bool) {
	var doc struct {
		Wiped *Wiped `json:"wiped"`
	}
	if len(raw) > MaxMessage || json.Unmarshal(raw, &doc) != nil || doc.Wiped == nil || !ValidSerial(doc.Wiped.Serial) {
		return Wiped{}, false
	}
	for _, n := range []*int{&doc.Wiped.Lost, &doc.Wiped.Kept, &doc.Wiped.Claims} {
		if *n < 0 || *n > 1<<20 {
			*n = 0
		}
	}
	return *doc.Wiped, true
}

// ValidSerial tells whether a text can be the serial of a file or of an order: 32 small hexadecimal digits.
func ValidSerial(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// Farewell is what the PIN side of a box that is being wiped asks of the network side, the body of a wall.Wipe frame: first to publish the last word, and when it is told that this
// was done, to forget who the box was.
type Farewell struct {
	Schema string `json:"s"`
	Word   []byte `json:"word,omitempty"` // the last state document; empty: forget
}

// Encode writes a farewell.
func (f Farewell) Encode() ([]byte, error) {
	f.Schema = byeSchema
	return encode(f)
}

// ParseFarewell reads a farewell.
func ParseFarewell(raw []byte) (Farewell, error) {
	var f Farewell
	if err := decode(raw, &f); err != nil || f.Schema != byeSchema {
		return f, errors.Join(errors.New("parsing farewell: not "+byeSchema), err)
	}
	return f, nil
}

// Gone is the network side's answer to a [Farewell].
type Gone struct {
	Schema string `json:"s"`
	Told   bool   `json:"told"` // the broker has the last word
	Gone   bool   `json:"gone"` // key, certificate and settings are erased
}

// Encode writes an answer.
func (g Gone) Encode() ([]byte, error) {
	g.Schema = goneSchema
	return encode(g)
}

// ParseGone reads an answer.
func ParseGone(raw []byte) (Gone, error) {
	var g Gone
	if err := decode(raw, &g); err != nil || g.Schema != goneSchema {
		return g, errors.Join(errors.New("parsing answer to a farewell: not "+goneSchema), err)
	}
	return g, nil
}
