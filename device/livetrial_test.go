// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
	"madoguchi/pinpad"
)

// TestUpdateRefusedAtStart: the power goes while rules or settings are on trial, and the box that starts does not take them any more. They are not committed.
func TestUpdateRefusedAtStart(t *testing.T) {
	for name, tt := range map[string]struct {
		kind    update.Kind
		payload func(*testing.T) []byte
		change  func(*rig) // of the configuration, while the box is off
	}{
		"rules":    {update.Policy, func(t *testing.T) []byte { return rules(t, "2", nil) }, func(r *rig) { r.config.City = "matsue" }},
		"settings": {update.Config, func(*testing.T) []byte { return []byte("place = \"nabari_city_hall\"\n") }, func(r *rig) { r.config.City = "matsue" }},
	} {
		t.Run(name, func(t *testing.T) {
			var f *fleet
			bubble(t, func(r *rig) { f = newFleet(r) }, func(r *rig) {
				r.until("idle")
				p := f.peer()
				p.desires(f.assign(f.release(tt.kind, "2", tt.payload(t))))
				time.Sleep(30 * time.Second)
				if v := r.box.About(); v.Update.State != update.Trial {
					t.Fatalf("%+v, want it on trial", v.Update)
				}
				r.off()
				tt.change(r)
				r.on()
				r.until("idle")
				p = f.peer()
				time.Sleep(20 * time.Minute)
				v := r.box.About()
				if v.Versions[tt.kind] == "2" || v.Update.State != update.Reverted || v.Update.Code != "health" {
					t.Errorf("%+v", v)
				}
				if got := p.story(); slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, "committed") }) {
					t.Errorf("told %q", got)
				}
				r.toPIN(pinpad.Key1, pinpad.Key1, adult(), "login")
				r.until("resident.pin.login")
				r.press(pinpad.KeyCancel, pinpad.KeyCancel)
				r.rests()
			})
		})
	}
}
