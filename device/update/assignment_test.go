// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
)

func TestAssignment(t *testing.T) {
	c := newCity(t)
	path, m := c.release(t, update.Firmware, "1.1", 2, noise(t, 100<<10))
	c.mustRefresh(t)
	a, err := c.trust.Assignment(c.assign(t, "box", 7, path), "box", 6, known)
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Objects[update.Firmware].Manifest(context.Background(), c.depot.fetch)
	if err != nil {
		t.Fatal(err)
	}
	if got.SHA256 != m.SHA256 || got.Version != "1.1" || a.Gen != 7 {
		t.Errorf("gen %d, manifest %+v, want the released one", a.Gen, got)
	}
	if _, err := c.trust.Assignment(c.assign(t, "box", 7, path), "box", 7, known); !errors.Is(err, update.ErrSameAssignment) {
		t.Errorf("the same again: %v", err)
	}

	other := newCity(t)
	otherPath, _ := other.release(t, update.Firmware, "1.1", 2, []byte("other bytes"))
	expired, err := c.Assign(8, update.Order{Device: "box"}, []string{path}, day.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	swapped := bytes.Replace(c.assign(t, "box", 8, path), []byte(`"box"`), []byte(`"bax"`), 1)
	refused := map[string]struct {
		raw  []byte
		want string
	}{
		"of another city's director": {other.assign(t, "box", 8, otherPath), "director"},
		"for another box":            {c.assign(t, "twin", 8, path), "for device"},
		"older":                      {c.assign(t, "box", 6, path), "generation 6"},
		"expired":                    {expired, "expired"},
		"changed on the way":         {swapped, "director"},
		"too long":                   {make([]byte, update.MaxAssignment+1), "at most"},
		"nonsense":                   {[]byte("{}"), ""},
	}
	for name, tt := range refused {
		t.Run(name, func(t *testing.T) {
			_, err := c.trust.Assignment(tt.raw, "box", 7, known)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}

// TestDirectorInvents: a stolen director's key cannot bring in what no role signed.
func TestDirectorInvents(t *testing.T) {
	c := newCity(t)
	path, _ := c.release(t, update.Firmware, "1.0", 1, []byte("good"))
	c.mustRefresh(t)
	thief := newCityWith(t, c) // all keys of the director's server, none of its releases
	bad, _ := thief.release(t, update.Firmware, "1.0", 1, []byte("evil"))
	if bad != path {
		t.Fatal("the paths must be equal for this test")
	}
	_, err := c.trust.Assignment(thief.assign(t, "box", 1, path), "box", 0, known)
	if err == nil || !strings.Contains(err.Error(), "not the one that role firmware signed") {
		t.Errorf("other bytes under a signed path: %v", err)
	}
	unknown, _ := thief.release(t, update.Firmware, "9.9", 9, []byte("evil"))
	if _, err := c.trust.Assignment(thief.assign(t, "box", 1, unknown), "box", 0, known); err == nil {
		t.Error("a path that no role signed was taken")
	}
}

func TestFits(t *testing.T) {
	box := update.Box{Product: "counter", Hardware: "rpi4", City: "nabari",
		Installed: map[update.Kind]update.Installed{update.Firmware: {Seq: 5, SecurityEpoch: 2}}}
	base := manifest(update.Firmware, "1", 6)
	base.SecurityEpoch = 2
	tests := map[string]struct {
		change func(m *update.Manifest)
		want   string
	}{
		"newer":                   {func(m *update.Manifest) {}, ""},
		"the same":                {func(m *update.Manifest) { m.Seq = 5 }, ""},
		"older":                   {func(m *update.Manifest) { m.Seq = 4 }, "older"},
		"older by signature":      {func(m *update.Manifest) { m.Seq, m.AllowDowngrade = 4, true }, ""},
		"below the floor even so": {func(m *update.Manifest) { m.Seq, m.AllowDowngrade, m.SecurityEpoch = 4, true, 1 }, "epoch"},
		"another product":         {func(m *update.Manifest) { m.Product = "kiosk" }, "product"},
		"other boards":            {func(m *update.Manifest) { m.Hardware = []string{"rpi3"} }, "hardware"},
		"this board":              {func(m *update.Manifest) { m.Hardware = []string{"rpi3", "rpi4"} }, ""},
		"another city":            {func(m *update.Manifest) { m.City = "matsue" }, "city"},
		"too far ahead":           {func(m *update.Manifest) { m.MinFrom = 6 }, "too_far"},
		"before its day":          {func(m *update.Manifest) { m.NotBefore = day.Add(time.Hour) }, "early"},
		"after its day":           {func(m *update.Manifest) { m.Expires = day.Add(-time.Minute) }, "expired"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := base
			tt.change(&m)
			code := ""
			var refused *update.RefusedError
			if err := m.Fits(box, known); errors.As(err, &refused) {
				code = refused.Code
			}
			if code != tt.want {
				t.Errorf("refused for %q, want %q", code, tt.want)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02T15:04-07:00", s+"+09:00")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	night := update.Window{From: "22:00", To: "05:00", Days: "1234"} // Monday evening to Friday morning
	tests := map[string]struct {
		w    update.Window
		at   string
		want bool
	}{
		"always":                       {update.Window{}, "2026-11-22T12:00", true},
		"Sunday night":                 {night, "2026-11-22T23:00", false},
		"Monday morning, of Sunday's":  {night, "2026-11-23T04:59", false},
		"Monday night":                 {night, "2026-11-23T22:00", true},
		"Tuesday morning, of Monday's": {night, "2026-11-24T04:59", true},
		"its end":                      {night, "2026-11-24T05:00", false},
		"noon":                         {update.Window{From: "12:00", To: "13:00"}, "2026-11-24T12:30", true},
		"after noon":                   {update.Window{From: "12:00", To: "13:00"}, "2026-11-24T13:00", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.w.Open(at(tt.at).UTC()); got != tt.want {
				t.Errorf("open at %s: %v, want %v", tt.at, got, tt.want)
			}
		})
	}
}
