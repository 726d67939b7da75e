// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// BundleSchema is the schema name of a bundle.
const BundleSchema = "madoguchi.policy/1"

// MaxBundle is the longest bundle, in bytes: five times what the largest municipality needs today.
const MaxBundle = 1 << 20

// A Bundle is one municipality's rules as they travel: one file, so that a box has all of them or none. The hash is that of the compiled rules ([Policy].Hash).
type Bundle struct {
	Schema   string `json:"s"`
	City     string `json:"city"`
	Hash     string `json:"hash"`
	National string `json:"national"` // text of national.toml
	Rules    string `json:"rules"`    // text of the municipality's file
}

// Name is the name that the rules of a city bear, of the city's code in topics, which has no underscore: "city_001" of "city-001".
func Name(city string) string { return strings.ReplaceAll(city, "-", "_") }

// Pack makes a bundle of sound rules. The errors are those of Compile and Lint, joined, with file and line.
func Pack(national []byte, city string, rules []byte) ([]byte, error) {
	p, err := Sound(national, city, rules)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(Bundle{BundleSchema, p.City, p.Hash, string(national), string(rules)})
	if err == nil && len(b) > MaxBundle {
		err = fmt.Errorf("packing rules: %d bytes are more than %d", len(b), MaxBundle)
	}
	return b, err
}

// ReadBundle reads what Pack wrote, and nothing else, and compiles it.
func ReadBundle(text []byte) (Bundle, *Policy, error) {
	var b Bundle
	if len(text) > MaxBundle {
		return b, nil, fmt.Errorf("reading rules: longer than %d bytes", MaxBundle)
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return b, nil, fmt.Errorf("reading rules: %w", err)
	}
	if b.Schema != BundleSchema {
		return b, nil, fmt.Errorf("reading rules: schema is not %s", BundleSchema)
	}
	if again, err := json.Marshal(b); err != nil || !bytes.Equal(again, text) {
		return b, nil, errors.New("reading rules: not as they were packed")
	}
	p, err := Sound([]byte(b.National), b.City, []byte(b.Rules))
	if err != nil {
		return b, nil, err
	}
	if p.Hash != b.Hash {
		return b, nil, fmt.Errorf("reading rules: hash %.8s, packed was %.8s", p.Hash, b.Hash)
	}
	return b, p, nil
}

// Sound compiles and lints the rules of a municipality. The errors are joined, each with file and line.
func Sound(national []byte, city string, rules []byte) (*Policy, error) {
	p, err := Compile(national, city+".toml", rules)
	if err != nil {
		return nil, err
	}
	var all []error
	if p.City != city {
		all = append(all, fmt.Errorf("%s.toml:1:1: the rules are those of %q", city, p.City))
	}
	for _, f := range Lint(p) {
		all = append(all, errors.New(f.String()))
	}
	return p, errors.Join(all...)
}
