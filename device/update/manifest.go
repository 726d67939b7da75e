// SPDX-License-Identifier: Apache-2.0

package update

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// ManifestSchema is the only form of a manifest that this firmware reads.
const ManifestSchema = "madoguchi.manifest/1"

// MaxManifest is the largest manifest, in bytes.
const MaxManifest = 32 << 10

// A Manifest describes one object. It is a TUF target, so its bytes are signed by the role of its kind.
type Manifest struct {
	Schema         string    `json:"schema"`
	Kind           Kind      `json:"kind"`
	Product        string    `json:"product"`         // "counter"
	Hardware       []string  `json:"hardware"`        // boards it runs on; empty: any
	City           string    `json:"city,omitempty"`  // policies and configurations: for this municipality only
	Version        string    `json:"version"`         // for people
	Seq            uint64    `json:"seq"`             // the order of versions of a kind; starts at 1
	SecurityEpoch  uint32    `json:"security_epoch"`  // never below the box's, whoever signs
	MinFrom        uint64    `json:"min_from"`        // the lowest Seq it can follow
	AllowDowngrade bool      `json:"allow_downgrade"` // may follow a higher Seq
	Size           int64     `json:"size"`            // of the payload, bytes
	SHA256         Digest    `json:"sha256"`          // of the payload
	Chunks         ChunkRef  `json:"chunks"`
	SBOM           Digest    `json:"sbom,omitzero"` // of the payload's list of parts, CycloneDX; for people, no box fetches it
	Health         Health    `json:"health"`
	Notes          Notes     `json:"notes"`
	NotBefore      time.Time `json:"not_before"`
	Expires        time.Time `json:"expires"` // not installed after; the installed one stays
}

// ChunkRef names the list of chunks, an object of its own.
type ChunkRef struct {
	Count  int    `json:"count"`
	SHA256 Digest `json:"sha256"`
}

// Health is how a new version proves itself before it is kept.
type Health struct {
	Profile  string `json:"profile"`   // which probes: "full", "policy", "config"
	SoakS    int    `json:"soak_s"`    // healthy for this long, seconds
	WithinS  int    `json:"within_s"`  // healthy at the latest after, seconds
	MaxBoots int    `json:"max_boots"` // unplanned starts before the old one comes back
}

// Notes say what changes, for the clerk's screen and the admin's list.
type Notes struct {
	Ja string `json:"ja"`
	En string `json:"en"`
}

// Encode returns the manifest's one form: the bytes that are signed.
func (m Manifest) Encode() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(m)
	if err == nil && len(b) > MaxManifest {
		err = fmt.Errorf("manifest of %d bytes: at most %d", len(b), MaxManifest)
	}
	return b, err
}

// ParseManifest reads a manifest strictly: an unknown field, another order or spacing, or a value out of range is refused.
func ParseManifest(b []byte) (Manifest, error) {
	if len(b) > MaxManifest {
		return Manifest{}, fmt.Errorf("parsing manifest: %d bytes, at most %d", len(b), MaxManifest)
	}
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("parsing manifest: %w", err)
	}
	again, err := m.Encode()
	if err != nil {
		return Manifest{}, fmt.Errorf("parsing manifest: %w", err)
	}
	if !bytes.Equal(again, b) {
		return Manifest{}, errors.New("parsing manifest: not in canonical form")
	}
	return m, nil
}

func (m Manifest) check() error {
	switch {
	case m.Schema != ManifestSchema:
		return fmt.Errorf("schema %q: this firmware reads %q", m.Schema, ManifestSchema)
	case !m.Kind.Valid():
		return fmt.Errorf("kind %q: not one of %v", m.Kind, Kinds)
	case m.Product == "" || m.Version == "":
		return errors.New("product and version must be given")
	case m.Seq == 0 || m.MinFrom > m.Seq:
		return fmt.Errorf("seq %d, min_from %d: seq starts at 1 and min_from is not above it", m.Seq, m.MinFrom)
	case m.Size <= 0 || m.Size > maxPayload:
		return fmt.Errorf("size %d: between 1 and %d bytes", m.Size, int64(maxPayload))
	case m.Chunks.Count < 1 || m.Chunks.Count > maxChunks:
		return fmt.Errorf("%d chunks: between 1 and %d", m.Chunks.Count, maxChunks)
	case m.Health.SoakS < 0 || m.Health.WithinS < m.Health.SoakS || m.Health.MaxBoots < 0:
		return errors.New("health: soak_s, within_s and max_boots must not be negative, and within_s not below soak_s")
	case !m.Expires.After(m.NotBefore):
		return fmt.Errorf("expires %s is not after not_before %s", m.Expires, m.NotBefore)
	}
	return nil
}

