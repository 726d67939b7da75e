// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"madoguchi/device/policy"
)

// Difference is a key of which something else was expected.
type Difference struct {
	Key       string
	Want, Got string // as JSON; Got "absent" where the key is not there
}

func (d Difference) String() string { return fmt.Sprintf("%s: want %s, got %s", d.Key, d.Want, d.Got) }

// asSets are the keys whose order has no meaning.
var asSets = []string{"missing", "actions", "pins_to_enter", "channels", "expiry_change_needed_for", "not_stated"}

// Compare compares a decision with what is expected. Only the keys of expect count: tell as "at least these", the keys of asSets as sets,
// objects by the members that expect names, place_required as any code of the same place, all else exactly.
func Compare(expect []byte, d *Decision, p *policy.Policy) ([]Difference, error) {
	members, err := object("expect", expect)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	got := map[string]any{}
	if err := unmarshal(raw, &got); err != nil {
		return nil, err
	}
	if got["tell"] == nil {
		got["tell"] = []any{}
	}
	if got["not_stated"] == nil {
		got["not_stated"] = []any{}
	}
	var out []Difference
	for _, m := range members {
		if _, ok := policy.KeyOf(m.key); !ok {
			return nil, &FactError{"expect." + m.key, "not a key of a decision"}
		}
		var want any
		if err := unmarshal(m.raw, &want); err != nil {
			return nil, &FactError{"expect." + m.key, err.Error()}
		}
		have, ok := got[m.key]
		if ok && agree(m.key, want, have, p) {
			continue
		}
		diff := Difference{Key: m.key, Want: string(m.raw), Got: "absent"}
		if ok {
			text, _ := json.Marshal(have)
			diff.Got = string(text)
		}
		out = append(out, diff)
	}
	return out, nil
}

func unmarshal(raw []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(to)
}

func agree(key string, want, got any, p *policy.Policy) bool {
	w, wl := want.([]any)
	g, gl := got.([]any)
	switch {
	case key == "tell" && wl && gl:
		return contains(g, w)
	case slices.Contains(asSets, key) && wl && gl:
		return contains(g, w) && contains(w, g)
	case key == "place_required":
		a, _ := want.(string)
		b, _ := got.(string)
		return a == b || p.PlaceOf(a) != nil && p.PlaceOf(a) == p.PlaceOf(b)
	}
	if wm, ok := want.(map[string]any); ok {
		gm, _ := got.(map[string]any)
		for k, v := range wm {
			if !reflect.DeepEqual(v, gm[k]) {
				return false
			}
		}
		return gm != nil
	}
	return reflect.DeepEqual(want, got)
}

func contains(all, some []any) bool {
	for _, s := range some {
		if !slices.ContainsFunc(all, func(a any) bool { return reflect.DeepEqual(a, s) }) {
			return false
		}
	}
	return true
}
