// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

const (
	module = "madoguchi"
	self   = module + "/pinpad/pin"
	pad    = module + "/pinpad"
)

// mover is what a package may name that only moves PINs from the key-pad to the
// card and wipes them; hasher is what makes the configuration.
var (
	hasher = []string{"Harden", "Erasing", "InUse", "Hash", "ParseHash", "ErrHash", "Code", "NewCode",
		"Code.Append", "Code.Hash", "Code.Matches", "Code.Fault", "Code.Wipe"}
	mover = append([]string{"PIN", "PIN.Wipe", "Form", "Form.Min", "Form.Max", "Form.Letters", "Form.String",
		"FormDigits4", "FormPassword", "FormNewPassword", "FormCode", "Fault", "Fault.String",
		"FaultNone", "FaultTooShort", "FaultNeedsLetter", "FaultNeedsDigit", "FaultMismatch", "FaultTooLong", "FaultOnlyDigits"}, hasher...)
)

// arrows is who may import this package, and what it may name of it.
var arrows = []struct {
	pkg  string // with /...: and all below
	may  []string
	but  []string // all but these, if may is nil
	only string   // why
}{
	{pkg: "card", but: []string{"PIN.Reveal"}, only: "sends"},
	{pkg: "card/...", but: []string{"PIN.Send", "PIN.Reveal"}, only: "knows forms"},
	{pkg: "pinpad", but: []string{"PIN.Send"}, only: "types and shows"},
	{pkg: "pinpad/...", but: []string{"PIN.Send", "PIN.Reveal"}, only: "types"},
	{pkg: "device", may: append([]string{"Code.Easy", "Code.Like"}, mover...), only: "moves, and judges a clerk's new code"},
	{pkg: "cmd/...", may: hasher, only: "hardens, hashes"},
}

func match(pattern, path string) bool {
	pattern = module + "/" + pattern
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(path, below+"/")
	}
	return path == pattern
}

// load returns the packages of the module that import this one or the key-pad,
// type-checked, without tests.
func load(t *testing.T) []*packages.Package {
	t.Helper()
	names, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports, Dir: "../.."}, module+"/...")
	if err != nil {
		t.Fatal(err)
	}
	importers := []string{self}
	for _, p := range names {
		if p.Imports[self] != nil || p.Imports[pad] != nil {
			importers = append(importers, p.PkgPath)
		}
	}
	slices.Sort(importers)
	all, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo |
			packages.NeedImports | packages.NeedExportFile,
		Dir: "../..", Fset: token.NewFileSet(),
	}, importers...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, e := range p.Errors {
			t.Errorf("%s: %v", p.PkgPath, e)
		}
	}
	return all
}

// name is "PIN.Send" for a method, "New" for the rest.
func name(o types.Object) string {
	if f, ok := o.(*types.Func); ok {
		if r := f.Signature().Recv(); r != nil {
			t := r.Type()
			if p, ok := t.(*types.Pointer); ok {
				t = p.Elem()
			}
			if n, ok := t.(*types.Named); ok {
				return n.Obj().Name() + "." + f.Name()
			}
		}
	}
	return o.Name()
}

// TestArrows holds who may do what with a PIN, over the compiled tree: Send is
// called in card alone, only the named packages import this one, and those that
// move or hash cannot even name what types or compares.
func TestArrows(t *testing.T) {
	all := load(t)
	ways := map[string]types.Type{} // out of a page
	for _, p := range all {
		for _, n := range []string{"Send", "Reveal"} {
			if p.PkgPath == self {
				o, _, _ := types.LookupFieldOrMethod(p.Types.Scope().Lookup("PIN").Type(), true, p.Types, n)
				ways[n] = o.(*types.Func).Signature()
			}
		}
	}
	used := map[string]int{}
	for _, p := range all {
		if p.PkgPath == self {
			continue
		}
		for id, o := range p.TypesInfo.Uses {
			if o.Pkg() != nil && o.Pkg().Path() == pad && name(o) == "Pad.Reveal" && p.PkgPath != module+"/device" {
				t.Errorf("%s: %s uses Pad.Reveal; only device brings a picture to the panel", p.Fset.Position(id.Pos()), p.PkgPath)
			}
		}
		if p.Imports[self] == nil {
			continue
		}
		i := slices.IndexFunc(arrows, func(a struct {
			pkg  string
			may  []string
			but  []string
			only string
		}) bool {
			return match(a.pkg, p.PkgPath)
		})
		if i < 0 {
			t.Errorf("%s imports %s", p.PkgPath, self)
			continue
		}
		a := arrows[i]
		for id, o := range p.TypesInfo.Uses {
			if o.Pkg() == nil || o.Pkg().Path() != self {
				continue
			}
			if _, isPkg := o.(*types.PkgName); isPkg {
				continue
			}
			n := name(o)
			if a.may != nil && !slices.Contains(a.may, n) || slices.Contains(a.but, n) {
				t.Errorf("%s: %s %s; it may not name pin.%s", p.Fset.Position(id.Pos()), p.PkgPath, a.only, n)
			}
			used[n]++
		}
		for e, tv := range p.TypesInfo.Types {
			if _, literal := e.(*ast.InterfaceType); !literal {
				continue
			}
			// An interface with one of these methods would be a way around the rule.
			iface := tv.Type.Underlying().(*types.Interface)
			for m := range iface.Methods() {
				if way := ways[m.Name()]; way != nil && types.Identical(m.Signature(), way) {
					t.Errorf("%s: an interface with PIN's %s", p.Fset.Position(e.Pos()), m.Name())
				}
			}
		}
	}
	for _, n := range []string{"PIN.Send", "PIN.Reveal"} {
		if used[n] == 0 {
			t.Errorf("no use of %s was found: the test looks past it", n)
		}
	}
}

