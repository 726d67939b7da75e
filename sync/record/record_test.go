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

// everyRecord is a record of every combination of every kind.
func everyRecord(t testing.TB, w Week, g Group) []Record {
	t.Helper()
	var all []Record
	for _, k := range Kinds() {
		as := k.attrs()
		n2 := 1
		if len(as) > 1 {
			n2 = len(as[1].set.codes) - 1
		}
		for a := 1; a < len(as[0].set.codes); a++ {
			for b := 1; b <= n2; b++ {
				vb := attr(b)
				if len(as) == 1 {
					vb = 0
				}
				r, err := newRecord(k, attr(a), vb, w, g)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, r)
			}
		}
	}
	return all
}

func TestEveryRecordFitsAndComesBack(t *testing.T) {
	w, err := NewWeek(2099, 53)
	if err != nil {
		if w, err = NewWeek(2099, 52); err != nil {
			t.Fatal(err)
		}
	}
	longest := 0
	seen := map[string]bool{}
	for _, r := range everyRecord(t, w, MaxGroup) {
		text := r.Encode()
		longest = max(longest, len(text))
		if back, err := Decode(text); err != nil || back != r {
			t.Errorf("%s: %v", text, err)
		}
		a, b := r.Attributes()
		if cell := r.Kind().String() + " " + a + " " + b; seen[cell] || a == "" {
			t.Errorf("%q is written twice or empty", cell)
		} else {
			seen[cell] = true
		}
	}
	if longest > MaxSize {
		t.Errorf("longest record has %d bytes, limit %d", longest, MaxSize)
	}
	t.Logf("%d different facets beside week and group; the longest has %d bytes", len(seen), longest)
}

// A facet that can say more than 8 bits beside week and group singles people out: whoever adds a field or a value meets this table.
func TestBits(t *testing.T) {
	want := map[Kind]float64{PO: 7.08, PD: 4.65, FR: 4, LA: 2, PE: 5.91, ST: 5.76, PT: 2.59, TB: 5.53, WC: 7.85}
	for _, k := range Kinds() {
		if b := k.Bits(); b <= 0 || b > want[k] || want[k] > 8 {
			t.Errorf("facet %v says %.2f bits, want more than 0 and at most %.2f", k, b, want[k])
		}
		if n := len(k.Codes()); n == 0 || n > 2 {
			t.Errorf("facet %v has %d attributes", k, n)
		}
		t.Logf("%v: %.2f bits", k, k.Bits())
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
	// One beyond each set, in each constructor.
	for name, err := range map[string]error{
		"procedure that is a class": second(NewPO(TriesBoard+Procedure(ClassPIN), Done, w, 1)),
		"class of PO":               second(NewClassPO(ClassOther+1, Done, w, 1)),
		"class 0 of PO":             second(NewClassPO(0, Done, w, 1)),
		"class":                     second(NewPD(ClassOther+1, Under2Min, w, 1)),
		"duration":                  second(NewPD(ClassPIN, Over20Min+1, w, 1)),
		"friction":                  second(NewFR(16, w, 1)),
		"all frictions":             second(NewFR(255, w, 1)),
		"language":                  second(NewLA(OtherLanguage+1, w, 1)),
		"PIN":                       second(NewPE(RegisterPIN+1, NewEntry(Verify, EntryOK), w, 1)),
		"no entry":                  second(NewPE(LoginPIN, NewEntry(Verify, StoppedByRules+1), w, 1)),
		"entry":                     second(NewPE(LoginPIN, NewEntry(LeaveCheck, StoppedByRules)+1, w, 1)),
		"step":                      second(NewST(StepResult+1, Under5s, w, 1)),
		"span":                      second(NewST(StepEntry, Over2Mins+1, w, 1)),
		"applicant":                 second(NewPT(Proxy+1, Memory, w, 1)),
		"means":                     second(NewPT(Self, Letter+1, w, 1)),
		"tally 0":                   second(NewTB(0, w, 1)),
		"tally":                     second(NewWC(ClassPIN, TallyOf(1000)+1, w, 1)),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

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
		{"unknown kind", swap(`"po"`, `"px"`)},
		{"another kind's attributes", swap(`"po"`, `"pd"`)},
		{"an attribute too many", swap(`"g"`, `"f":"none","g"`)},
		{"an empty attribute too many", swap(`"g"`, `"f":"","g"`)},
		{"attribute of one kind as another's", swap(`"done"`, `"self"`)},
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
