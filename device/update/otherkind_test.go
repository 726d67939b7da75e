// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"madoguchi/device/update"
)

// TestManifestOfAnotherKind: the holders of a kind's keys sign, at a path of their kind, the manifest of another. It is refused as it is read; nothing else is asked for.
func TestManifestOfAnotherKind(t *testing.T) {
	for _, as := range update.Kinds {
		for _, kind := range update.Kinds {
			m := manifest(kind, "2", 2)
			m.Size, m.Chunks.Count = 1, 1
			raw, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			o := update.Object{Path: string(as) + "/2/manifest.json", Digest: update.Sum(raw), Length: int64(len(raw))}
			asked := 0
			_, err = o.Manifest(t.Context(), func(_ context.Context, name string, _ int) ([]byte, error) {
				if asked++; name != update.ObjectName(o.Digest) {
					return nil, errors.New("asked for " + name)
				}
				return raw, nil
			})
			if ok := err == nil; ok != (as == kind) || asked != 1 || err != nil && !strings.Contains(err.Error(), "describes a "+string(kind)) {
				t.Errorf("a manifest of %s in the place of %s: %v, asked %d times", kind, as, err, asked)
			}
		}
	}
}
