// SPDX-License-Identifier: Apache-2.0

package pin

import "fmt"

// Form says what a PIN may look like. The base forms are the card's own; a
// municipality's policy may only tighten them for new PINs.
type Form uint8

const (
	// FormDigits4 is exactly four digits: login (利用者証明用), card information
	// (券面事項入力補助用) and resident register (住民基本台帳用).
	FormDigits4 Form = iota
	// FormPassword is an existing signing password (署名用): 6 to 16 of A–Z and
	// 0–9. Older passwords of one kind only are lawful, so both kinds are not
	// asked for: refusing one here would keep its owner from changing it.
	FormPassword
	// FormNewPassword is a new signing password: as FormPassword, with at least
	// one letter and at least one digit.
	FormNewPassword
	// FormCode is a clerk's code: 4 to 8 digits.
	FormCode
)

// maxLen is the longest PIN of any form, in characters.
const maxLen = 16

// forms is indexed by Form.
var forms = [...]struct {
	name     string
	min, max int
	letters  bool
	both     bool
}{
	FormDigits4:     {"digits4", 4, 4, false, false},
	FormPassword:    {"password", 6, maxLen, true, false},
	FormNewPassword: {"new_password", 6, maxLen, true, true},
	FormCode:        {"code", 4, 8, false, false},
}

// Min returns the fewest characters the form allows. A form outside the
// constants allows nothing: Min is 1 and Max is 0.
func (f Form) Min() int {
	if int(f) >= len(forms) {
		return 1
	}
	return forms[f].min
}

// Max returns the most characters the form allows.
func (f Form) Max() int {
	if int(f) >= len(forms) {
		return 0
	}
	return forms[f].max
}

// Letters reports whether A–Z may occur.
func (f Form) Letters() bool {
	return int(f) < len(forms) && forms[f].letters
}

// String returns the form's stable name: "digits4", "password",
// "new_password", "code".
func (f Form) String() string {
	if int(f) >= len(forms) {
		return fmt.Sprintf("Form(%d)", uint8(f))
	}
	return forms[f].name
}

// Fault says why a typed PIN may not go to the card. It tells about the whole
// entry, never about one character.
type Fault uint8

const (
	FaultNone        Fault = iota // the entry keeps its form
	FaultTooShort                 // fewer characters than Form.Min
	FaultNeedsLetter              // FormNewPassword without a letter
	FaultNeedsDigit               // FormNewPassword without a digit
	FaultMismatch                 // the two entries of a new PIN differ
	FaultTooLong                  // more characters than Form.Max
	FaultOnlyDigits               // a letter in a form of digits
)

var faults = [...]string{
	FaultNone:        "",
	FaultTooShort:    "too_short",
	FaultNeedsLetter: "needs_letter",
	FaultNeedsDigit:  "needs_digit",
	FaultMismatch:    "mismatch",
	FaultTooLong:     "too_long",
	FaultOnlyDigits:  "only_digits",
}

// String returns the stable name that screens use: "" for FaultNone,
// "too_short", "needs_letter", "needs_digit", "mismatch", "too_long",
// "only_digits".
func (f Fault) String() string {
	if int(f) >= len(faults) {
		return fmt.Sprintf("Fault(%d)", uint8(f))
	}
	return faults[f]
}

// legend is the static table of two-press entry, by group key: the letters of
// ITU-T E.161 in order, then the digit itself.
var legend = [10]string{"0", "1", "ABC2", "DEF3", "GHI4", "JKL5", "MNO6", "PQRS7", "TUV8", "WXYZ9"}

// Legend returns the table of two-press entry: entry k lists the characters
// that group key k offers, the first at position key 1. Every character is two
// presses, also 0 (0 then 1) and 1 (1 then 1), so that nothing but the length
// follows from the number of presses.
func Legend() [10]string { return legend }
