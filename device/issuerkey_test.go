// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/wall"
)

// TestDamagedIssuerKey: a key file that cannot be read costs the issuer link and nothing else: the counter opens, city hall is told, and the service menu says what it is.
func TestDamagedIssuerKey(t *testing.T) {
	bubble(t, func(r *rig) {
		linked(&authority{}, &cutting{})(r)
		if err := os.WriteFile(filepath.Join(r.dir, "issuer.seed"), []byte("half a key\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, func(r *rig) {
		r.until("idle")
		p := r.peer(wall.Up)
		time.Sleep(20 * time.Minute)
		if got, _ := p.told(); !strings.Contains(got, `"check":"LK6"`) {
			t.Errorf("document %s", got)
		}
		r.service()
		r.press(pinpad.Key9)
		r.until(string(display.ServiceCheck))
		time.Sleep(20 * time.Second)
		r.press(pinpad.KeyEnter)
		r.until(string(display.ServiceIll))
		r.press(pinpad.KeyCancel, pinpad.KeyCancel)
		r.until("idle")
	})
}
