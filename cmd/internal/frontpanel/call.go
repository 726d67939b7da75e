// SPDX-License-Identifier: Apache-2.0

package frontpanel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"madoguchi/cmd/internal/world"
)

// maxBody is the longest call in bytes; the longest sensible one has 16 keys.
const maxBody = 4096

// CallError is a call that was not understood or cannot be done, as the caller
// is told.
type CallError struct {
	Status int    `json:"-"`
	What   string `json:"what"`  // what is wrong
	Where  string `json:"where"` // the field, header or path
	Do     string `json:"do"`    // what to send instead, or to do first
}

func (e *CallError) Error() string { return fmt.Sprintf("%s: %s: %s", e.Where, e.What, e.Do) }

// bad is a call that was not understood.
func bad(where, what, do string) *CallError {
	return &CallError{http.StatusBadRequest, what, where, do}
}

// read decodes the one JSON object of a call, strictly.
func read(w http.ResponseWriter, r *http.Request, into any, example string) error {
	if mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mt != "application/json" {
		return bad("Content-Type", fmt.Sprintf("%q is not application/json", r.Header.Get("Content-Type")), "send Content-Type: application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return bad("body", fmt.Sprintf("longer than %d bytes", maxBody), "send "+example)
	case err != nil:
		return bad("body", "cut off", "send "+example)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return bad("body", "empty", "send "+example)
	}
	if err := noTwins(body); err != nil {
		return bad("body", err.Error(), "send "+example)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return bad(fault(err), "cannot be read: "+strings.TrimPrefix(err.Error(), "json: "), "send "+example)
	}
	return nil
}

// noTwins refuses anything but one object whose fields come once each, in the
// case in which they are written.
func noTwins(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	t, err := d.Token()
	if err != nil {
		return errors.New("is not JSON")
	}
	if t != json.Delim('{') {
		return errors.New("is not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return errors.New("is not JSON")
		}
		name, _ := t.(string)
		if seen[name] {
			return fmt.Errorf("has the field %q twice", name)
		}
		if name != strings.ToLower(name) {
			return fmt.Errorf("has the unknown field %q", name)
		}
		seen[name] = true
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return errors.New("is not JSON")
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("is not JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("goes on after the object")
	}
	return nil
}

// fault names the field that a JSON error speaks of.
func fault(err error) string {
	var te *json.UnmarshalTypeError
	if errors.As(err, &te) && te.Field != "" {
		return te.Field
	}
	return "body"
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// refuse says why a call was not done.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	var ce *CallError
	var conflict *world.ConflictError
	switch {
	case errors.As(err, &ce):
	case errors.As(err, &conflict):
		ce = &CallError{http.StatusConflict, conflict.What, r.URL.Path, conflict.Do}
	default:
		ce = &CallError{http.StatusInternalServerError, err.Error(), r.URL.Path, "see what the simulator printed"}
	}
	answer(w, ce.Status, struct {
		Error *CallError `json:"error"`
	}{ce})
}
