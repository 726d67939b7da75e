// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Step is what is asked for.
type Step string

// The steps, in the order of an update.
const (
	Look    Step = "look"    // how the board stands
	Check   Step = "check"   // does RAUC take this bundle, on this board
	Install Step = "install" // write it to the slot that does not run
	Try     Step = "try"     // that slot is the one to be tried
	Keep    Step = "keep"    // the slot that runs on trial comes into force
	Drop    Step = "drop"    // the slot that runs on trial is bad
	Stay    Step = "stay"    // no slot is to be tried
)

// A Request is one wish.
type Request struct {
	Do     Step   `json:"do"`
	SHA256 string `json:"sha256,omitempty"` // of the bundle, for Check and Install: 64 small hexadecimal digits, the name of its file
}

// An Answer comes once, or for Install several times: how far it is, and at last Done.
type Answer struct {
	Percent int    `json:"percent,omitempty"` // 1 to 100, rising
	Done    bool   `json:"done,omitempty"`
	Fault   *Error `json:"fault,omitempty"` // with Done: why not
	Board   *Board `json:"board,omitempty"` // with Done, of Look and Install
}

// A Board is how the two slots stand, as RAUC says.
type Board struct {
	Booted string `json:"booted"` // slot that runs: "A" or "B"
	// Slots tells by slot what lies in it: a digest over what RAUC wrote there, "" if it wrote nothing or not to the end. Two slots of one bundle have one digest.
	Slots map[string]string `json:"slots,omitempty"`
}

// A Code says in one word why a step failed. Codes are stable: they go to city hall and to the service menu.
type Code string

// The codes.
const (
	Signature  Code = "signature"  // not signed by the key of this image
	Compatible Code = "compatible" // for another board
	Refused    Code = "refused"    // RAUC does not take it and does not say why: signature, form or file
	Format     Code = "format"     // no bundle, or one of a form that this box does not take
	Space      Code = "space"      // the slot or the disk is too small
	Write      Code = "write"      // the card takes it no more
	Hook       Code = "hook"       // the bundle's own step after writing failed
	Busy       Code = "busy"       // another installation is under way
	Service    Code = "service"    // RAUC cannot be reached, or ended in the middle
	Silent     Code = "silent"     // RAUC did not get on in time
	Slot       Code = "slot"       // the slot cannot be marked
	Other      Code = "other"
)

// Codes are all codes.
var Codes = []Code{Signature, Compatible, Refused, Format, Space, Write, Hook, Busy, Service, Silent, Slot, Other}

// maxText is the longest text of an Error, in bytes.
const maxText = 160

// An Error is why a step failed: a code for programs, and what RAUC said, cut and cleaned.
type Error struct {
	Code Code   `json:"code"`
	Text string `json:"text,omitempty"` // printable ASCII, at most 160 bytes
}

// Fault makes an Error with a text of any origin.
func Fault(code Code, text string) *Error {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || r < ' ' || r > '~':
			return -1
		}
		return r
	}, strings.ReplaceAll(text, "\n", " "))
	return &Error{code, text[:min(len(text), maxText)]}
}

// Error is code and text.
func (e *Error) Error() string {
	if e.Text == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Text
}

// maxLine is the longest request or answer, in bytes.
const maxLine = 4 << 10

var errLine = errors.New("no line of this protocol")

// encode is a request or an answer as a line.
func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err == nil && len(b) >= maxLine {
		err = errLine
	}
	return append(b, '\n'), err
}

// decode reads a line strictly.
func decode(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errLine, err)
	}
	if rest := bytes.TrimSpace(line[d.InputOffset():]); len(rest) > 0 {
		return errLine
	}
	return nil
}

// parseRequest reads a request and refuses what is none.
func parseRequest(line []byte) (Request, error) {
	var r Request
	if err := decode(line, &r); err != nil {
		return r, err
	}
	sum := false
	switch r.Do {
	case Look, Try, Keep, Drop, Stay:
	case Check, Install:
		sum = true
	default:
		return r, fmt.Errorf("%w: step %q", errLine, r.Do)
	}
	if b, err := hex.DecodeString(r.SHA256); sum && (err != nil || len(b) != 32 || strings.ToLower(r.SHA256) != r.SHA256) || !sum && r.SHA256 != "" {
		return r, fmt.Errorf("%w: digest of %d characters for %s", errLine, len(r.SHA256), r.Do)
	}
	return r, nil
}

// parseAnswer reads an answer and refuses what is none.
func parseAnswer(line []byte) (Answer, error) {
	var a Answer
	if err := decode(line, &a); err != nil {
		return a, err
	}
	if a.Percent < 0 || a.Percent > 100 || !a.Done && (a.Fault != nil || a.Board != nil) {
		return a, errLine
	}
	if a.Fault != nil {
		a.Fault = Fault(a.Fault.Code, a.Fault.Text)
	}
	if a.Board != nil && a.Board.Booted != "A" && a.Board.Booted != "B" {
		return a, fmt.Errorf("%w: slot %q", errLine, a.Board.Booted)
	}
	return a, nil
}
