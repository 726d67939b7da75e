// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
)

// TestUpdateRefusedAtStart: the power goes while rules or settings are on trial, and the box that starts does not take them any more. They are not committed.
func TestUpdateRefusedAtStart(t *testing.T) {
	for name, tt := range map[string]struct {
		kind    update.Kind
		payload func(*testing.T) []byte
	}{
		"rules":    {update.Policy, func(t *testing.T) []byte { return rules(t, "2", nil) }},
		"settings": {update.Config, func(*testing.T) []byte { return []byte("place = \"nabari_city_hall\"\n") }},
	} {
		t.Run(name, func(t *testing.T) {
			onTrial(t, tt.kind, tt.payload(t), func(r *rig, f *fleet) {
				r.off()
				r.config.City = "matsue" // what was on trial is of another city now
				r.on()
				r.until("idle")
				p := f.peer()
				time.Sleep(20 * time.Minute)
				v := r.box.About()
				if v.Versions[tt.kind] == "2" || v.Update.State != update.Reverted || v.Update.Code != "health" {
					t.Errorf("%+v", v)
				}
				if got := p.story(); slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, "committed") }) {
					t.Errorf("told %q", got)
				}
				r.cancels()
			})
		})
	}
}
