// SPDX-License-Identifier: Apache-2.0

package display

import (
	"reflect"
	"testing"
)

// Every fact but those of typing tells two screens apart: a fact added to the struct and forgotten in scalars is found here.
func TestScalarsHoldEveryFact(t *testing.T) {
	typ := reflect.TypeFor[Facts]()
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		var a, b Facts
		v := reflect.ValueOf(&b).Elem().Field(i)
		switch v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(1)
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1)) // slices are compared beside the scalars
			if (Screen{Facts: a}).Typed(Screen{Facts: b}) {
				t.Errorf("fact %s is not compared", name)
			}
			continue
		case reflect.Array:
			v.Index(v.Len() - 1).SetBool(true)
		default:
			t.Fatalf("fact %s is a %v", name, v.Kind())
		}
		typing := name == "Filled" || name == "Half"
		if same := a.scalars() == b.scalars(); same != typing {
			t.Errorf("fact %s: equal %v, want %v", name, same, typing)
		}
	}
}
