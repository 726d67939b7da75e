// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"

	"madoguchi/sync/link"
)

// file is the configuration as it stands in the file.
type file struct {
	Broker   string `toml:"broker"`
	City     string `toml:"city"`
	Device   string `toml:"device"`
	Group    string `toml:"office_group"`
	CAFile   string `toml:"ca_file"`
	CertFile string `toml:"cert_file"`
	KeyFile  string `toml:"key_file"`
	Identity string `toml:"identity"`
	Wall     string `toml:"wall"`
	DataDir  string `toml:"data_dir"`
	Spread   string `toml:"spread"`
}

// loadConfig reads the file strictly: an unknown key, a wrong type or a missing value is an error that names line and column.
func loadConfig(path string) (link.Config, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return link.Config{}, fmt.Errorf("there is no configuration file %s; name one with --config (what goes in: go doc ./cmd/link): %w", path, fs.ErrNotExist)
	} else if err != nil {
		return link.Config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	f := file{Spread: link.DefaultSpread.String()}
	dec := toml.NewDecoder(bytes.NewReader(b)).DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		var unknown *toml.StrictMissingError
		var wrong *toml.DecodeError
		switch {
		case errors.As(err, &unknown) && len(unknown.Errors) > 0:
			row, col := unknown.Errors[0].Position()
			return link.Config{}, fmt.Errorf("%s:%d:%d: unknown key %q", path, row, col, unknown.Errors[0].Key()[0])
		case errors.As(err, &wrong):
			row, col := wrong.Position()
			return link.Config{}, fmt.Errorf("%s:%d:%d: %w", path, row, col, err)
		}
		return link.Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	for _, k := range []struct{ key, value string }{
		{"broker", f.Broker}, {"city", f.City}, {"device", f.Device}, {"wall", f.Wall}, {"data_dir", f.DataDir},
	} {
		if k.value == "" {
			return link.Config{}, fmt.Errorf("%s: %s is not set", path, k.key)
		}
	}
	spread, err := time.ParseDuration(f.Spread)
	if err != nil || spread < 0 {
		return link.Config{}, fmt.Errorf("%s: spread = %q: want a time like \"180s\", not below zero", path, f.Spread)
	}
	return link.Config{Broker: f.Broker, City: f.City, Device: f.Device, Group: f.Group, CAFile: f.CAFile, CertFile: f.CertFile, KeyFile: f.KeyFile, Identity: f.Identity,
		Wall: f.Wall, DataDir: f.DataDir, Spread: spread}, nil
}
