// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/pinpad"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"

	"github.com/google/go-cmp/cmp"
)

// leftBox is what left the box, sorted, as kind and attributes; the spans, which depend on the panel's speed, without their length.
func leftBox(t *testing.T, b record.Batch) []string {
	t.Helper()
	var all []string
	for _, r := range b.Records {
		x, y := r.Attributes()
		switch r.Kind() {
		case record.ST:
			x, y = "", ""
		case record.PD:
			y = ""
		}
		all = append(all, strings.Join(strings.Fields(r.Kind().String()+" "+x+" "+y), " "))
	}
	slices.Sort(all)
	return all
}

// TestFacets: a case leaves exactly one po and each other facet at most once, wherever the box is switched off and on again.
func TestFacets(t *testing.T) {
	for _, tc := range []struct {
		name, at string // the screen at which the box is switched off; "": none
		want     []string
	}{
		{"to the end", "", []string{"fr none", "la ja", "pd class_pin", "pe login change.ok", "pe login leave_check.ok", "po pin_change done", "pt self memory", "st"}},
		{"off at the result", "resident.changed", []string{"fr none", "la ja", "pd class_pin", "pe login change.ok", "po pin_change done", "pt self memory"}},
		{"off in the entry", "resident.again.login", []string{"po pin_change interrupted"}},
		{"off in the leave-check", "resident.leavecheck.login", []string{"fr none", "la ja", "pd class_pin", "pe login change.ok", "po pin_change done", "pt self memory"}},
		{"off when it is over", "idle", []string{"fr none", "la ja", "pd class_pin", "pe login change.ok", "pe login leave_check.ok", "po pin_change done", "pt self memory", "st"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(r *rig) { r.config.Facets = nil }, func(r *rig) {
				r.changesPIN(tc.at)
				if tc.at != "" {
					r.off()
					r.reader.Remove()
					r.on()
					if slices.Contains(tc.want, "po pin_change interrupted") {
						r.until("clerk.interrupted")
						r.press(pinpad.KeyEnter)
					}
					r.until("idle")
				}
				p := r.peer(wall.Up)
				b := p.batch()
				if d := cmp.Diff(tc.want, leftBox(t, b)); d != "" {
					t.Errorf("-want +got:\n%s", d)
				}
				p.ack(b, b.Last())
				time.Sleep(time.Minute)
				if s := r.box.Stats(); s.Hold+s.Out > 0 || int(s.Created) != len(tc.want) {
					t.Errorf("after the receipt: %+v", s)
				}
			})
		})
	}
}

// changes drives a change of the login PIN with a leave-check to rest, or to a screen.
func (r *rig) changesPIN(to string) {
	r.t.Helper()
	r.toPIN(pinpad.Key2, pinpad.Key1, adult(), "login")
	for _, s := range []struct {
		screen, digits string
	}{
		{"resident.pin.login", "1234"}, {"resident.rules.login", ""}, {"resident.newpin.login", "5678"}, {"resident.again.login", "5678"},
		{"resident.changed", ""}, {"resident.leavecheck.ask", ""}, {"resident.leavecheck.login", "5678"}, {"resident.leavecheck.ok", ""},
	} {
		if r.until(s.screen); s.screen == to {
			return
		}
		if s.digits != "" {
			r.digits(s.digits)
			continue
		}
		if s.screen != "resident.leavecheck.ok" {
			r.press(pinpad.KeyEnter)
		}
	}
	r.rests()
}

// TestCountOnly: a small group tells no case at all. Looks and cases are counted, leave once the week is over and only when there are five, and switching the box
// off loses and doubles none.
func TestCountOnly(t *testing.T) {
	bubble(t, func(r *rig) { r.config.Detail, r.config.Facets = "count_only", nil }, func(r *rig) {
		r.until("idle")
		r.changesPIN("")
		for n := range 6 {
			r.reader.Insert(adult())
			r.until("idle.board")
			r.reader.Remove()
			r.until("idle")
			if n == 2 {
				r.off()
				r.on()
				r.until("idle")
			}
		}
		if n := r.box.Stats().Created; n != 0 {
			t.Errorf("%d records before the week is over", n)
		}
		r.off()
		r.clock.by += 7 * 24 * time.Hour
		r.on()
		r.until("idle")
		p := r.peer(wall.Up)
		b := p.batch()
		if d := cmp.Diff([]string{"tb 6"}, leftBox(t, b)); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	})
}

// TestRulesOfRecording: what an update has set of recording holds over the configuration; what cannot be read, or is no such setting, does not.
func TestRulesOfRecording(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		want       string
	}{
		{"none", "", "po pin_change done 2026-W48"},
		{"coarse", "detail = \"class\"\nperiod = \"four_weeks\"\n", "po class_pin done 2026-W45"},
		{"another group", "detail = \"class\"\noffice_group = \"g02\"\n", "po pin_change done 2026-W48"},
		{"a detail without its facets", "detail = \"class\"\nfacets = [\"pd\"]\n", "po pin_change done 2026-W48"},
		{"damaged", "detail = ", "po pin_change done 2026-W48"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(r *rig) {
				if tc.file == "" {
					return
				}
				if err := os.WriteFile(filepath.Join(r.dir, "settings.toml"), []byte(tc.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}, func(r *rig) {
				r.changesPIN("")
				b := r.peer(wall.Up).batch()
				if got := leftBox(t, b); len(got) != 1 || got[0]+" "+b.Records[0].Week().String() != tc.want {
					t.Errorf("%v of week %v, want %s", got, b.Records[0].Week(), tc.want)
				}
			})
		})
	}
}
