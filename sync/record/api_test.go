// SPDX-License-Identifier: Apache-2.0

package record

import (
	"go/types"
	"testing"

	"golang.org/x/tools/go/packages"
)

func load(t *testing.T) *types.Package {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedTypes | packages.NeedImports | packages.NeedName}, "madoguchi/sync/record")
	if err != nil || len(pkgs) != 1 || len(pkgs[0].Errors) > 0 {
		t.Fatalf("loading package: %v %v", err, pkgs)
	}
	return pkgs[0].Types
}

// A record is made from enumerations. If a constructor took text, bytes, a map, an interface or a time, a name or a card value could reach city hall by one careless
// call. The test looks at every exported function that gives a Record, and at Record's own fields. Decode is the one exception: it reads what the same constructors wrote.
func TestConstructorsTakeEnumsOnly(t *testing.T) {
	pkg := load(t)
	record, facets := pkg.Scope().Lookup("Record").Type(), pkg.Scope().Lookup("Facets").Type()
	checked := 0
	check := func(f *types.Func) {
		sig := f.Type().(*types.Signature)
		gives := false
		for v := range sig.Results().Variables() {
			gives = gives || types.Identical(v.Type(), record) || types.Identical(v.Type(), facets)
		}
		if !gives || f.Name() == "Decode" {
			return
		}
		checked++
		for v := range sig.Params().Variables() {
			if !closed(v.Type(), pkg) {
				t.Errorf("%s takes %s %v, which is no enumeration of this package", f.Name(), v.Name(), v.Type())
			}
		}
	}
	for _, name := range pkg.Scope().Names() {
		switch obj := pkg.Scope().Lookup(name).(type) {
		case *types.Func:
			if obj.Exported() {
				check(obj)
			}
		case *types.TypeName:
			named, ok := obj.Type().(*types.Named)
			if !ok || !obj.Exported() {
				continue
			}
			for m := range named.Methods() {
				if m.Exported() {
					check(m)
				}
			}
		}
	}
	if want := len(Kinds()) + 4; checked < want { // one for each kind, NewClassPO, and those of Rules
		t.Errorf("%d constructors were found, want %d or more", checked, want)
	}

	fields := record.Underlying().(*types.Struct)
	for f := range fields.Fields() {
		if f.Exported() {
			t.Errorf("field %s is exported", f.Name())
		}
		if f.Name() != "id" && !enum8or16(f.Type(), pkg) {
			t.Errorf("field %s is a %v, which is no enumeration of this package", f.Name(), f.Type())
		}
	}
	if r := types.NewMethodSet(types.NewPointer(record)); r != nil {
		for i := range r.Len() {
			if sig := r.At(i).Obj().(*types.Func).Signature(); sig.Params().Len() > 0 && r.At(i).Obj().Exported() {
				t.Errorf("method %s of Record takes an argument: a record does not change", r.At(i).Obj().Name())
			}
		}
	}
}

// closed says whether values of t come from closed sets only: an enumeration, a struct of such, or a slice of such. A receiver is not asked: Rules and Facets are looked at below.
func closed(t types.Type, pkg *types.Package) bool {
	if enum8or16(t, pkg) {
		return true
	}
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return closed(u.Elem(), pkg)
	case *types.Struct:
		for f := range u.Fields() {
			if !closed(f.Type(), pkg) {
				return false
			}
		}
		named, ok := t.(*types.Named)
		return ok && named.Obj().Pkg() == pkg && u.NumFields() > 0
	}
	return false
}

// What a case is told by, and the rules that take it apart, are closed sets too.
func TestCaseIsClosed(t *testing.T) {
	pkg := load(t)
	for _, name := range []string{"Case", "Rules", "PINEntry", "StepSpan"} {
		if !closed(pkg.Scope().Lookup(name).Type(), pkg) {
			t.Errorf("%s can hold more than closed sets", name)
		}
	}
	for _, name := range []string{"Batch", "Ack"} { // the test's own test: these hold numbers and text
		if closed(pkg.Scope().Lookup(name).Type(), pkg) {
			t.Errorf("%s is taken for closed", name)
		}
	}
}

// enum8or16 says whether t is a type of this package over uint8 or uint16.
func enum8or16(t types.Type, pkg *types.Package) bool {
	named, ok := t.(*types.Named)
	if !ok || named.Obj().Pkg() != pkg {
		return false
	}
	b, ok := named.Underlying().(*types.Basic)
	return ok && (b.Kind() == types.Uint8 || b.Kind() == types.Uint16)
}
