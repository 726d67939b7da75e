// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// A FileError is one mistake in a file.
type FileError struct {
	Path         string
	Line, Column int // from 1; 0: not at one place
	What         string
}

// Error gives the place in the form that editors jump to, "path:line:column: what".
func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Path, e.What)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.What)
}

// A FieldError is one field that cannot be used.
type FieldError struct {
	Key  string // as in the file; "clerks[1].hash"
	What string
}

// Error names the field and what is wrong with it.
func (e *FieldError) Error() string { return e.Key + ": " + e.What }

// Decode reads a TOML file into v. A key that v does not have is an error. The errors are *FileError, joined.
func Decode(path string, text []byte, v any) error {
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		return nil
	}
	if missing, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var all []error
		for i := range missing.Errors {
			e := &missing.Errors[i]
			line, col := e.Position()
			all = append(all, &FileError{path, line, col, fmt.Sprintf("unknown key %q", strings.Join(e.Key(), "."))})
		}
		return errors.Join(all...)
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, col := wrong.Position()
		return &FileError{path, line, col, strings.TrimPrefix(wrong.Error(), "toml: ")}
	}
	return &FileError{Path: path, What: err.Error()}
}

// Locate makes *FileError of field errors, joined or not, each with the line on which its key stands, if it stands in the file.
func Locate(path string, text []byte, err error) error {
	var all []error
	for _, err := range Flat(err) {
		f, ok := errors.AsType[*FieldError](err)
		if !ok {
			all = append(all, err)
			continue
		}
		line := lineOf(text, f.Key)
		all = append(all, &FileError{path, line, min(line, 1), f.Error()})
	}
	return errors.Join(all...)
}

// Flat takes joined errors apart, also joined ones among them; nil has none.
func Flat(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, Flat(e)...)
	}
	return all
}

// lineOf finds the line that sets a key; for "clerks[1].hash" the second "hash". 0: it is not there.
func lineOf(text []byte, key string) int {
	nth := 0
	if i, rest, ok := strings.Cut(key, "]."); ok {
		fmt.Sscanf(i[strings.IndexByte(i, '[')+1:], "%d", &nth)
		key = rest
	}
	key = key[strings.LastIndexByte(key, '.')+1:]
	for n, line := range strings.Split(string(text), "\n") {
		name, _, ok := strings.Cut(line, "=")
		if !ok || strings.TrimSpace(name) != key {
			continue
		}
		if nth--; nth < 0 {
			return n + 1
		}
	}
	return 0
}
