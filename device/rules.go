// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"madoguchi/device/policy"
	"madoguchi/device/session"
	"madoguchi/device/settings"
)

// Where rules lie under the data folder. Without the first the program's own are in force.
const (
	rulesBundle = "rules.policy" // as an update brings them (policy.Bundle); it stands before the folder
	rulesFolder = "policy"       // national.toml and the municipality's file, as a technician brings them
	rulesKept   = "rules.kept"   // the last ones that were good, as one file
)

// keptRules is the file of the last good rules. The hash is that of their canonical form: a file that was damaged or changed by hand is none.
type keptRules struct {
	Hash     string `json:"hash"`
	National string `json:"national"`
	City     string `json:"city"`
}

// loadRules finds the rules of the box's municipality: those of the update, else those of the folder, if they are sound, else the last that were, else the program's own.
// Rules with any fault are refused whole, and each fault is logged with its line.
func (d *Device) loadRules() (p *policy.Policy, refused bool, err error) {
	defer func() { d.rulesBad.Store(refused || err != nil) }()
	city := policy.Name(d.cfg.City)
	own, err := policy.EmbeddedCity(city)
	if err != nil {
		return nil, false, &FieldError{Key: "city", What: err.Error()}
	}
	national, text, err := readBundle(filepath.Join(d.cfg.DataDir, rulesBundle))
	if errors.Is(err, fs.ErrNotExist) {
		national, text, err = readRules(filepath.Join(d.cfg.DataDir, rulesFolder), city)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return own, false, nil
	}
	if err == nil {
		if p, err = policy.Sound(national, city, text); err == nil {
			d.keepRules(keptRules{p.Hash, string(national), string(text)})
			return p, false, nil
		}
	}
	for _, fault := range settings.Flat(err) {
		d.log.Error("rules refused", "fault", fault)
	}
	kept, err := d.lastRules(city)
	switch {
	case err == nil:
		return kept, true, nil
	case !errors.Is(err, fs.ErrNotExist):
		d.log.Error("rules kept", "cause", err)
	}
	return own, true, nil
}

func readBundle(path string) (national, text []byte, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	b, _, err := policy.ReadBundle(raw)
	return []byte(b.National), []byte(b.Rules), err
}

func readRules(dir, city string) (national, text []byte, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil, err
	}
	if national, err = os.ReadFile(filepath.Join(dir, policy.National+".toml")); err == nil {
		text, err = os.ReadFile(filepath.Join(dir, city+".toml"))
	}
	if err != nil { // a folder that lacks a file is no missing folder
		return nil, nil, fmt.Errorf("reading rules: %v", err)
	}
	return national, text, nil
}

// keepRules stores good rules, by rename. A card without room keeps the ones before.
func (d *Device) keepRules(k keptRules) {
	path := filepath.Join(d.cfg.DataDir, rulesKept)
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(k); err != nil {
		d.log.Error("rules kept", "cause", err)
		return
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, out.Bytes()) {
		return
	}
	if err := writeFile(path, out.Bytes()); err != nil {
		d.log.Error("rules kept", "cause", err)
	}
}

// writeFile replaces a file so that a power cut leaves the old one or the new one.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// lastRules reads the rules that were kept.
func (d *Device) lastRules(city string) (*policy.Policy, error) {
	data, err := os.ReadFile(filepath.Join(d.cfg.DataDir, rulesKept))
	if err != nil {
		return nil, err
	}
	var k keptRules
	if err := json.Unmarshal(data, &k); err != nil {
		return nil, fmt.Errorf("reading kept rules: %w", err)
	}
	p, err := policy.Compile([]byte(k.National), city+".toml", []byte(k.City))
	if err != nil {
		return nil, fmt.Errorf("reading kept rules: %w", err)
	}
	if p.Hash != k.Hash || p.City != city {
		return nil, errors.New("kept rules are not the ones that were kept")
	}
	return p, nil
}

// checkPlace finds a place of the box among the places of the rules.
func (d *Device) checkPlace(place string, p *policy.Policy) error {
	if place == "" || p.PlaceOf(place) != nil {
		return nil
	}
	codes := make([]string, len(p.Places))
	for i := range p.Places {
		codes[i] = p.Places[i].Code
	}
	return &FieldError{Key: "place", What: fmt.Sprintf("%q is no place of %s: %s", place, p.City, strings.Join(codes, ", "))}
}

// reloadRules looks at the data folder anew, after an update has put rules there. A case that is open keeps its own to its end. Rules that are refused are an error; the
// last good ones are in force then.
func (d *Device) reloadRules() error {
	p, refused, err := d.loadRules()
	if err == nil {
		err = d.checkPlace(d.config().Place, p)
	}
	if err != nil {
		return fmt.Errorf("loading rules: %w", err)
	}
	d.rules.Store(p)
	d.log.Info("rules", "in_force", p.Label(), "refused", refused)
	d.send(d.ctx, session.Event{Kind: session.NewRules, Rules: p, Bad: refused})
	if refused {
		return errors.New("loading rules: refused")
	}
	return nil
}
