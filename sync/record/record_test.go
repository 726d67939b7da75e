// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var sameRecord = cmp.Comparer(func(a, b Record) bool { return a == b })

// fixed is a record whose random number is known.
func fixed(t testing.TB, n byte) Record {
	t.Helper()
	w, err := NewWeek(2026, 47)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewPO(PinChange, Done, w, 7)
	if err != nil {
		t.Fatal(err)
	}
	r.id = ID(bytes.Repeat([]byte{n}, 16))
	return r
}

const fixedText = `{"g":"g07","k":"po","o":"done","p":"pin_change","r":"abababababababababababababababab","s":"madoguchi.rec/1","w":"2026-W47"}`

func TestEncode(t *testing.T) {
	r := fixed(t, 0xab)
	if got := string(r.Encode()); got != fixedText {
		t.Error(cmp.Diff(fixedText, got))
	}
	back, err := Decode([]byte(fixedText))
	if err != nil || back != r {
		t.Errorf("decoded %+v, %v", back, err)
	}
}

func TestEveryRecordFitsAndComesBack(t *testing.T) {
	w, _ := NewWeek(2099, 53)
	if !w.Valid() {
		w, _ = NewWeek(2099, 52)
	}
	longest := 0
	for _, p := range Procedures() {
		for _, o := range Outcomes() {
			r, err := NewPO(p, o, w, MaxGroup)
			if err != nil {
				t.Fatal(err)
			}
			text := r.Encode()
			longest = max(longest, len(text))
			if back, err := Decode(text); err != nil || back != r {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	if longest > MaxSize {
		t.Errorf("longest record has %d bytes, limit %d", longest, MaxSize)
	}
}

// A facet that can say more than 8 bits beside week and group singles people out (reference 5.4, 5.7): whoever adds a field or a value meets this test.
func TestBits(t *testing.T) {
	for _, k := range Kinds() {
		if b := k.Bits(); b <= 0 || b > 8 {
			t.Errorf("facet %v says %.2f bits, want more than 0 and at most 8", k, b)
		}
	}
	if n := len(Procedures()); n > 64 {
		t.Errorf("%d procedures, want at most 64", n)
	}
}

func TestDifferentPeopleSameRecord(t *testing.T) {
	// Nothing but the arguments and the random number may reach the bytes.
	w, _ := NewWeek(2026, 1)
	seen := map[ID]bool{}
	var rest string
	for range 1000 {
		r, err := NewPO(PinCheck, Abandoned, w, 1)
		if err != nil {
			t.Fatal(err)
		}
		if seen[r.ID()] {
			t.Fatal("a random number came twice")
		}
		seen[r.ID()] = true
		text := strings.Replace(string(r.Encode()), r.ID().String(), "", 1)
		if rest != "" && rest != text {
			t.Fatalf("records differ beside their number: %s, %s", rest, text)
		}
		rest = text
	}
}

func TestNewPORefuses(t *testing.T) {
	w, _ := NewWeek(2026, 1)
	for _, tc := range []struct {
		name string
		p    Procedure
		o    Outcome
		w    Week
		g    Group
	}{
		{"no procedure", 0, Done, w, 1},
		{"unknown procedure", TriesBoard + 1, Done, w, 1},
		{"no outcome", PinCheck, 0, w, 1},
		{"unknown outcome", PinCheck, DeviceOrDocumentProblem + 1, w, 1},
		{"no week", PinCheck, Done, 0, 1},
		{"week 60", PinCheck, Done, w&^0x3f | 60, 1},
		{"no group", PinCheck, Done, w, 0},
		{"group 41", PinCheck, Done, w, 41},
	} {
		if r, err := NewPO(tc.p, tc.o, tc.w, tc.g); err == nil || r != (Record{}) {
			t.Errorf("%s: %+v, %v", tc.name, r, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(fixedText, old, new, 1) }
	for _, tc := range []struct{ name, text string }{
		{"empty", ""},
		{"not JSON", "x"},
		{"null", "null"},
		{"array", "[]"},
		{"trailing data", fixedText + "{}"},
		{"trailing newline", fixedText + "\n"},
		{"leading space", " " + fixedText},
		{"inner space", swap(`,"k"`, `, "k"`)},
		{"doubled field", swap(`{`, `{"g":"g07",`)},
		{"doubled field, other value first", swap(`{`, `{"g":"g01",`)},
		{"unknown field", swap(`}`, `,"x":1}`)},
		{"missing field", swap(`"k":"po",`, ``)},
		{"other case", swap(`"g"`, `"G"`)},
		{"other case beside", swap(`{`, `{"G":"g07",`)},
		{"other order", swap(`"g":"g07","k":"po"`, `"k":"po","g":"g07"`)},
		{"escape", swap(`"done"`, `"\u0064one"`)},
		{"number for text", swap(`"done"`, `1`)},
		{"null field", swap(`"done"`, `null`)},
		{"unknown outcome", swap(`done`, `dome`)},
		{"unknown procedure", swap(`pin_change`, `pin_chance`)},
		{"unknown group", swap(`g07`, `g41`)},
		{"unknown kind", swap(`"po"`, `"pd"`)},
		{"other schema", swap(`rec/1`, `rec/2`)},
		{"large hex", swap(`abab`, `ABab`)},
		{"short number", swap(`abab`, `ab`)},
		{"week 54", swap(`W47`, `W54`)},
		{"week 0", swap(`W47`, `W00`)},
		{"short week", swap(`W47`, `W7`)},
		{"year 1970", swap(`2026`, `1970`)},
		{"long", swap(`g07`, strings.Repeat("g", 200))},
	} {
		if r, err := Decode([]byte(tc.text)); err == nil {
			t.Errorf("%s: decoded %+v", tc.name, r)
		}
	}
}

func TestEnumCodes(t *testing.T) {
	for _, p := range Procedures() {
		if q, err := ParseProcedure(p.String()); err != nil || q != p {
			t.Errorf("%v: %v, %v", p, q, err)
		}
	}
	for _, o := range Outcomes() {
		if q, err := ParseOutcome(o.String()); err != nil || q != o {
			t.Errorf("%v: %v, %v", o, q, err)
		}
	}
	for g := Group(1); g <= MaxGroup; g++ {
		if q, err := ParseGroup(g.String()); err != nil || q != g {
			t.Errorf("%v: %v, %v", g, q, err)
		}
	}
	for code, want := range map[string]Procedure{"cert_new_issue": CertNewIssue, "moving_one_stop": MovingOneStop, "pin_check": PinCheck, "tries_board": TriesBoard} {
		if got, err := ParseProcedure(code); err != nil || got != want {
			t.Errorf("%s is %v, %v", code, got, err)
		}
	}
	if got := len(Procedures()); got != 22 {
		t.Errorf("%d procedures, want the decision interface's 20 and two services", got)
	}
	for _, bad := range []string{"", "PIN_CHECK", "pin_check ", "procedure(0)"} {
		if _, err := ParseProcedure(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if _, err := ParseGroup("g00"); err == nil {
		t.Error("g00 was read")
	}
}

func TestWeek(t *testing.T) {
	for d := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2099; d = d.AddDate(0, 0, 1) {
		y, n := d.ISOWeek()
		w, err := NewWeek(y, n)
		if err != nil || w.Year() != y || w.Number() != n || !w.Valid() {
			t.Fatalf("%v: week %d %d is %v, %v", d, y, n, w, err)
		}
		if back, err := ParseWeek(w.String()); err != nil || back != w {
			t.Fatalf("%v: %v, %v", w, back, err)
		}
	}
	for _, bad := range [][2]int{{2023, 1}, {2100, 1}, {2026, 0}, {2026, 54}, {2025, 53}} {
		if w, err := NewWeek(bad[0], bad[1]); err == nil {
			t.Errorf("%v is %v", bad, w)
		}
	}
	if _, err := NewWeek(2026, 53); err != nil {
		t.Error("2026 is a long year:", err)
	}
	for _, bad := range []string{"", "2026-47", "2026-W4", "2026-w47", "2026-W47 ", "+026-W47", "2026-W+7"} {
		if w, err := ParseWeek(bad); err == nil {
			t.Errorf("%q was read as %v", bad, w)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(fixedText))
	f.Add([]byte(strings.ToUpper(fixedText)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Decode(b)
		if err != nil {
			return
		}
		// Promise: what is taken is byte for byte what would have been written, and within its sets.
		if !bytes.Equal(r.Encode(), b) || r.check() != nil {
			t.Errorf("%q was taken as %+v", b, r)
		}
	})
}
