// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"

	"madoguchi/device/policy"
	"madoguchi/device/settings"
	"madoguchi/device/update"
)

// checked gives a payload back after it has found in it what every box of a city would refuse, before a version is spent on it. Firmware is for RAUC to judge. path
// stands in the errors.
func checked(kind update.Kind, city, path string, payload io.Reader) (io.Reader, error) {
	var most int64
	var check func(city, path string, text []byte) error
	switch kind {
	case update.Policy:
		most, check = policy.MaxBundle, checkRules
	case update.Config:
		most, check = settings.Max, func(_, path string, text []byte) error { _, err := settings.Read(path, text); return err }
	default:
		return payload, nil
	}
	text, err := io.ReadAll(io.LimitReader(payload, most+1)) // what is too long is refused as such
	if err != nil {
		return nil, fmt.Errorf("reading payload: %w", err)
	}
	return bytes.NewReader(text), check(city, path, text)
}

// checkRules reads rules as a box does.
func checkRules(city, path string, text []byte) error {
	if !bytes.HasPrefix(text, []byte("{")) {
		return fmt.Errorf("%s: is no bundle of rules; \"fleet policy pack\" writes one of a folder", path)
	}
	b, _, err := policy.ReadBundle(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if want := policy.Name(city); b.City != want {
		return fmt.Errorf("%s: these are the rules of %q, and the folder's boxes stand in %q", path, b.City, want)
	}
	return nil
}
