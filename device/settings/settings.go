// SPDX-License-Identifier: Apache-2.0

// Package settings reads what the fleet may set over the configuration of a box, and says what of it no box could use. The box takes a file of settings by it, and the
// tool that signs one asks it first: a mistake is found where it was typed.
package settings

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"madoguchi/display"
	"madoguchi/sync/record"
)

// Max is the longest file of settings, in bytes.
const Max = 32 << 10

// Settings are the keys of the configuration that the fleet may set: what a window is called and offers, and what of its cases leaves the box and when. Who the box
// is, whose key it trusts, its hardware and "at_once" are not among them. A key that is not there leaves the configuration as it is.
type Settings struct {
	Office    *string  `toml:"office"`
	Place     *string  `toml:"place"`
	Detail    *string  `toml:"detail"`
	Period    *string  `toml:"period"`
	Facets    []string `toml:"facets"`
	Languages []string `toml:"languages"`
	ReleaseAt []string `toml:"release_at"`
	Sound     *bool    `toml:"sound"`
}

// Read reads a file of settings strictly and checks it; path stands in its errors, which are *FileError, joined.
func Read(path string, text []byte) (Settings, error) {
	var s Settings
	if len(text) > Max {
		return s, &FileError{Path: path, What: fmt.Sprintf("is longer than %d bytes", Max)}
	}
	if err := Decode(path, text, &s); err != nil {
		return s, err
	}
	if err := s.Check(); err != nil {
		return s, Locate(path, text, err)
	}
	return s, nil
}

// Check finds every value that no box could use; the errors are *FieldError, joined. What depends on the box (its rules' places, the size of its panel, its group of
// offices) is the box's to check.
func (s Settings) Check() error {
	var all []error
	bad := func(key string, format string, args ...any) {
		all = append(all, &FieldError{key, fmt.Sprintf(format, args...)})
	}
	if s.Office != nil {
		if n := len([]rune(*s.Office)); n == 0 || n > 12 {
			bad("office", "has %d characters, want 1 to 12", n)
		}
		if err := display.Drawable(*s.Office); err != nil {
			bad("office", "%v", err)
		}
	}
	if s.Detail != nil {
		if _, err := record.ParseDetail(*s.Detail); err != nil {
			bad("detail", "%v", err)
		}
	}
	if s.Period != nil {
		if _, err := record.ParsePeriod(*s.Period); err != nil {
			bad("period", "%v", err)
		}
	}
	for _, code := range s.Facets {
		if _, err := record.ParseKind(code); err != nil {
			bad("facets", "%v", err)
		}
	}
	for i, l := range s.Languages {
		if !slices.Contains(display.Langs, display.Lang(l)) {
			bad("languages", "%q is not one of %v", l, display.Langs)
		}
		if slices.Contains(s.Languages[:i], l) {
			bad("languages", "%q stands twice", l)
		}
	}
	for _, t := range s.ReleaseAt {
		if _, err := time.Parse("15:04", t); err != nil {
			bad("release_at", "%q is no time like 12:30", t)
		}
	}
	return errors.Join(all...)
}
