// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"bytes"
	"encoding/json"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// Decision is what the policy says of a case. A key is decided, or "not stated" (Get returns nil, true), or not there at all.
type Decision struct {
	set     uint64
	vals    [policy.NumKeys]any
	Missing []string // requirement codes, when KMissing is there
	Tell    []string // message codes
	Because []*policy.Ref
	chief   uint64 // of Because, by place: what outcome and fee come from
}

// Decisive parts Because: the few rows that the outcome, the fee and what is carried out come from, and the rest, which only adds to them; each in its order.
func (d *Decision) Decisive() (chief, rest []*policy.Ref) {
	for i, r := range d.Because {
		if d.chief>>i&1 == 1 {
			chief = append(chief, r)
		} else {
			rest = append(rest, r)
		}
	}
	return chief, rest
}

// decisive marks what was added to Because since it had n.
func (d *Decision) decisive(n int) {
	for ; n < len(d.Because); n++ {
		d.chief |= 1 << n
	}
}

// Get is a key's value (bool, int, string, []string, [2]int, civil.Date, policy.States, or nil for not stated) and whether the key is there.
func (d *Decision) Get(k policy.Key) (any, bool) { return d.vals[k], d.set>>k&1 == 1 }

// Outcome is the outcome's code; "" where the page does not say.
func (d *Decision) Outcome() string { s, _ := d.vals[policy.KOutcome].(string); return s }

// put decides a key once: what came first stands.
func (d *Decision) put(k policy.Key, v any) bool {
	if d.set>>k&1 == 1 {
		return false
	}
	d.set |= 1 << k
	d.vals[k] = v
	return true
}

func (d *Decision) because(refs ...*policy.Ref) {
	for _, r := range refs {
		if r == nil {
			continue
		}
		known := false
		for _, o := range d.Because {
			known = known || o == r || o.Rule == r.Rule && o.Source == r.Source
		}
		if !known {
			d.Because = append(d.Because, r)
		}
	}
}

func (d *Decision) tell(codes []string) {
	for _, c := range codes {
		known := false
		for _, o := range d.Tell {
			known = known || o == c
		}
		if !known {
			d.Tell = append(d.Tell, c)
		}
	}
}

// NotStated are the names of the keys that a person would ask about and that the page does not state, in the order of the keys.
func (d *Decision) NotStated() []string {
	var out []string
	for k := range policy.NumKeys {
		if d.set>>k&1 == 1 && d.vals[k] == nil {
			out = append(out, k.Name())
		}
	}
	return out
}

// MarshalJSON writes the keys in the order of policy.Key.
func (d *Decision) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	field := func(name string, v any) error {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(name)
		b.WriteString(`":`)
		raw, err := json.Marshal(v)
		b.Write(raw)
		return err
	}
	for k := range policy.NumKeys {
		v, ok := d.Get(k)
		if !ok {
			continue
		}
		switch x := v.(type) {
		case policy.States:
			m := map[string]any{}
			for i, s := range x {
				if s != nil {
					m[policy.Kinds4[i]] = s
				}
			}
			v = m
		case civil.Date:
			v = x.String()
		}
		if err := field(k.Name(), v); err != nil {
			return nil, err
		}
	}
	for _, l := range []struct {
		name string
		v    any
		show bool
	}{{"tell", d.Tell, len(d.Tell) > 0}, {"not_stated", d.NotStated(), len(d.NotStated()) > 0}, {"because", d.Because, true}} {
		if !l.show {
			continue
		}
		if err := field(l.name, l.v); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
