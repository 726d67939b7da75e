// SPDX-License-Identifier: Apache-2.0

package device

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"madoguchi/device/settings"
	"madoguchi/device/update"
	"madoguchi/display/epd"
	"madoguchi/pinpad/pin"
	"madoguchi/sync/record"
)

// Config is the box's configuration: a TOML file, or filled in by the simulator. Zero fields that have a default take it from DefaultConfig.
type Config struct {
	City        string   `toml:"city"`         // code in topics, small letters: "nabari"; with _ for -, the name of its rules
	Office      string   `toml:"office"`       // name at rest, at most 12 characters: "市民課"
	Place       string   `toml:"place"`        // code of this window in the rules: "kashima_branch"; "": any of the municipality
	OfficeGroup string   `toml:"office_group"` // "g01" to "g40", see record.Group
	Detail      string   `toml:"detail"`       // what a case tells city hall, a record.Detail: "full" (default; for groups of 40 cases a day or more), "class", "count_only"
	Period      string   `toml:"period"`       // how coarse its date is, a record.Period: "week" (default), "four_weeks"
	Facets      []string `toml:"facets"`       // optional facets, codes of record.Kind; default all that the detail allows, [] none
	DeviceID    string   `toml:"device_id"`    // 1 to 32 of a–z 0–9 -
	DataDir     string   `toml:"data_dir"`     // folder of the outbox
	Languages   []string `toml:"languages"`    // offered to residents, the first at rest; default all
	Clerks      []Clerk  `toml:"clerks"`       // 1 to 24
	AckKey      string   `toml:"ack_key"`      // city hall's Ed25519 public key, 32 bytes in base64; empty: no link
	IssuerKey   string   `toml:"issuer_key"`   // the issuer's Ed25519 public key, 32 bytes in base64; empty: no issuer link
	IssuerSeal  string   `toml:"issuer_seal"`  // its X25519 public key, likewise
	IssuerFor   []string `toml:"issuer_for"`   // procedures that go over the issuer link; default cert_new_issue, cert_renewal, pin_reset, suspension_release
	// Release says when records leave the box: "at_once" (a demonstration: the time of a record is the time of a case), or "batched"
	// (default): twice a day, shuffled, at least eight together.
	Release   string   `toml:"release"`
	ReleaseAt []string `toml:"release_at"` // with "batched": times of day, default 12:30 and 17:30, plus up to half an hour
	CheckAt   string   `toml:"check_at"`   // time of day at which the box looks at its parts, at rest; default 07:30, or soon after a later start; "": never
	Sound     bool     `toml:"sound"`      // one tone for every key; default off
	// Reveal lets residents look at a signing password that they have typed, one character at a time, while メニュー is held; default off. What is given
	// up by it stands in package pinpad.
	Reveal bool `toml:"reveal"`

	UpdateRoot string `toml:"update_root"` // file with the first root of the city's signed updates; empty: the box takes no updates
	LogKey     string `toml:"log_key"`     // key of the city's transparency log, as package note writes it ("name+hash+key"); a release that is not in that log is refused; empty: none
	Hardware   string `toml:"hardware"`    // the board, as releases name it: "rpi4"
	// Installer is the socket of the program that has RAUC install firmware, default /run/madoguchi/install.sock; empty or not there: the box installs rules and settings only.
	Installer string `toml:"installer"`

	Panel        string `toml:"panel"`         // an epd.Model: "4in2_v2" (SSD1683, default) or "7in5_v2" (UC8179)
	SPI          string `toml:"spi"`           // device file of the panel, default /dev/spidev0.0
	ReaderSocket string `toml:"reader_socket"` // of pcscd, default /run/pcscd/pcscd.comm
	Reader       string `toml:"reader"`        // a part of the card reader's name, where there are several; "" takes whichever holds a card
	PINEntry     string `toml:"pin_entry"`     // "keypad", the box's own: there is no other
	GPIOChip     string `toml:"gpio_chip"`     // label, e.g. "pinctrl-bcm2711"
	Pins         Pins   `toml:"pins"`          // offsets on that chip
}

// maxClerks keeps the comparison of a code well within the 40 s that the session waits for it; beyond, every code would count as a miss.
const maxClerks = 24

// A Clerk may open cases. Four eyes are two labels.
type Clerk struct {
	Label string `toml:"label"` // up to 8 characters
	Hash  string `toml:"hash"`  // Argon2id, see pin.Hash
}

// Pins are line offsets, never names: names differ between kernels.
type Pins struct {
	Rows   [4]int `toml:"rows"`
	Cols   [4]int `toml:"cols"`
	DC     int    `toml:"dc"`
	RST    int    `toml:"rst"`
	Busy   int    `toml:"busy"`
	Power  int    `toml:"power"`
	Red    int    `toml:"red"`
	Yellow int    `toml:"yellow"`
	Green  int    `toml:"green"`
	Buzzer int    `toml:"buzzer"`
	Lid    int    `toml:"lid"` // -1: no switch
}

