// SPDX-License-Identifier: Apache-2.0

// Package settings reads what the fleet may set over the configuration of a box, and says what of it no box could use. The box takes a file of settings by it, and the
// tool that signs one asks it first: a mistake is found where it was typed. How the box's whole configuration is read (Decode, Locate) is here, too; what stands in it is
// package device's. The package holds no settings and puts none in force.
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

// Check finds every value that no box could use; the errors are *FieldError, joined. What depends on the box is the box's to check: its rules' places, the size of its
// panel, facets beside a detail that only its configuration names.
func (s Settings) Check() error {
	var all []error
	bad := func(key, format string, args ...any) {
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
	if err := s.recording(); err != nil {
		all = append(all, err)
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

// recording holds what is set of recording against what any box could record: every detail keeps to its own facets.
func (s Settings) recording() error {
	detail, period := record.Full.String(), record.OneWeek.String()
	if s.Detail != nil {
		detail = *s.Detail
	}
	if s.Period != nil {
		period = *s.Period
	}
	_, err := Recording(anyGroup, detail, period, s.Facets)
	return err
}

// anyGroup stands in for the box's group of offices, which settings do not name.
const anyGroup = "g01"

// Recording is what of a case may leave a box: its group of offices, a detail, a period and the codes of optional facets; nil facets: all that the detail allows. The
// errors are *FieldError, joined.
func Recording(group, detail, period string, facets []string) (record.Rules, error) {
	var r record.Rules
	var wrong []error
	note := func(key string, err error) {
		if err != nil {
			wrong = append(wrong, &FieldError{key, err.Error()})
		}
	}
	var err error
	r.Group, err = record.ParseGroup(group)
	note("office_group", err)
	r.Detail, err = record.ParseDetail(detail)
	note("detail", err)
	r.Period, err = record.ParsePeriod(period)
	note("period", err)
	if len(wrong) > 0 {
		return r, errors.Join(wrong...)
	}
	if r.Kinds = r.Detail.Facets(); facets != nil {
		r.Kinds = 0
		for _, code := range facets {
			k, err := record.ParseKind(code)
			if err != nil {
				return r, &FieldError{"facets", err.Error()}
			}
			r.Kinds |= record.NewKindSet(k)
		}
	}
	if err := r.Check(); err != nil {
		return r, &FieldError{"facets", err.Error()}
	}
	return r, nil
}
