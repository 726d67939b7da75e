// SPDX-License-Identifier: Apache-2.0

package update

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// MaxAssignment is the largest assignment, in bytes: a wall.Desired frame.
const MaxAssignment = 8 << 10

// ErrSameAssignment says that the assignment is the one already in force.
var ErrSameAssignment = errors.New("assignment already in force")

// errOlder says that the assignment is older than the one in force; errObject that it is the director's newest for this box, and names what no role has signed.
var (
	errOlder  = errors.New("older assignment")
	errObject = errors.New("not to be had")
)

// Order is what an assignment says besides its objects: the unrecognised field "madoguchi" of a TUF targets document.
type Order struct {
	Device   string    `json:"device"`
	Wave     string    `json:"wave,omitempty"`     // of the rollout, for people
	Window   Window    `json:"window"`             // when firmware may be installed
	Deadline time.Time `json:"deadline,omitzero"`  // after it the window no longer binds; an open case always does
	RateBPS  int64     `json:"rate_bps,omitempty"` // most bytes a second to fetch; 0: no cap
	Wipe     *Wipe     `json:"wipe,omitempty"`     // nil: the box stays what it is
}

// Window is a span of the day in Japanese time. From after To runs over midnight. The zero window is always open.
type Window struct {
	From string `json:"from,omitempty"` // "22:00"
	To   string `json:"to,omitempty"`   // "05:00"
	Days string `json:"days,omitempty"` // of the span's beginning, ISO digits "12345"; empty: every day
}

// An Assignment is what the director wants of this box.
type Assignment struct {
	Gen     int64 // rises with every assignment for this box
	Expires time.Time
	Order   Order
	Objects map[Kind]Object
}

// Object is one assigned object: the path of its manifest and what the role of its kind signed about the manifest's bytes.
type Object struct {
	Path   string // "firmware/1.4.2/manifest.json"
	Digest Digest // of the manifest
	Length int64  // of the manifest, bytes
}

// Assignment verifies a director's document for a device against the metadata of the last Refresh. gen is that of the assignment in force, 0 if none.
// An assignment names only what the roles signed; nothing in it can bring in anything else.
func (t *Trust) Assignment(raw []byte, device string, gen int64, now Moment) (Assignment, error) {
	a, err := t.assignment(raw, device, gen, now)
	if err != nil && !errors.Is(err, ErrSameAssignment) {
		return Assignment{}, fmt.Errorf("verifying assignment: %w", err)
	}
	return a, err
}

func (t *Trust) assignment(raw []byte, device string, gen int64, now Moment) (Assignment, error) {
	if len(raw) > MaxAssignment {
		return Assignment{}, fmt.Errorf("%d bytes, at most %d", len(raw), MaxAssignment)
	}
	doc, err := metadata.Targets().FromBytes(raw)
	if err != nil {
		return Assignment{}, err
	}
	if doc.Signed.Type != metadata.TARGETS {
		return Assignment{}, fmt.Errorf("document of type %q", doc.Signed.Type)
	}
	if err := t.tm.Root.VerifyDelegate(director, doc); err != nil {
		return Assignment{}, err
	}
	order, err := readOrder(doc.Signed.UnrecognizedFields["madoguchi"])
	switch {
	case err != nil:
		return Assignment{}, err
	case order.Device != device:
		return Assignment{}, fmt.Errorf("for device %q, this is %q", order.Device, device)
	case doc.Signed.Version < gen:
		return Assignment{}, fmt.Errorf("generation %d, in force is %d: %w", doc.Signed.Version, gen, errOlder)
	case now.Trusted && doc.Signed.IsExpired(now.At):
		return Assignment{}, &metadata.ErrExpiredMetadata{Msg: "assignment expired on " + doc.Signed.Expires.Format(time.RFC3339)}
	}
	a := Assignment{Gen: doc.Signed.Version, Expires: doc.Signed.Expires, Order: order, Objects: map[Kind]Object{}}
	for path, file := range doc.Signed.Targets {
		kind, o, err := t.object(path, file)
		if err != nil {
			return Assignment{}, fmt.Errorf("%w: %w", errObject, err)
		}
		if other, twice := a.Objects[kind]; twice {
			return Assignment{}, fmt.Errorf("%w: two objects of kind %s: %s and %s", errObject, kind, other.Path, path)
		}
		a.Objects[kind] = o
	}
	if doc.Signed.Version == gen {
		return a, ErrSameAssignment
	}
	return a, nil
}

