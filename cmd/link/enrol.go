// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"

	"madoguchi/sync/enrol"
	"madoguchi/sync/link"
)

// written is the configuration of a box that was enrolled.
type written struct {
	Broker   string `toml:"broker"`
	City     string `toml:"city"`
	Device   string `toml:"device"`
	Group    string `toml:"office_group,omitempty"`
	CAFile   string `toml:"ca_file"`
	Identity string `toml:"identity"`
	Wall     string `toml:"wall"`
	DataDir  string `toml:"data_dir"`
	Spread   string `toml:"spread"`
}

// enrolled makes the configuration of a new box from the provisioning file beside it. Without such a file it returns why there is none. The configuration is kept last.
func enrolled(ctx context.Context, path, wallPath string, none error, opts *link.Opts) error {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("enrolling: %w", err)
	}
	c, err := link.Enrol(ctx, link.Enrolment{Dir: dir, Wall: wallPath}, opts)
	if errors.Is(err, link.ErrNothing) {
		return none
	}
	if err != nil {
		return err
	}
	text, err := toml.Marshal(written{c.Broker, c.City, c.Device, c.Group, c.CAFile, c.Identity, c.Wall, c.DataDir, c.Spread.String()})
	if err != nil {
		return fmt.Errorf("writing configuration: %w", err)
	}
	return enrol.Folder(dir).Keep(filepath.Base(path), text)
}

// swept erases what an enrolment leaves behind, at each start with a configuration: the file, which holds the first key.
func swept(path string) error { return enrol.Folder(filepath.Dir(path)).Erase(enrol.FileName) }
