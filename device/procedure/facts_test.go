// SPDX-License-Identifier: Apache-2.0

package procedure_test

import (
	"errors"
	"strings"
	"testing"

	"madoguchi/device/procedure"
)

// Every fault of a line names where it stands and what it is.
func TestParseRefuses(t *testing.T) {
	set := load(t)
	line := func(facts string) string {
		return `{"id":"x","municipality":"nabari","procedure":"pin_reset","applicant":"self","facts":{"today":"2025-06-10"` + facts + `}}`
	}
	for _, c := range []struct{ name, line, where, what string }{
		{"not JSON", `{"id":`, "", "not JSON"},
		{"a list", `[]`, "line", "not a JSON object"},
		{"more after it", line("") + `{}`, "line", "follows"},
		{"unknown key", `{"id":"x","colour":"red"}`, "colour", "unknown key"},
		{"twice", `{"id":"x","id":"y"}`, "id", "twice"},
		{"no id", `{"municipality":"nabari"}`, "id", "missing"},
		{"municipality", `{"id":"x","municipality":"tsu"}`, "municipality", `"tsu"`},
		{"procedure", `{"id":"x","procedure":"tea"}`, "procedure", `"tea"`},
		{"applicant", `{"id":"x","applicant":"cat"}`, "applicant", `"cat"`},
		{"unknown fact", line(`,"shoe_size":27`), "facts.shoe_size", "unknown fact"},
		{"no such day", line(`,"birth":"1983-02-29"`), "facts.birth", "no such day"},
		{"not a date", line(`,"birth":"1983/02/01"`), "facts.birth", "YYYY-MM-DD"},
		{"value", line(`,"pins":{"signing":"lost"}`), "facts.pins.signing", `"lost"`},
		{"kind", line(`,"pins":{"front_door":"known"}`), "facts.pins.front_door", "unknown kind"},
		{"list", line(`,"reset":["signing","signing"]`), "facts.reset", "twice"},
		{"empty list", line(`,"reset":[]`), "facts.reset", "empty"},
		{"cert of a register", line(`,"certs":["card_info"]`), "facts.certs[0]", `"card_info"`},
		{"owner", line(`,"documents":[{"owner":"cat","doc":"passport"}]`), "facts.documents[0].owner", `"cat"`},
		{"document", line(`,"documents":[{"owner":"proxy","doc":"library_card"}]`), "facts.documents[0].doc", `"library_card"`},
		{"document key", line(`,"documents":[{"owner":"proxy","doc":"passport","nr":1}]`), "facts.documents[0].nr", "unknown key"},
		{"document's day", line(`,"documents":[{"owner":"proxy","doc":"passport","valid_until":"2025-04-31"}]`), "facts.documents[0].valid_until", "no such day"},
		{"letter", line(`,"letter":{"source":"post"}`), "facts.letter.source", `"post"`},
		{"visit", line(`,"visit":3`), "facts.visit", "not 1 or 2"},
		{"place", line(`,"place":"moon"`), "facts.place", `"moon"`},
		{"time", line(`,"time":"24:00"`), "facts.time", "no such time"},
		{"weekday", line(`,"weekday":"Day"`), "facts.weekday", `"Day"`},
		{"weekday against the date", line(`,"weekday":"Sat"`), "facts.weekday", "not the weekday of today"},
		{"birth after today", line(`,"birth":"2025-06-11"`), "facts.birth", "after today"},
		{"expiry before issue", line(`,"cert_issued":"2025-01-01","cert_expires":"2024-01-01"`), "facts.cert_expires", "before"},
		{"letter lost and there", line(`,"letter":{"source":"jlis"},"letter_lost":true`), "facts.letter_lost", "contradicts"},
		{"a stay of a national", line(`,"foreign":false,"residence_until":"2027-01-01"`), "facts.residence_until", "contradicts"},
		{"entries of no PIN", line(`,"entries":["wrong"]`), "facts.pin", "missing"},
		{"entry", line(`,"pin":"signing","entries":["maybe"]`), "facts.entries[0]", `"maybe"`},
		{"today", `{"id":"x","municipality":"nabari","procedure":"pin_reset","applicant":"self","facts":{}}`, "facts.today", "missing"},
		{"null for a flag", line(`,"foreign":null`), "facts.foreign", "not true or false"},
		{"unstated is no word", line(`,"phone_os":"unstated"`), "facts.phone_os", `"unstated"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := procedure.ParseLine([]byte(c.line), set)
			var fault *procedure.FactError
			if !errors.As(err, &fault) {
				t.Fatalf("error %v, want a FactError", err)
			}
			if c.where != "" && fault.Where != c.where || !strings.Contains(fault.What, c.what) {
				t.Errorf("%s: %s; want %s: …%s…", fault.Where, fault.What, c.where, c.what)
			}
		})
	}
}

// What can be read can be decided, whatever it is, and the same line gives the same decision.
func FuzzDecide(f *testing.F) {
	set := load(f)
	for _, name := range []string{"testdata/samples.jsonl", "testdata/cases.jsonl"} {
		for i, l := range raws(f, name) {
			if i%7 == 0 {
				f.Add(l)
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := procedure.ParseLine(raw, set)
		if err != nil {
			return
		}
		p, _ := set.City(l.Case.Municipality)
		a, err := procedure.Decide(p, &l.Case)
		if err != nil {
			t.Fatalf("read but not decided: %v", err)
		}
		b, _ := procedure.Decide(p, &l.Case)
		ja, _ := a.MarshalJSON()
		jb, _ := b.MarshalJSON()
		if string(ja) != string(jb) {
			t.Fatalf("two decisions of one case:\n%s\n%s", ja, jb)
		}
		check(t, a)
	})
}
