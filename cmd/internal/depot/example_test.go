// SPDX-License-Identifier: Apache-2.0

package depot_test

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

func Example() {
	dir, err := os.MkdirTemp("", "depot")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	roles, keys := map[string]signer.Role{}, []signer.Key{}
	for _, name := range signer.Roles {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		keys = append(keys, key)
		roles[name] = signer.Role{Keys: []signer.Key{key}, Threshold: 1}
	}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	d, err := depot.Create(filepath.Join(dir, "nabari"), "nabari", roles, now, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = d.With(keys, func(r *signer.Repository) error {
		m := update.Manifest{Schema: update.ManifestSchema, Kind: update.Policy, Product: "counter", City: "nabari", Version: "18", Seq: 18,
			NotBefore: now, Expires: now.AddDate(1, 0, 0)}
		if _, err := r.Release("policy/18/manifest.json", m, strings.NewReader("the rules")); err != nil {
			return err
		}
		return r.Publish(now)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := d.Manifest("policy/18/manifest.json")
	fmt.Println(m.Version, m.Size, err)
	// Output: 18 9 <nil>
}
