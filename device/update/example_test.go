// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// A box begins with the root that came with it, takes the city's newest metadata, and reads what it is assigned. An assignment for another box is refused.
func Example() {
	depot := memory{}
	root, order := published(depot)

	trust, err := update.OpenTrust(root, memory{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := trust.Refresh(context.Background(), depot.fetch, known); err != nil {
		fmt.Println(err)
		return
	}
	a, err := trust.Assignment(order, "box-17", 0, known)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("assignment", a.Gen, "has", len(a.Objects), "object:", a.Objects[update.Policy].Path)
	_, err = trust.Assignment(order, "box-18", 0, known)
	fmt.Println("of another box:", err != nil)
	// Output:
	// assignment 1 has 1 object: policy/2/manifest.json
	// of another box: true
}

// published is what the fleet's side has done before (package signer): the root that boxes bring, and an assignment for box-17.
func published(depot memory) (root, order []byte) {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	roles := map[string]signer.Role{}
	for _, name := range signer.Roles {
		_, key, err := ed25519.GenerateKey(nil)
		must(err)
		roles[name] = signer.Role{Keys: []signer.Key{key}, Threshold: 1}
	}
	city, err := signer.New(roles, day, depot.put)
	must(err)
	const path = "policy/2/manifest.json"
	_, err = city.Release(path, manifest(update.Policy, "2", 2), strings.NewReader("the rules"))
	must(err)
	must(city.Publish(day))
	order, err = city.Assign(1, update.Order{Device: "box-17"}, []string{path}, day.AddDate(0, 0, 14))
	must(err)
	return city.Root(), order
}
