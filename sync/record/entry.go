// SPDX-License-Identifier: Apache-2.0

package record

// Mode is what a PIN was typed for.
type Mode uint8

// The modes.
const (
	_          Mode = iota
	Verify          // to be checked
	Change          // to be replaced
	LeaveCheck      // once more before leaving
	lastMode   = LeaveCheck
)

var modes = names("mode", "", "verify", "change", "leave_check")

// String is the code of m, such as "leave_check".
func (m Mode) String() string { return modes.name(uint8(m)) }

// Modes lists every mode.
func Modes() []Mode { return list[Mode](modes) }

// Result is how a PIN entry ended.
type Result uint8

// The results.
const (
	_              Result = iota
	EntryOK               // the card took it
	EntryWrong            // the card did not, and has tries left
	EntryLocked           // the card did not, and that was the last try
	EntryCancelled        // nothing was sent
	StoppedByRules        // it broke the PIN's rules: no try was spent
	lastResult     = StoppedByRules
)

var results = names("result", "", "ok", "wrong", "locked_now", "cancelled", "stopped_by_rules")

// String is the code of r, such as "locked_now".
func (r Result) String() string { return results.name(uint8(r)) }

// Results lists every result.
func Results() []Result { return list[Result](results) }

// Entry is a mode with a result: one PIN entry.
type Entry uint8

// NewEntry is the entry of a mode and a result; 0 if either is unknown.
func NewEntry(m Mode, r Result) Entry {
	if m == 0 || m > lastMode || r == 0 || r > lastResult {
		return 0
	}
	return Entry(m-1)*Entry(lastResult) + Entry(r)
}

// Mode is the entry's mode.
func (e Entry) Mode() Mode {
	if !entries.valid(uint8(e)) {
		return 0
	}
	return Mode((e-1)/Entry(lastResult)) + 1
}

// Result is the entry's result.
func (e Entry) Result() Result {
	if !entries.valid(uint8(e)) {
		return 0
	}
	return Result((e-1)%Entry(lastResult)) + 1
}

var entries = func() enum {
	codes := []string{""}
	for _, m := range modes.codes[1:] {
		for _, r := range results.codes[1:] {
			codes = append(codes, m+"."+r)
		}
	}
	return names("entry", codes...)
}()

// String is the code of e as it stands in JSON, such as "verify.locked_now".
func (e Entry) String() string { return entries.name(uint8(e)) }

// ParseEntry finds the entry of a code. Only exact codes are known.
func ParseEntry(code string) (Entry, error) {
	v, err := entries.parse(code)
	return Entry(v), err
}
