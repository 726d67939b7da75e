// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"madoguchi/device/policy"
	"madoguchi/device/settings"
	"madoguchi/device/update"
)

// sound finds in what is to be released for a city what every box of it would refuse, before a version is spent on it. Firmware is for RAUC to judge. path stands in the
// errors.
func sound(kind update.Kind, city, path string, payload io.Reader) error {
	most := map[update.Kind]int64{update.Policy: policy.MaxBundle, update.Config: settings.Max}[kind]
	if most == 0 {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(payload, most+1)) // what is too long is refused as such
	if err != nil {
		return fmt.Errorf("reading payload: %w", err)
	}
	if kind == update.Config {
		_, err := settings.Read(path, text)
		return err
	}
	b, _, err := policy.ReadBundle(text)
	if err != nil {
		return fmt.Errorf("%s: %w\n(what is released is the file that \"fleet policy pack\" writes)", path, err)
	}
	if want := strings.ReplaceAll(city, "-", "_"); b.City != want {
		return fmt.Errorf("%s: these are the rules of %q, and the folder's boxes stand in %q", path, b.City, want)
	}
	return nil
}
