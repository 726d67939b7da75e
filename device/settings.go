// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"madoguchi/device/session"
	"madoguchi/device/settings"
	"madoguchi/display"
)

// settingsFile, in the data folder, holds what an update has set over the configuration, verified.
const settingsFile = "settings.toml"

// over lays settings over a configuration.
func over(s settings.Settings, c Config) Config {
	for _, f := range []struct{ v, to *string }{{s.Office, &c.Office}, {s.Place, &c.Place}, {s.Detail, &c.Detail}, {s.Period, &c.Period}} {
		if f.v != nil {
			*f.to = *f.v
		}
	}
	for _, f := range []struct {
		v  []string
		to *[]string
	}{{s.Facets, &c.Facets}, {s.Languages, &c.Languages}, {s.ReleaseAt, &c.ReleaseAt}} {
		if f.v != nil {
			*f.to = f.v
		}
	}
	if s.Sound != nil {
		c.Sound = *s.Sound
	}
	return c
}

// config is the configuration with what an update has set.
func (d *Device) config() Config {
	if c := d.effective.Load(); c != nil {
		return *c
	}
	return d.cfg
}

// checkSettings says whether the box could go on with these settings: what it could not draw, a place that the rules do not know, a detail without its facets.
func (d *Device) checkSettings(text []byte) (Config, error) {
	s, err := settings.Read(settingsFile, text)
	if err != nil {
		return Config{}, err
	}
	c := over(s, d.cfg)
	if err := c.Check(); err != nil {
		return c, settings.Locate(settingsFile, text, err)
	}
	r, err := display.NewRenderer(d.hw.Panel.Bounds()) // not the painter's, which draws meanwhile
	if err != nil {
		return c, err
	}
	if err := checkOffice(c, r); err != nil {
		return c, err
	}
	return c, d.checkPlace(c.Place, d.rules.Load())
}

// loadSettings puts the settings of the data folder in force, at the start. Ones that cannot be used leave the configuration as it is: the box never tells more for them.
func (d *Device) loadSettings() error {
	c := d.cfg
	text, err := os.ReadFile(filepath.Join(d.cfg.DataDir, settingsFile))
	if err == nil {
		c, err = d.checkSettings(text)
	}
	bad := err != nil && !errors.Is(err, fs.ErrNotExist)
	d.settingsBad.Store(bad)
	if bad {
		for _, fault := range settings.Flat(err) {
			d.log.Error("settings refused", "fault", fault)
		}
	}
	if err != nil {
		c = d.cfg
	}
	rules, rerr := c.recording()
	if rerr != nil {
		return rerr
	}
	d.effective.Store(&c)
	d.recording.Store(&rules)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// reloadSettings is loadSettings for a box that runs, while no case is open.
func (d *Device) reloadSettings() error {
	err := d.loadSettings()
	c := d.config()
	if d.hw.Buzzer != nil {
		d.hw.Buzzer.Enable(c.Sound)
	}
	d.line.retime()
	d.send(d.ctx, session.Event{Kind: session.NewSettings, Settings: &session.Settings{Office: c.Office, Place: c.Place, Langs: langs(c)}})
	if err != nil {
		return fmt.Errorf("loading settings: %w", err)
	}
	return nil
}

// langs are the languages that a box offers: all, if none is named.
func langs(c Config) []display.Lang {
	if len(c.Languages) == 0 {
		return display.Langs
	}
	var all []display.Lang
	for _, l := range c.Languages {
		all = append(all, display.Lang(l))
	}
	return all
}
