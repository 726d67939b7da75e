// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
)

// onTrial runs then with a box on which a payload of the city's own fleet is on trial.
func onTrial(t *testing.T, kind update.Kind, payload []byte, then func(*rig, *fleet)) {
	t.Helper()
	var f *fleet
	bubble(t, func(r *rig) { f = newFleet(r) }, func(r *rig) {
		r.until("idle")
		f.peer().desires(f.assign(f.release(kind, "2", payload)))
		time.Sleep(30 * time.Second)
		if v := r.box.About(); v.Update.State != update.Trial {
			t.Fatalf("%+v, want it on trial", v.Update)
		}
		then(r, f)
	})
}

// TestUpdateDeadly: with rules or settings on trial the box ends before it runs, at each start. It takes them back by itself after three of them, before it reads them
// once more, serves residents and says why.
func TestUpdateDeadly(t *testing.T) {
	for name, tt := range map[string]struct {
		kind    update.Kind
		payload func(*testing.T) []byte
		file    string
	}{
		"rules":    {update.Policy, func(t *testing.T) []byte { return rules(t, "2", nil) }, "rules.policy"},
		"settings": {update.Config, func(*testing.T) []byte { return []byte("office = \"別館\"\n") }, "settings.toml"},
	} {
		t.Run(name, func(t *testing.T) {
			onTrial(t, tt.kind, tt.payload(t), func(r *rig, f *fleet) {
				r.off()
				inForce := ""
				for n := 1; n <= 4; n++ {
					r.build()
					_, err := os.Stat(filepath.Join(r.dir, tt.file))
					if lies := err == nil; lies != (n <= 3) || err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("start %d: %v", n, err)
					}
					inForce = r.box.About().Policy
					r.dies()
				}
				if !strings.HasPrefix(inForce, "1 ") {
					t.Errorf("rules %q are in force, want the program's own", inForce)
				}
				r.on()
				r.until("idle")
				p := f.peer()
				time.Sleep(20 * time.Minute)
				if v := r.box.About(); v.Update.State != update.Reverted || v.Update.Code != "boots" || v.Policy != inForce {
					t.Errorf("%+v", v)
				}
				if got := p.story(); !slices.Contains(got, "policy 1 reverted boots") {
					t.Errorf("told %q", got)
				}
				r.cancels()
			})
		})
	}
}
