// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"madoguchi/device/policy"
)

func file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A policy with any fault is refused whole, and the fault is named with file, line, column and rule.
func TestCompileRefuses(t *testing.T) {
	base := file(t, "national.toml")
	const head = "[policy]\nmunicipality = \"x\"\nversion = 1\n"
	for _, c := range []struct{ name, text, want string }{
		{"not TOML", head + "[terms\n", "x.toml:4:"},
		{"unknown field", head + "[[path]]\nid = \"A\"\ncolour = 1\n", "x.toml:6:1: unknown field"},
		{"a number for a text", head + "[[path]]\nid = 7\n", "x.toml:5:"},
		{"unknown circumstance", head + "[[path]]\nid = \"A\"\nsource = \"000:1\"\noutcome = \"complete\"\nwhen = { moon = [\"full\"] }\n", "x.toml:8:10: rule A: unknown circumstance"},
		{"unknown word", head + "[[path]]\nid = \"A\"\nsource = \"000:1\"\noutcome = \"complete\"\nwhen = { pin = [\"lost\"] }\n", "x.toml:8:17: rule A: pin: unknown value"},
		{"unknown procedure", head + "[[path]]\nid = \"A\"\nsource = \"000:1\"\noutcome = \"complete\"\nprocedure = [\"tea\"]\n", "unknown value \"tea\""},
		{"unknown outcome", head + "[[path]]\nid = \"A\"\nsource = \"000:1\"\noutcome = \"perhaps\"\n", "x.toml:7:12: rule A: unknown outcome"},
		{"no outcome", head + "[[path]]\nid = \"A\"\nsource = \"000:1\"\n", "no outcome"},
		{"no source", head + "[[path]]\nid = \"A\"\noutcome = \"complete\"\n", "rule A: no source"},
		{"source of no page", head + "[[path]]\nid = \"A\"\nsource = \"999:1\"\noutcome = \"complete\"\n", "x.toml:6:11: rule A: source \"999:1\""},
		{"unknown list", head + "[[path]]\nid = \"A\"\nsource = \"000:1\"\noutcome = \"complete\"\nlist = \"L\"\n", "no list named"},
		{"unknown requirement", head + "[[list]]\nname = \"L\"\nneed = [{ code = \"tea\" }]\n", "unknown requirement \"tea\""},
		{"unknown key", head + "[[answer]]\nid = \"A\"\nsource = \"000:1\"\nset = { colour = 1 }\n", "is not a key"},
		{"value that does not fit", head + "[[answer]]\nid = \"A\"\nsource = \"000:1\"\nset = { fee_yen = \"free\" }\n", "fee_yen: the value does not fit"},
		{"fee below nothing", head + "[[answer]]\nid = \"A\"\nsource = \"000:1\"\nset = { fee_yen = -1 }\n", "does not fit"},
		{"field of another table", head + "[[answer]]\nid = \"A\"\nsource = \"000:1\"\noutcome = \"complete\"\n", "cannot say outcome"},
		{"no value", head + "[[answer]]\nid = \"A\"\nsource = \"000:1\"\nwhen = { pin = [] }\nset = { fee_yen = 1 }\n", "can never hold"},
		{"ends before it begins", head + "[[answer]]\nid = \"A\"\nsource = \"000:1\"\nfrom = 2026-04-01\nuntil = 2026-03-31\nset = { fee_yen = 1 }\n", "ends before"},
		{"no such day", head + "[[answer]]\nid = \"A\"\nsource = \"000:1\"\nfrom = 2026-02-30\n", "x.toml:7:"},
		{"unknown fallback", head + "[[path]]\nid = \"A\"\nsource = \"000:1\"\noutcome = \"complete\"\nfallback = \"B\"\n", "no [[fallback]]"},
		{"window", head + "[terms]\nwindow = { months = 3, first_day = \"soon\", source = \"000:1\" }\n", "first_day"},
		{"hours", head + "[terms]\nhours = { days = [\"Mon\"], open = \"8:30\", close = \"17:00\", source = \"000:1\" }\n", "HH:MM"},
		{"no municipality", "[policy]\nversion = 1\n", "needs municipality"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := policy.Compile([]byte(base), "x.toml", []byte(c.text))
			var fault *policy.Error
			if p != nil || !errors.As(err, &fault) {
				t.Fatalf("policy %v, error %v; want none and an *Error", p != nil, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want …%s…", err, c.want)
			}
		})
	}
}

func TestLoadRefusesWhole(t *testing.T) {
	dir := fstest.MapFS{"national.toml": {Data: []byte(file(t, "national.toml"))}, "nabari.toml": {Data: []byte(file(t, "nabari.toml"))},
		"matsue.toml": {Data: []byte("[policy]\nmunicipality = \"nabari\"\nversion = 1\n")}}
	if set, err := policy.Load(dir); set != nil || err == nil || !strings.Contains(err.Error(), "must bear its name") {
		t.Errorf("set %v, error %v", set, err)
	}
	if _, err := policy.Load(fstest.MapFS{}); err == nil {
		t.Error("a folder without a national base was loaded")
	}
}