// DefaultConfig has what does not depend on the city. The lines are those of a Raspberry Pi with Waveshare's HAT on the 40-pin header.
var DefaultConfig = Config{
	Languages: []string{"ja", "ja_easy", "en", "zh", "ko", "pt", "vi"}, Detail: "full", Period: "week", Release: "batched", ReleaseAt: []string{"12:30", "17:30"}, CheckAt: "07:30",
	Installer: "/run/madoguchi/install.sock",
	Panel:     string(epd.Model4in2), SPI: "/dev/spidev0.0", ReaderSocket: "/run/pcscd/pcscd.comm", PINEntry: "keypad", GPIOChip: "pinctrl-bcm2711",
	Pins: Pins{
		Rows: [4]int{5, 6, 13, 19}, Cols: [4]int{16, 26, 20, 21},
		DC: 25, RST: 17, Busy: 24, Power: 18, Red: 22, Yellow: 23, Green: 27, Buzzer: 12, Lid: 4,
	},
}

// A ConfigError is one mistake in a configuration file.
type ConfigError = settings.FileError

// A FieldError is one field of a Config that cannot be used.
type FieldError = settings.FieldError

// LoadConfig reads a configuration file. An unknown key, a value of another sort and a value outside its set are errors that name the place, all at
// once. The errors never show a clerk's hash.
func LoadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading configuration: %w", err)
	}
	c := DefaultConfig
	if err := settings.Decode(path, text, &c); err != nil {
		return Config{}, fmt.Errorf("reading configuration: %w", err)
	}
	if err := c.Check(); err != nil {
		return Config{}, fmt.Errorf("reading configuration: %w", settings.Locate(path, text, err))
	}
	return c, nil
}

// Check finds every field that cannot be used; the errors are *FieldError, joined.
func (c Config) Check() error {
	var all []error
	bad := func(key, format string, args ...any) {
		all = append(all, &FieldError{Key: key, What: fmt.Sprintf(format, args...)})
	}
	if !record.ValidDevice(c.City) {
		bad("city", "%q is not 1 to %d of a–z 0–9 -", c.City, record.MaxDeviceName)
	}
	of := settings.Settings{Office: &c.Office, Languages: c.Languages, ReleaseAt: c.ReleaseAt} // the others are in recording
	all = append(all, settings.Flat(of.Check())...)
	if _, err := c.recording(); err != nil {
		all = append(all, err)
	}
	if !record.ValidDevice(c.DeviceID) {
		bad("device_id", "%q is not 1 to %d of a–z 0–9 -", c.DeviceID, record.MaxDeviceName)
	}
	if c.DataDir == "" {
		bad("data_dir", "is missing")
	}
	if len(c.Clerks) == 0 {
		bad("clerks", "nobody may open a case: set at least one")
	}
	if n := len(c.Clerks); n > maxClerks {
		bad("clerks", "there are %d, want at most %d: a code is compared with each of them, about a second each", n, maxClerks)
	}
	for i, k := range c.Clerks {
		if n := len([]rune(k.Label)); n == 0 || n > 8 {
			bad(fmt.Sprintf("clerks[%d].label", i), "has %d characters, want 1 to 8", n)
		}
		if slices.ContainsFunc(c.Clerks[:i], func(o Clerk) bool { return o.Label == k.Label }) {
			bad(fmt.Sprintf("clerks[%d].label", i), "%q stands twice", k.Label)
		}
		if _, err := pin.ParseHash(k.Hash); err != nil {
			bad(fmt.Sprintf("clerks[%d].hash", i), "%v", err)
		}
	}
	if !slices.Contains(epd.Models, epd.Model(c.Panel)) {
		bad("panel", "%q is not one of %v", c.Panel, epd.Models)
	}
	if _, err := c.ackKey(); err != nil {
		bad("ack_key", "%v", err)
	}
	if _, err := update.OpenLog(c.LogKey, nil); c.LogKey != "" && err != nil {
		bad("log_key", "%v", err)
	}
	c.checkIssuer(bad)
	if c.Release != "at_once" && c.Release != "batched" {
		bad("release", "%q is not at_once or batched", c.Release)
	}
	if _, err := time.Parse("15:04", c.CheckAt); c.CheckAt != "" && err != nil {
		bad("check_at", "%q is no time like 07:30", c.CheckAt)
	}
	switch c.PINEntry {
	case "", DefaultConfig.PINEntry:
	case "reader":
		bad("pin_entry", "the PIN pad of a card reader is not used: it cannot show the tries left before an entry, guard the last one, or be wiped; "+
			"set %q and type on the box", DefaultConfig.PINEntry)
	default:
		bad("pin_entry", "%q is not %s", c.PINEntry, DefaultConfig.PINEntry)
	}
	return errors.Join(all...)
}

// ackKey is city hall's key; nil if no link is configured.
func (c Config) ackKey() (ed25519.PublicKey, error) {
	if c.AckKey == "" {
		return nil, nil
	}
	b, err := base64.StdEncoding.DecodeString(c.AckKey)
	if err != nil {
		return nil, errors.New("is not base64")
	}
	if len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("has %d bytes, want %d", len(b), ed25519.PublicKeySize)
	}
	return b, nil
}

// checkAt is the time of the check after midnight, 0 for none; midnight itself is a minute later.
func (c Config) checkAt() time.Duration {
	t, err := time.Parse("15:04", c.CheckAt)
	if err != nil {
		return 0
	}
	return max(time.Minute, time.Duration(t.Hour())*time.Hour+time.Duration(t.Minute())*time.Minute)
}
