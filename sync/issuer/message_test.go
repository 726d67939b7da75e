// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"go/types"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

var (
	token = Token(bytes.Repeat([]byte{0xAB}, 16))
	order = Order{PinReset, Login, ResetCase, Case{1}, LabelOf("A")}
	proof = Proof{Number: CardNumber{7: 9}, Count: 3, MAC: MAC{1}}
)

func cert(t testing.TB, n int) Cert {
	t.Helper()
	c, err := CertOf(bytes.Repeat([]byte{0x30}, n))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ups and downs are one message of each kind.
func ups() []Message {
	return []Message{Open{token, order}, Request{token, proof}, Made{token, Modulus{5}, proof}, Resume{token}, Result{token, Proved, proof}}
}

func downs(t testing.TB) []Message {
	return []Message{
		Ready{token, Nonce{1}, 1700000000, 900}, Pending{token, 9999}, Grant{token, Bond{1}, MAC{2}}, Issued{token, MAC{3}, cert(t, MaxCert)},
		Receipt{token, Doubt}, Refusal{token, NotEntitled},
	}
}

// ends makes both ends of a line.
func ends(t testing.TB, city, device string) (*Line, *Gate, ed25519.PublicKey) {
	t.Helper()
	g, err := NewGate(city, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	sign, to := g.Keys()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	l, err := NewLine(city, device, key, sign, to)
	if err != nil {
		t.Fatal(err)
	}
	return l, g, key.Public().(ed25519.PublicKey)
}

// TestThereAndBack seals and opens every message; each kind has one size, within the wall's limit, whatever it holds.
func TestThereAndBack(t *testing.T) {
	l, g, box := ends(t, "nabari", "box-17")
	reply := publicOf(l.answers)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := func(m Message, f []byte) {
		size := fmt.Sprintf("%d,%03d B |", len(f)/1000, len(f)%1000)
		if len(f) < 1000 {
			size = fmt.Sprintf("%d B |", len(f))
		}
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %s \| %d \| .* \| %s$`, strings.TrimPrefix(fmt.Sprintf("%T", m), "issuer."), m.code(), regexp.QuoteMeta(size)))
		if !row.Match(readme) {
			t.Errorf("README.md has no row %v", row)
		}
	}
	for _, m := range ups() {
		f, err := l.Seal(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := g.Open("box-17", box, f)
		if d := cmp.Diff(m, back.Message); d != "" || err != nil || back.Reply != reply {
			t.Errorf("%T: %s %v", m, d, err)
		}
		listed(m, f)
	}
	for _, m := range downs(t) {
		f, err := g.Seal("box-17", reply, m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := l.Open(f)
		if d := cmp.Diff(m, back); d != "" || err != nil {
			t.Errorf("%T: %s %v", m, d, err)
		}
		listed(m, f)
	}
	small, err := g.Seal("box-17", reply, Issued{token, MAC{3}, cert(t, 1)})
	large, lerr := g.Seal("box-17", reply, Issued{token, MAC{3}, cert(t, MaxCert)})
	if err != nil || lerr != nil || len(small) != len(large) || len(large) > MaxSize {
		t.Errorf("certificates show their length: %d and %d bytes, %v, %v", len(small), len(large), err, lerr)
	}
}

// TestSwapped: what was sealed for one city, box, key, start or direction opens nowhere else, and no byte can be changed.
func TestSwapped(t *testing.T) {
	l, g, box := ends(t, "nabari", "box-17")
	f, err := l.Seal(Resume{token})
	if err != nil {
		t.Fatal(err)
	}
	reply := publicOf(l.answers)
	answer, err := g.Seal("box-17", reply, Receipt{token, Done})
	if err != nil {
		t.Fatal(err)
	}
	otherLine, otherGate, _ := ends(t, "iga", "box-17")
	restarted, _, _ := ends(t, "nabari", "box-17")
	elsewhere, err := g.Seal("box-18", reply, Receipt{token, Done})
	if err != nil {
		t.Fatal(err)
	}
	stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32)).Public().(ed25519.PublicKey)
	up := func(g *Gate, device string, key ed25519.PublicKey, f []byte) error {
		_, err := g.Open(device, key, f)
		return err
	}
	down := func(l *Line, f []byte) error { _, err := l.Open(f); return err }
	for name, err := range map[string]error{
		"another box's":         up(g, "box-18", box, f),
		"another city's":        up(otherGate, "box-17", box, f),
		"another key's":         up(g, "box-17", stranger, f),
		"an answer as question": up(g, "box-17", box, answer),
		"a question as answer":  down(l, f),
		"of an older start":     down(restarted, answer),
		"for another box":       down(l, elsewhere),
		"for another city":      down(otherLine, answer),
	} {
		if err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	for i := range f {
		bad := bytes.Clone(f)
		bad[i] ^= 1
		if up(g, "box-17", box, bad) == nil {
			t.Fatalf("opened with byte %d changed", i)
		}
	}
	if _, err := l.Seal(Receipt{token, Done}); err == nil {
		t.Error("a box sealed what runs the other way")
	}
	if _, err := g.Seal("box-17", reply, Resume{token}); err == nil {
		t.Error("an authority sealed what runs the other way")
	}
}

// TestRefused: what does not say what its kind says is neither written nor read.
func TestRefused(t *testing.T) {
	with := func(f func(o *Order)) Open {
		o := Open{token, order}
		f(&o.Order)
		return o
	}
	broken := cert(t, 5)
	broken.DER[9] = 1
	for _, m := range []Message{
		nil, Open{Order: order}, with(func(o *Order) { o.Operation = 9 }), with(func(o *Order) { o.Kind = NoKind }), with(func(o *Order) { o.Procedure = 0 }),
		with(func(o *Order) { o.Case = Case{} }), with(func(o *Order) { o.Opener = Label{} }), with(func(o *Order) { o.Operation = CertIssue }),
		Request{}, Made{}, Resume{}, Result{token, 0, Proof{}}, Result{token, Unknown, proof}, Result{token, Proved, Proof{}}, Result{token, 9, proof},
		Ready{token, Nonce{}, 1, 1}, Ready{token, Nonce{1}, 0, 1}, Ready{token, Nonce{1}, 1, 0}, Pending{token, 10000}, Grant{},
		Issued{token, MAC{}, Cert{}}, Issued{token, MAC{}, Cert{Len: MaxCert + 1}}, Issued{token, MAC{}, broken}, Receipt{token, Granted}, Receipt{token, 0}, Refusal{token, 0}, Refusal{token, 99},
	} {
		if b, err := encode(m); err == nil {
			t.Errorf("%T %+v was written as %d bytes", m, m, len(b))
		}
	}
	for _, m := range ups() {
		b, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range [][]byte{b[:len(b)-1], append(bytes.Clone(b), 0), b[1:], nil, append([]byte{99}, b[1:]...)} {
			if m, err := decode(bad, up); err == nil {
				t.Errorf("read %T of %d bytes", m, len(bad))
			}
		}
		if _, err := decode(b, down); err == nil {
			t.Errorf("%T was read as an answer", m)
		}
	}
	if _, err := CertOf(nil); err == nil {
		t.Error("no certificate was taken")
	}
	if _, err := CertOf(make([]byte, MaxCert+1)); err == nil {
		t.Error("a certificate over the limit was taken")
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range append(ups(), downs(f)...) {
		b, _ := encode(m)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, way := range []map[code]func() any{up, down} {
			m, err := decode(b, way)
			if err != nil {
				continue
			}
			if again, err := encode(m); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x was taken as %+v", b, m)
			}
		}
	})
}

// TestNoPlaceForAPIN: every field of every message, however deep, is a number or an array of bytes of a type that this test knows, with where its bytes come from. No text, no
// slice, no pointer, no interface; and the package cannot even name what holds a PIN.
func TestNoPlaceForAPIN(t *testing.T) {
	sources := map[string]string{
		"Token": "drawn", "Case": "drawn", "Nonce": "drawn", "Label": "half a hash of a clerk's label", "CardNumber": "the card", "Bond": "a hash", "Digest": "a hash", "MAC": "a hash",
		"Modulus": "the card", "Cert": "the authority", "[16]byte": "the card's challenge", "[2048]byte": "the authority",
		"Operation": "closed set", "Kind": "closed set", "Procedure": "closed set", "Outcome": "closed set", "State": "closed set", "Reason": "closed set",
		"uint16": "a length, a count, seconds, a check number", "uint64": "the authority's time",
	}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedFiles | packages.NeedTypes | packages.NeedSyntax | packages.NeedImports | packages.NeedExportFile}, ".")
	if err != nil || len(pkgs) != 1 || len(pkgs[0].Errors) > 0 {
		t.Fatal(pkgs, err)
	}
	scope := pkgs[0].Types.Scope()
	iface := scope.Lookup("Message").Type().Underlying().(*types.Interface)
	short := func(ty types.Type) string { return types.TypeString(ty, func(*types.Package) string { return "" }) }
	var walk func(path string, ty types.Type)
	walk = func(path string, ty types.Type) {
		if s, ok := ty.Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				walk(path+"."+f.Name(), f.Type())
			}
			return
		}
		if sources[short(ty)] == "" {
			t.Errorf("%s is a %s: where do its bytes come from?", path, short(ty))
		}
		switch u := ty.Underlying().(type) {
		case *types.Array:
			if u.Elem() != types.Typ[types.Byte] && u.Elem().String() != "byte" {
				t.Errorf("%s is an array of %v", path, u.Elem())
			}
		case *types.Basic:
			if u.Info()&types.IsUnsigned == 0 {
				t.Errorf("%s is a %v", path, u)
			}
		default:
			t.Errorf("%s is a %v", path, u)
		}
	}
	n := 0
	for _, name := range scope.Names() {
		if ty, ok := scope.Lookup(name).(*types.TypeName); ok && types.Implements(ty.Type(), iface) && name != "Message" {
			n++
			walk(name, ty.Type())
		}
	}
	if n != len(up)+len(down) {
		t.Errorf("%d messages were found, want %d", n, len(up)+len(down))
	}
	below, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps}, ".")
	if err != nil {
		t.Fatal(err)
	}
	packages.Visit(below, nil, func(p *packages.Package) {
		if strings.HasPrefix(p.PkgPath, "madoguchi/pinpad") || strings.HasPrefix(p.PkgPath, "madoguchi/card") {
			t.Errorf("the messages reach %s", p.PkgPath)
		}
	})
	if n := binary.Size(Proof{}); n != 92 {
		t.Errorf("a proof has %d bytes, a card gives 92", n)
	}
}