// Comments, spaces and the order of keys do not change the canonical form; anything that a rule says does.
func TestCanonical(t *testing.T) {
	base, city := file(t, "national.toml"), file(t, "sakuragawa.toml")
	of := func(text string) *policy.Policy {
		t.Helper()
		p, err := policy.Compile([]byte(base), "sakuragawa.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	was := of(city)
	for _, same := range []string{city + "\n# a comment\n", strings.ReplaceAll(city, " = ", "   =  "), strings.Replace(city, "id = \"S1\"\nsource = \"003:12-13,40\"", "source = '003:12-13,40'\nid = \"S1\"", 1)} {
		if p := of(same); !bytes.Equal(p.Canonical(), was.Canonical()) || p.Hash != was.Hash {
			t.Error("the canonical form changed without anything else being said")
		}
	}
	if p := of(strings.Replace(city, "fee_yen = 0", "fee_yen = 1", 1)); p.Hash == was.Hash {
		t.Error("another fee has the same hash")
	}
	if was.Canonical()[len(was.Canonical())-1] != '\n' {
		t.Error("no newline at the end")
	}
}

// The linter finds what a reader would miss.
func TestLintFinds(t *testing.T) {
	base, city := file(t, "national.toml"), file(t, "sakuragawa.toml")
	const path = "[[path]]\nid = \"Z\"\nsource = \"003:1\"\nprocedure = [\"pin_reset\"]\n"
	for _, c := range []struct{ name, more, want string }{
		{"taken by one", path + "applicant = [\"self\"]\nwhen = { pin = [\"locked\"] }\noutcome = \"refuse\"\n", "Z: [[path]] can never be reached: all of it is taken by S7"},
		{"taken by several", path + "outcome = \"refuse\"\n", "can never be reached: all of it is taken by S7, S8"},
		{"same condition", path + "applicant = [\"self\"]\noutcome = \"refuse\"\n", "it contradicts S7"},
		{"never together", path + "when = { letter = [\"none\"], letter_from = [\"city\"] }\napplicant = [\"self\"]\noutcome = \"refuse\"\n", "can never be reached"},
		{"answers that contradict", "[[answer]]\nid = \"Z\"\nsource = \"003:1\"\nwhen = { wants_to_use = [\"yes\"] }\nset = { fee_yen = 100 }\n", "Z: contradicts S_fee about fee_yen where"},
		{"an answer never given", "[[answer]]\nid = \"Z\"\nsource = \"003:1\"\nprocedure = [\"pin_reset\"]\nset = { fee_yen = 100 }\n", "can never decide fee_yen"},
		{"no message", path + "when = { visit = [\"1\"] }\noutcome = \"refuse\"\ntell = [\"good_morning\"]\n", "tells \"good_morning\", which no [message] has"},
		{"a fallback nobody uses", "[[fallback]]\nid = \"Z\"\nsource = \"003:1\"\noutcome = \"refuse\"\n", "is never used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(city, "# ---------------------------------------------------------------- 桜川市でのことば", c.more, 1)
			p, err := policy.Compile([]byte(base), "sakuragawa.toml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range policy.Lint(p) {
				found = append(found, f.String())
			}
			if !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("found %q, want …%s…", found, c.want)
			}
		})
	}
	t.Run("letters", func(t *testing.T) {
		text := strings.Replace(city, "岩瀬庁舎、大和庁舎、真壁庁舎でできます。", "岩瀬庁舎☕", 1)
		p, err := policy.Compile([]byte(base), "sakuragawa.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if f := policy.Lint(p); len(f) != 1 || !strings.Contains(f[0].What, "no letter for '☕'") {
			t.Errorf("found %v", f)
		}
	})
}

// No text of a policy makes Compile do anything but return a policy or an *Error.
func FuzzCompile(f *testing.F) {
	base := []byte("[policy]\nmunicipality=\"n\"\nversion=1\n[sources]\np=\"p.txt\"\n")
	f.Add([]byte("[policy]\nmunicipality=\"x\"\nversion=1\n[[answer]]\nid=\"A\"\nsource=\"p:1\"\nset={fee_yen=1}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Compile(base, "x.toml", text)
		var fault *policy.Error
		if err != nil && !errors.As(err, &fault) || err == nil && p.Hash == "" {
			t.Fatalf("error %v", err)
		}
		if p != nil {
			policy.Lint(p)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Embedded(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLint(b *testing.B) {
	set, err := policy.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range set.Cities() {
			p, _ := set.City(c)
			policy.Lint(p)
		}
	}
}

func Example() {
	set, err := policy.Embedded()
	if err != nil {
		panic(err)
	}
	p, _ := set.City("matsue")
	fmt.Println(p.Name.Ja, p.PlaceOf("kashima_branch").Phone, len(policy.Lint(p)))
	// Output: 松江市 0852-55-5704 0
}
