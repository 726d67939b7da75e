// SPDX-License-Identifier: Apache-2.0

package world

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"madoguchi/device"
	"madoguchi/pinpad/pin"
)

// boxConfig is what the simulator sets of a box's configuration; the rest has
// its defaults.
type boxConfig struct {
	City        string         `toml:"city"`
	Office      string         `toml:"office"`
	Place       string         `toml:"place"`
	OfficeGroup string         `toml:"office_group"`
	DeviceID    string         `toml:"device_id"`
	DataDir     string         `toml:"data_dir"`
	AckKey      string         `toml:"ack_key"`
	IssuerKey   string         `toml:"issuer_key"`
	IssuerSeal  string         `toml:"issuer_seal"`
	Release     string         `toml:"release"`
	Panel       string         `toml:"panel"`
	Reveal      bool           `toml:"reveal"`
	UpdateRoot  string         `toml:"update_root"`
	LogKey      string         `toml:"log_key"`
	Hardware    string         `toml:"hardware"`
	Clerks      []device.Clerk `toml:"clerks"`
}

// configHead stands above the generated file.
const configHead = `# The configuration of the simulated box, made anew by the simulator at each boot.
# Its keys are those of the firmware; "release" is at_once so that a visitor sees
# records arrive, which a real box must not do.

`

// writeConfig makes the box's configuration in its own folder and returns its
// path. Hashes of clerk codes are kept from the file that is there, because
// each costs 7 MiB and a moment.
func (w *World) writeConfig() (string, error) {
	w.configuring.Lock()
	defer w.configuring.Unlock()
	key, err := w.hallFolder().signKey()
	if err != nil {
		return "", err
	}
	c := boxConfig{
		City: w.city.code(), Office: w.office.Name.JA, Place: w.office.ID, OfficeGroup: w.office.Group, DeviceID: w.device,
		DataDir: w.folder.file("box"), Release: "at_once", Panel: string(w.opts.Model), Reveal: w.opts.Reveal,
		UpdateRoot: cmp.Or(w.opts.Root, w.hallFolder().file("root.json")), Hardware: Hardware,
		AckKey: base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)),
	}
	c.IssuerKey, c.IssuerSeal = w.issuerKeys()
	if c.LogKey, err = w.logKey(); err != nil {
		return "", err
	}
	if c.Clerks, err = w.clerkHashes(); err != nil {
		return "", err
	}
	var out bytes.Buffer
	out.WriteString(configHead)
	if err := toml.NewEncoder(&out).Encode(c); err != nil {
		return "", fmt.Errorf("writing configuration: %w", err)
	}
	const name = "box.toml"
	if err := w.folder.write(name, out.Bytes()); err != nil {
		return "", err
	}
	return w.folder.file(name), nil
}

// clerkHashes returns the clerks of the demo with a hash of each code.
func (w *World) clerkHashes() ([]device.Clerk, error) {
	var kept boxConfig
	data, err := os.ReadFile(w.folder.file("box.toml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	if err := toml.Unmarshal(data, &kept); err != nil {
		kept = boxConfig{} // it is made anew
	}
	var out []device.Clerk
	for _, c := range clerks {
		i := slices.IndexFunc(kept.Clerks, func(k device.Clerk) bool { return k.Label == c.Label })
		if i >= 0 {
			if h, err := pin.ParseHash(kept.Clerks[i].Hash); err == nil && c.fits(h) {
				out = append(out, kept.Clerks[i])
				continue
			}
		}
		h, err := c.hash()
		if err != nil {
			return nil, err
		}
		out = append(out, device.Clerk{Label: c.Label, Hash: string(h)})
	}
	return out, nil
}
