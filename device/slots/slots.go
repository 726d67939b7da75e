// SPDX-License-Identifier: Apache-2.0

package slots

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Card is autoboot.txt on the card's first partition.
type Card interface {
	Read() ([]byte, error)
	// Write writes one sector over what is there and returns when the card has it.
	Write(sector []byte) error
}

// Notes is a small file on the data partition. Read gives nil if there is none.
type Notes interface {
	Read() ([]byte, error)
	// Write replaces the file, wholly or not at all, and returns when the card has it.
	Write(b []byte) error
}

// Boot is what the board's firmware says of this start.
type Boot struct {
	Partition int  // whose kernel runs
	Tryboot   bool // the one-shot flag was set
}

// Errors that callers tell apart.
var (
	ErrNoTrial = errors.New("no slot is to be tried")                 // Arm without SetPrimary
	ErrInForce = errors.New("the slot in force cannot be called bad") // SetState of it
)

// notes are the file's content.
type notes struct {
	Next  Name          `json:"next,omitempty"`
	Armed bool          `json:"armed,omitempty"`
	Bad   map[Name]bool `json:"bad,omitempty"`
	Why   string        `json:"why,omitempty"`
}

// Slots is the state of both slots. It is not for several goroutines, and every call reads what is on the card: RAUC starts a process for each.
type Slots struct {
	card   Card
	file   Notes
	booted Name
	try    bool
}

// New takes over what lies on the card.
func New(c Card, n Notes, b Boot) (*Slots, error) {
	booted, err := ofPartition(b.Partition)
	if err != nil {
		return nil, fmt.Errorf("asking which slot runs: %w", err)
	}
	return &Slots{card: c, file: n, booted: booted, try: b.Tryboot}, nil
}

// Current is the slot that runs.
func (s *Slots) Current() Name { return s.booted }

// InForce is the slot that a start without the flag takes.
func (s *Slots) InForce() (Name, error) {
	b, err := s.card.Read()
	if err != nil {
		return "", fmt.Errorf("reading autoboot.txt: %w", err)
	}
	return parse(b)
}

// read gives the notes that still mean something. Damaged ones are as none: nothing is lost that a new order would not bring.
func (s *Slots) read() (notes, Name, error) {
	force, err := s.InForce()
	if err != nil {
		return notes{}, "", err
	}
	b, err := s.file.Read()
	if err != nil {
		return notes{}, "", fmt.Errorf("reading slots' notes: %w", err)
	}
	var n notes
	if json.Unmarshal(b, &n) != nil {
		n = notes{}
	}
	if n.Next == force || n.Next != A && n.Next != B { // the power went between the two writes of a commit
		n.Next, n.Armed = "", false
	}
	if n.Next == "" {
		n.Armed = false
	}
	delete(n.Bad, force)
	return n, force, nil
}

func (s *Slots) write(n notes) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := s.file.Write(b); err != nil {
		return fmt.Errorf("writing slots' notes: %w", err)
	}
	return nil
}

// Primary is the slot that was last asked for: the one to be tried, else the one in force.
func (s *Slots) Primary() (Name, error) {
	n, force, err := s.read()
	if err != nil || n.Next == "" {
		return force, err
	}
	return n.Next, nil
}

// SetPrimary notes the slot to try, or with the one in force that none is to be. Nothing that the firmware reads changes.
func (s *Slots) SetPrimary(name Name) error {
	n, force, err := s.read()
	if err != nil {
		return err
	}
	n.Next, n.Armed, n.Why = name, false, ""
	delete(n.Bad, name)
	if name == force {
		n.Next = ""
	}
	return s.write(n)
}

// Good tells whether a slot may be started.
func (s *Slots) Good(name Name) (bool, error) {
	n, _, err := s.read()
	return !n.Bad[name], err
}

// SetState marks a slot. The one that runs on trial, marked good, comes into force.
func (s *Slots) SetState(name Name, good bool) error {
	n, force, err := s.read()
	switch {
	case err != nil:
		return err
	case !good && name == force:
		return fmt.Errorf("marking slot %s: %w", name, ErrInForce)
	case !good:
		if n.Bad == nil {
			n.Bad = map[Name]bool{}
		}
		n.Bad[name] = true
		if n.Next == name {
			n.Next, n.Armed = "", false
		}
		return s.write(n)
	case name == s.booted && name != force && s.try:
		if err := s.card.Write(encode(name)); err != nil {
			return fmt.Errorf("writing autoboot.txt: %w", err)
		}
		return s.write(notes{})
	}
	delete(n.Bad, name)
	return s.write(n)
}

// Arm notes that the restart with the flag comes now.
func (s *Slots) Arm() error {
	n, _, err := s.read()
	if err != nil {
		return err
	}
	if n.Next == "" || n.Next == s.booted {
		return ErrNoTrial
	}
	n.Armed = true
	return s.write(n)
}

// Settle is called once after each start. An armed trial that did not come about (the slot did not come up, or the flag was lost) is dropped; it returns why, at each start
// until Told; "" if there is nothing to tell.
func (s *Slots) Settle() (why string, err error) {
	n, force, err := s.read()
	if err != nil {
		return "", err
	}
	if n.Armed && s.booted == force {
		if n.Why == "" { // else the trial itself said more
			n.Why = fmt.Sprintf("slot %s did not come up", n.Next)
		}
		if n.Bad == nil {
			n.Bad = map[Name]bool{}
		}
		n.Bad[n.Next] = true
		n.Next, n.Armed = "", false
		err = s.write(n)
	}
	return n.Why, err
}

// Told drops what Settle returned: who was to know it has had time to read it.
func (s *Slots) Told() error {
	n, _, err := s.read()
	if err != nil || n.Why == "" {
		return err
	}
	n.Why = ""
	return s.write(n)
}

// OnTrial tells whether the slot that runs is not in force yet.
func (s *Slots) OnTrial() (bool, error) {
	force, err := s.InForce()
	return s.try && s.booted != force, err
}

// Refuse notes why the slot on trial is not well. The next start is that of the slot in force.
func (s *Slots) Refuse(why string) error {
	n, _, err := s.read()
	if err != nil {
		return err
	}
	n.Why = why
	return s.write(n)
}
