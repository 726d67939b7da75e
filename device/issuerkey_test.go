// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDamagedIssuerKey: a key file that cannot be read costs the issuer link and nothing else: the counter opens.
func TestDamagedIssuerKey(t *testing.T) {
	bubble(t, func(r *rig) {
		linked(&authority{}, &cutting{})(r)
		if err := os.WriteFile(filepath.Join(r.dir, "issuer.seed"), []byte("half a key\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, func(r *rig) { r.until("idle") })
}
