// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"madoguchi/device"
	"madoguchi/sync/enrol"
)

// Names in the PIN side's folder.
const (
	ConfigFile  = "counter.toml"
	rootFile    = "root.json"
	requestFile = "enrol.request"
	usedFile    = "enrol.used" // serials of files that gave this box its certificate, one a line
)

// Board is what a box knows of itself before anybody has told it anything.
type Board struct {
	Hardware string          // as releases name it: "rpi4"
	GPIOChip string          // label
	Panel    image.Rectangle // bounds of the panel
	DataDir  string          // absolute path of the folder
}

// settings are what of a configuration the file says; the rest has its defaults.
type settings struct {
	City        string         `toml:"city"`
	Office      string         `toml:"office"`
	Place       string         `toml:"place,omitempty"`
	OfficeGroup string         `toml:"office_group"`
	DeviceID    string         `toml:"device_id"`
	DataDir     string         `toml:"data_dir"`
	AckKey      string         `toml:"ack_key,omitempty"`
	IssuerKey   string         `toml:"issuer_key,omitempty"`
	IssuerSeal  string         `toml:"issuer_seal,omitempty"`
	UpdateRoot  string         `toml:"update_root"`
	LogKey      string         `toml:"log_key,omitempty"`
	Hardware    string         `toml:"hardware"`
	GPIOChip    string         `toml:"gpio_chip"`
	Panel       string         `toml:"panel,omitempty"`
	Clerks      []device.Clerk `toml:"clerks"`
}

const settingsHead = "# Written when the box was enrolled, from the file that came on its card.\n\n"

// windowName is what the window is called at rest.
func windowName(f enrol.File) string {
	if f.Name != "" {
		return f.Name
	}
	return f.Office
}

// configText is the configuration that a file makes, checked as far as a box can check it before it starts.
func configText(f enrol.File, b Board) ([]byte, error) {
	b64 := base64.StdEncoding.EncodeToString
	s := settings{City: f.City, Office: windowName(f), Place: f.Place, OfficeGroup: f.Office, DeviceID: f.Device, DataDir: b.DataDir,
		AckKey: b64(f.AckKey), IssuerKey: b64(f.IssuerKey), IssuerSeal: b64(f.IssuerSeal), UpdateRoot: filepath.Join(b.DataDir, rootFile), LogKey: f.LogKey,
		Hardware: b.Hardware, GPIOChip: b.GPIOChip, Panel: f.Panel}
	if f.Clerk != "" {
		s.Clerks = []device.Clerk{{Label: f.Label, Hash: f.Clerk}}
	}
	text, err := toml.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing configuration: %w", err)
	}
	c := device.DefaultConfig
	if err := toml.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("reading configuration back: %w", err)
	}
	if err := c.Fits(b.Panel); err != nil {
		return nil, err
	}
	return append([]byte(settingsHead), text...), nil
}

// keepBox keeps a box's configuration. With it the box has been enrolled; the power may go between any two steps. What is not erased then Sweep erases at the next start.
func keepBox(disk enrol.Disk, f enrol.File, b Board) error {
	text, err := configText(f, b)
	if err != nil {
		return err
	}
	if err := disk.Erase(enrol.WipedFile); err != nil { // or the next start would take the box for one that is still to be emptied
		return err
	}
	if err := disk.Keep(rootFile, f.Root); err != nil {
		return err
	}
	if err := disk.Keep(ConfigFile, text); err != nil {
		return err
	}
	used, err := disk.Read(usedFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := disk.Keep(usedFile, append(used, f.Serial+"\n"...)); err != nil {
		return err
	}
	return Sweep(disk)
}

// Sweep erases what an enrolment leaves behind: the file with its first key, and the request. A box that has its configuration calls it at each start.
func Sweep(disk enrol.Disk) error {
	return errors.Join(disk.Erase(requestFile), disk.Erase(enrol.FileName))
}

// readFile opens the provisioning file, and the request of before a power cut. over: its last day is not looked at.
func readFile(disk enrol.Disk, b Board, now time.Time, over bool) opened {
	raw, err := disk.Read(enrol.FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return opened{reason: "forged"}
	}
	if err != nil {
		return opened{reason: "storage"}
	}
	list, err := disk.Read(usedFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return opened{reason: "storage"}
	}
	used := func(serial string) bool { return strings.Contains("\n"+string(list), "\n"+serial+"\n") }
	f, err := enrol.Open(raw, now, !over, used)
	switch {
	case errors.Is(err, enrol.ErrUsed):
		return opened{reason: "used"}
	case errors.Is(err, enrol.ErrExpired):
		// The box's clock may be wrong, and the fleet judges it again by its own.
		return opened{reason: "expired", text: now.Format(time.DateOnly)}
	case err != nil:
		return opened{reason: "forged"}
	}
	if _, err := configText(f, b); err != nil {
		return opened{reason: "settings", text: fieldOf(err)}
	}
	o := opened{file: f, print: f.Print()}
	if raw, err := disk.Read(requestFile); err == nil {
		if r, err := enrol.DecodeRequest(raw); err == nil && r.Serial == f.Serial {
			o.request = &r
		}
	}
	return o
}

// fieldOf names the field of a configuration that cannot be used.
func fieldOf(err error) string {
	var field *device.FieldError
	if errors.As(err, &field) {
		return field.Key
	}
	return ""
}