// TestNothingReturnsCharacters lists every exported function and method that
// returns something a character could lie in, and every parameter that a
// character could be handed to. A new one has to be defended here.
func TestNothingReturnsCharacters(t *testing.T) {
	var pkg *types.Package
	for _, p := range load(t) {
		if p.PkgPath == self {
			pkg = p.Types
		}
	}
	if pkg == nil {
		t.Fatal("this package was not loaded")
	}
	got := map[string]bool{}
	check := func(f *types.Func) {
		if !f.Exported() {
			return
		}
		sig := f.Signature()
		for v := range sig.Results().Variables() {
			if carries(v.Type()) {
				got[name(f)] = true
			}
		}
		for v := range sig.Params().Variables() {
			if c, ok := v.Type().Underlying().(*types.Signature); ok && c.Params().Len() > 0 {
				got[name(f)+" calls"] = true
			}
			if _, ok := v.Type().Underlying().(*types.Slice); ok && !strings.HasSuffix(name(f), ".AppendText") {
				got[name(f)+" writes"] = true
			}
		}
	}
	scope := pkg.Scope()
	for _, n := range scope.Names() {
		switch o := scope.Lookup(n).(type) {
		case *types.Func:
			check(o)
		case *types.TypeName:
			if named, ok := o.Type().(*types.Named); ok && o.Exported() {
				for m := range named.Methods() {
					check(m)
				}
				if s, ok := named.Underlying().(*types.Struct); ok && o.Name() != "LockError" {
					for f := range s.Fields() {
						if f.Exported() {
							got[n+"."+f.Name()] = true
						}
					}
				}
			}
		case *types.Var:
			if o.Exported() && !strings.HasPrefix(n, "Err") {
				got[n] = true
			}
		}
	}
	want := map[string]bool{
		"PIN.Send":       true, // the card's answer
		"PIN.Send calls": true, // the one way out
		// The picture of one character for its owner's eyes, and the pictures to choose from.
		"PIN.Reveal calls": true, "PIN.Reveal writes": true,
		"Legend":      true, // a constant table
		"ParseHash":   true, // its argument, checked
		"Code.Hash":   true, // Argon2id
		"Form.String": true, "Fault.String": true, "LockError.Error": true,
	}
	for _, m := range []string{"String", "GoString", "MarshalJSON", "MarshalText", "AppendText", "MarshalBinary", "GobEncode"} {
		want["PIN."+m], want["Code."+m] = true, true // a constant, see TestRedaction
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what could carry characters out (-want +got):\n%s", diff)
	}
}

// carries reports types whose value could hold several characters of text or
// point at some.
func carries(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsString != 0 || u.Kind() == types.UnsafePointer || u.Kind() == types.Uintptr || u.Kind() == types.Uint64 || u.Kind() == types.Byte && !isEnum(t)
	case *types.Slice, *types.Array, *types.Map, *types.Chan, *types.Signature:
		return true
	case *types.Pointer:
		return carries(u.Elem())
	case *types.Interface:
		return t.String() != "error"
	}
	return false
}

// isEnum: Form and Fault are bytes with names.
func isEnum(t types.Type) bool {
	n, ok := t.(*types.Named)
	return ok && (n.Obj().Name() == "Form" || n.Obj().Name() == "Fault")
}