// object holds an assigned path against what the role of its kind signed.
func (t *Trust) object(path string, file *metadata.TargetFiles) (Kind, Object, error) {
	first, _, _ := strings.Cut(path, "/")
	kind := Kind(first)
	if !kind.Valid() {
		return "", Object{}, fmt.Errorf("object %q: kind is not one of %v", path, Kinds)
	}
	signed, err := t.target(kind, path)
	if err != nil {
		return "", Object{}, err
	}
	sum := signed.Hashes["sha256"]
	if !bytes.Equal(sum, file.Hashes["sha256"]) || signed.Length != file.Length || len(sum) != len(Digest{}) {
		return "", Object{}, fmt.Errorf("object %q: not the one that role %s signed", path, kind)
	}
	return kind, Object{Path: path, Digest: Digest(sum), Length: signed.Length}, nil
}

// Manifest fetches the manifest of an assigned object by its digest and reads it.
func (o Object) Manifest(ctx context.Context, fetch Fetch) (Manifest, error) {
	if o.Length > MaxManifest {
		return Manifest{}, fmt.Errorf("manifest %s of %d bytes: at most %d", o.Path, o.Length, MaxManifest)
	}
	raw, err := fetch(ctx, ObjectName(o.Digest), int(o.Length))
	if err != nil {
		return Manifest{}, fmt.Errorf("fetching manifest %s: %w", o.Path, err)
	}
	if Sum(raw) != o.Digest {
		return Manifest{}, fmt.Errorf("manifest %s: digest %.8s, signed was %.8s", o.Path, Sum(raw), o.Digest)
	}
	m, err := ParseManifest(raw)
	if err != nil {
		return Manifest{}, err
	}
	if first, _, _ := strings.Cut(o.Path, "/"); Kind(first) != m.Kind {
		return Manifest{}, fmt.Errorf("manifest %s describes a %s", o.Path, m.Kind)
	}
	return m, nil
}

// readOrder reads the order from go-tuf's parsed form, strictly.
func readOrder(field any) (Order, error) {
	raw, err := json.Marshal(field)
	if err != nil {
		return Order{}, fmt.Errorf("reading order: %w", err)
	}
	var o Order
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return Order{}, fmt.Errorf("reading order: %w", err)
	}
	if o.Device == "" {
		return Order{}, errors.New("reading order: no device")
	}
	if o.RateBPS < 0 {
		return Order{}, fmt.Errorf("reading order: rate_bps %d", o.RateBPS)
	}
	return o, errors.Join(o.Window.check(), o.Wipe.check())
}

// japan has had no other offset since 1951.
var japan = time.FixedZone("JST", 9*60*60)

// Check refuses a window that no clock and calendar have.
func (w Window) Check() error { return w.check() }

func (w Window) check() error {
	if w == (Window{}) {
		return nil
	}
	for _, s := range []string{w.From, w.To} {
		if _, err := time.Parse("15:04", s); err != nil {
			return fmt.Errorf("reading window: %w", err)
		}
	}
	if w.From == w.To {
		return fmt.Errorf("reading window: from and to are both %s", w.From)
	}
	for i, d := range w.Days {
		if d < '1' || d > '7' || strings.ContainsRune(w.Days[:i], d) {
			return fmt.Errorf("reading window: days %q: each of 1 (Monday) to 7 at most once", w.Days)
		}
	}
	return nil
}

// Open tells whether a moment lies in the window.
func (w Window) Open(at time.Time) bool {
	if w == (Window{}) {
		return true
	}
	at = at.In(japan)
	clock := at.Format("15:04")
	inside := clock >= w.From && clock < w.To
	if w.From > w.To {
		if clock < w.To {
			at = at.AddDate(0, 0, -1) // the span began yesterday
		}
		inside = clock >= w.From || clock < w.To
	}
	if w.Days == "" {
		return inside
	}
	day := int(at.Weekday())
	if day == 0 {
		day = 7
	}
	return inside && strings.ContainsRune(w.Days, rune('0'+day))
}
