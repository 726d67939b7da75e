// SPDX-License-Identifier: Apache-2.0

package signer_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"time"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// A city signs its rules, makes them visible, and assigns them to a box. What boxes fetch lies in the depot by its name.
func Example() {
	depot := map[string][]byte{}
	put := func(name string, blob []byte) error { depot[name] = blob; return nil }
	roles := map[string]signer.Role{}
	for _, name := range signer.Roles {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		roles[name] = signer.Role{Keys: []signer.Key{key}, Threshold: 1}
	}
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	city, err := signer.New(roles, now, put)
	if err != nil {
		fmt.Println(err)
		return
	}
	const path = "policy/2/manifest.json"
	m, err := city.Release(path, update.Manifest{Schema: update.ManifestSchema, Kind: update.Policy, Product: "counter", City: "nabari", Version: "2", Seq: 2,
		Health: update.Health{Profile: "policy", SoakS: 60, WithinS: 300, MaxBoots: 3}, NotBefore: now, Expires: now.AddDate(1, 0, 0)}, strings.NewReader("the rules"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := city.Publish(now); err != nil {
		fmt.Println(err)
		return
	}
	order, err := city.Assign(1, update.Order{Device: "box-17"}, []string{path}, now.AddDate(0, 0, 14))
	fmt.Println(m.Size, "bytes in", m.Chunks.Count, "chunk; assigned:", len(order) > 0, err)
	// Output: 9 bytes in 1 chunk; assigned: true <nil>
}
