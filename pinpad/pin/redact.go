// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"encoding"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

const (
	redactedPIN  = "PIN(redacted)"
	redactedCode = "Code(redacted)"
	redactedHash = "Hash(redacted)"
)

// The methods have value receivers so that a PIN is redacted as a value and
// behind a pointer. There are no Unmarshal methods: nothing decodes into a PIN.

var (
	_ fmt.Formatter            = PIN{}
	_ fmt.Stringer             = PIN{}
	_ fmt.GoStringer           = PIN{}
	_ json.Marshaler           = PIN{}
	_ encoding.TextMarshaler   = PIN{}
	_ encoding.TextAppender    = PIN{}
	_ encoding.BinaryMarshaler = PIN{}
	_ gob.GobEncoder           = PIN{}
	_ slog.LogValuer           = PIN{}
	_ fmt.Formatter            = Code{}
	_ fmt.Stringer             = Code{}
	_ fmt.GoStringer           = Code{}
	_ json.Marshaler           = Code{}
	_ encoding.TextMarshaler   = Code{}
	_ encoding.TextAppender    = Code{}
	_ encoding.BinaryMarshaler = Code{}
	_ gob.GobEncoder           = Code{}
	_ slog.LogValuer           = Code{}
	_ slog.LogValuer           = Hash("")
)

// Format writes PIN(redacted) for every verb and flag.
func (PIN) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redactedPIN) }

// String returns PIN(redacted).
func (PIN) String() string { return redactedPIN }

// GoString returns PIN(redacted).
func (PIN) GoString() string { return redactedPIN }

// MarshalJSON returns "PIN(redacted)".
func (PIN) MarshalJSON() ([]byte, error) { return json.Marshal(redactedPIN) }

// MarshalText returns PIN(redacted); encoding/xml uses it too.
func (PIN) MarshalText() ([]byte, error) { return []byte(redactedPIN), nil }

// AppendText appends PIN(redacted).
func (PIN) AppendText(b []byte) ([]byte, error) { return append(b, redactedPIN...), nil }

// MarshalBinary returns PIN(redacted).
func (PIN) MarshalBinary() ([]byte, error) { return []byte(redactedPIN), nil }

// GobEncode returns PIN(redacted).
func (PIN) GobEncode() ([]byte, error) { return []byte(redactedPIN), nil }

// LogValue returns PIN(redacted).
func (PIN) LogValue() slog.Value { return slog.StringValue(redactedPIN) }

// Format writes Code(redacted) for every verb and flag.
func (Code) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redactedCode) }

// String returns Code(redacted).
func (Code) String() string { return redactedCode }

// GoString returns Code(redacted).
func (Code) GoString() string { return redactedCode }

// MarshalJSON returns "Code(redacted)".
func (Code) MarshalJSON() ([]byte, error) { return json.Marshal(redactedCode) }

// MarshalText returns Code(redacted); encoding/xml uses it too.
func (Code) MarshalText() ([]byte, error) { return []byte(redactedCode), nil }

// AppendText appends Code(redacted).
func (Code) AppendText(b []byte) ([]byte, error) { return append(b, redactedCode...), nil }

// MarshalBinary returns Code(redacted).
func (Code) MarshalBinary() ([]byte, error) { return []byte(redactedCode), nil }

// GobEncode returns Code(redacted).
func (Code) GobEncode() ([]byte, error) { return []byte(redactedCode), nil }

// LogValue returns Code(redacted).
func (Code) LogValue() slog.Value { return slog.StringValue(redactedCode) }

// LogValue returns Hash(redacted): a hash of four digits is found by trying all
// of them, so it stands in the configuration and in no log.
func (Hash) LogValue() slog.Value { return slog.StringValue(redactedHash) }