// A Box is what an object must fit.
type Box struct {
	Product, Hardware, City string
	Version                 string // of the running image, "v1.4.2"; see Fits
	Installed               map[Kind]Installed
}

// Installed is the committed version of a kind.
type Installed struct {
	Seq           uint64 `json:"seq"`
	SecurityEpoch uint32 `json:"security_epoch"` // floor: the highest that was ever committed
	SHA256        Digest `json:"sha256"`
}

// A RefusedError says why an object is not for this box or not now.
type RefusedError struct {
	Code string // stable: "product", "hardware", "city", "older", "epoch", "too_far", "early", "expired", "clock"
	Text string
}

func (e *RefusedError) Error() string { return e.Code + ": " + e.Text }

// Fits tells whether the box may install the object at a moment; a *RefusedError says why not. An untrusted clock refuses everything.
//
// A box whose data were wiped knows of no version that it has had. What it knows then is the image that runs: a firmware with a lower version is refused, where both
// versions are of the form v1.2.3. Of rules and settings nothing is known after a wipe; what is signed and current may be installed, and that the metadata are current is
// known by a trusted clock to a week.
func (m Manifest) Fits(b Box, now Moment) error {
	in := b.Installed[m.Kind]
	switch {
	case m.Product != b.Product:
		return refuse("product", "for %q, this is %q", m.Product, b.Product)
	case len(m.Hardware) > 0 && !slices.Contains(m.Hardware, b.Hardware):
		return refuse("hardware", "for %v, this is %q", m.Hardware, b.Hardware)
	case m.City != "" && m.City != b.City:
		return refuse("city", "for %q, this box stands in %q", m.City, b.City)
	case m.SecurityEpoch < in.SecurityEpoch:
		return refuse("epoch", "security epoch %d, the box has had %d", m.SecurityEpoch, in.SecurityEpoch)
	case m.Seq < in.Seq && !m.AllowDowngrade:
		return refuse("older", "version %d, installed is %d, and the signer did not allow going back", m.Seq, in.Seq)
	case m.Kind == Firmware && in == (Installed{}) && !m.AllowDowngrade && lower(m.Version, b.Version):
		return refuse("older", "version %s, and %s runs; nothing else is known of what was installed", m.Version, b.Version)
	case in.Seq < m.MinFrom:
		return refuse("too_far", "follows version %d or later, installed is %d", m.MinFrom, in.Seq)
	case !now.Trusted:
		return refuse("clock", "the box does not know the time")
	case now.At.Before(m.NotBefore):
		return refuse("early", "not before %s", m.NotBefore.Format(time.RFC3339))
	case now.At.After(m.Expires):
		return refuse("expired", "not after %s", m.Expires.Format(time.RFC3339))
	}
	return nil
}

// lower tells whether a version is surely lower than that of the running image. What "git describe" adds to a tag makes an image no lower than the tag.
func lower(version, running string) bool {
	if cut := described.FindStringIndex(running); cut != nil {
		running = running[:cut[0]]
	}
	a, b := "v"+strings.TrimPrefix(version, "v"), "v"+strings.TrimPrefix(running, "v")
	return semver.IsValid(a) && semver.IsValid(b) && semver.Compare(a, b) < 0
}

var described = regexp.MustCompile(`-\d+-g[0-9a-f]+(-dirty)?$|-dirty$`)

func refuse(code, format string, args ...any) error {
	return &RefusedError{code, fmt.Sprintf(format, args...)}
}

// A Moment is the time and whether it is believed.
type Moment struct {
	At      time.Time
	Trusted bool
}
