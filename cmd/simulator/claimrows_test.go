// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/world"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// opensNothing types a number from rest and expects that it opens nothing, with these words about why and what to do.
func (v *visitor) opensNothing(number string, says ...string) {
	v.t.Helper()
	if s := v.continues(number); s.Screen != "clerk.claim.none" {
		v.t.Fatalf("%s opens: %s %+v", number, s.Screen, s.Case)
	}
	v.reads(says...)
	v.press("cancel")
	v.until("clerk.procedure")
	v.press("cancel")
	v.until("idle")
}

// reads expects texts on the glass, wherever the lines are broken.
func (v *visitor) reads(texts ...string) {
	v.t.Helper()
	lines := (&hand{visitor: v}).words()
	for _, text := range texts {
		if !strings.Contains(strings.Join(lines, ""), text) {
			v.t.Errorf("%q does not stand on %q", text, lines)
		}
	}
}

// visits carries a proxy's PIN reset to its end, its papers there; answers are keys by question. It returns the questions and the decision.
func (v *visitor) visits(answers map[string]string) (asked []string, decision string, last world.State) {
	v.t.Helper()
	s, asked := v.decides(answers, "clerk.decision")
	_, decision, _ = strings.Cut(s.Case.Step, ".")
	v.press("enter")
	last, _ = v.decides(answers, "clerk.closed", "idle")
	if last.Screen == "idle" {
		return asked, decision, last
	}
	v.press("cancel") // the clerk has read it
	v.until("idle")
	return asked, decision, last
}

// begins opens a first visit from rest.
func (v *visitor) begins() {
	v.until("idle")
	v.press("enter")
	v.until("clerk.code")
	v.press("2", "4", "6", "8", "enter")
	v.until("clerk.procedure")
	v.press("5") // PIN reset
}

// TestNumbersOfTwoWindows: a city whose second visit must be at the window of the first. What a number opens where, what the clerk reads when it opens nothing, and that it opens once.
func TestNumbersOfTwoWindows(t *testing.T) {
	first, a := openWorld(t, world.Opts{City: "matsue", Office: "city_hall", Date: date(2026, 11, 24), Quiet: 30 * time.Millisecond})
	_, b := openWorld(t, world.Opts{City: "matsue", Office: "aeon_matsue", Date: date(2026, 11, 24), Quiet: 30 * time.Millisecond, Beside: first})

	a.begins()
	_, decision, last := a.visits(nil)
	if decision != "first_visit" || last.Case == nil || last.Case.Claim == "" {
		t.Fatalf("the first visit is decided %q and ends with %+v", decision, last.Case)
	}
	number := last.Case.Claim
	a.only(record.PinReset, record.HandedOver)

	// A slip of the hand costs nothing, and stands there to be mended.
	plain := []byte(strings.ReplaceAll(number, "-", ""))
	i := 2
	for ; plain[i] == plain[i+1]; i++ {
	}
	plain[i], plain[i+1] = plain[i+1], plain[i]
	b.until("idle")
	b.press("enter")
	b.until("clerk.code")
	b.press("2", "4", "6", "8", "enter")
	b.until("clerk.procedure")
	b.press("6")
	b.until("clerk.claim")
	b.types(string(plain))
	b.until("clerk.claim")
	b.reads("1字違いか入れ違い。控えを確認", string(plain[:2]))
	b.press("clear", "cancel", "cancel")
	b.press("cancel")
	b.home()

	// Numbers that nobody has: of a box that there is, and of none.
	n, err := claim.Parse(number)
	if err != nil {
		t.Fatal(err)
	}
	never, err := claim.Draw(n.Prefix(), func(o claim.Number) bool { return o == n })
	if err != nil {
		t.Fatal(err)
	}
	b.opensNothing(never.String(), "見つかりません", "終わったか、期限が過ぎた番号です。", "控えと同じなら、初めから受け付けてください。", "あと4回")
	var strange claim.Number
	for k := 0; ; k++ {
		p := claim.PrefixOf(fmt.Sprint("no box ", k))
		if p == n.Prefix() {
			continue
		}
		if strange, err = claim.Draw(p, func(claim.Number) bool { return false }); err != nil {
			t.Fatal(err)
		}
		break
	}
	b.opensNothing(strange.String(), "別の市の番号です", "頭の2文字が、この市のものではありません。", "控えを確かめてください。")

	// The other window hears of it over the broker, asks where the first visit was, and refuses; the number stays good.
	if s := b.continues(number); s.Screen != "clerk.claim.found" || s.Case.Procedure != "pin_reset" {
		t.Fatalf("at the other window: %s %+v", s.Screen, s.Case)
	}
	asked, decision, last := b.visits(map[string]string{"visit1_place": "2"})
	if decision != "refuse" || !slices.Contains(asked, "visit1_place") || slices.Contains(asked, "visit") || last.Screen != "idle" {
		t.Errorf("at the other window it is decided %q after %v, and ends at %s", decision, asked, last.Screen)
	}
	b.post("/api/line", `{"up":false}`)
	b.await("the box knows", func() bool { return strings.Contains(fmt.Sprint((&hand{visitor: b}).words()), "回線") })
	b.opensNothing(number, "回線が切れています", "ほかの窓口の番号は、調べられません。", "初めから受け付けられます。")
	b.post("/api/line", `{"up":true}`)

	// The window of the first visit goes on, also without a line, and is not asked where it was.
	a.post("/api/line", `{"up":false}`)
	if s := a.continues(number); s.Screen != "clerk.claim.found" {
		t.Fatalf("at the first window: %s %+v", s.Screen, s.Case)
	}
	asked, decision, _ = a.visits(nil)
	if decision != "complete" || slices.Contains(asked, "visit1_place") || slices.Contains(asked, "visit") {
		t.Errorf("at the first window it is decided %q after %v", decision, asked)
	}
	a.post("/api/line", `{"up":true}`)
	a.await("three cases at city hall", func() bool { return len(a.cases()) == 3 })
	a.opensNothing(number, "終わった番号です", "この手続きは、もう終わっています。", "別の用件なら、初めから受け付けてください。")
	b.opensNothing(number, "見つかりません", "控えと同じなら、初めから受け付けてください。")

	// The letter's days pass.
	a.begins()
	_, _, last = a.visits(nil)
	late := last.Case.Claim
	a.await("four cases at city hall", func() bool { return len(a.cases()) == 4 })
	for _, v := range []*visitor{a, b} {
		v.post("/api/clock", `{"advance":"1490h"}`) // 62 days
		v.until("idle")
	}
	a.opensNothing(late, "期限切れの番号です", "使える日を過ぎています。", "初めから受け付けてください。")
	b.opensNothing(late, "期限切れの番号です", "使える日を過ぎています。", "初めから受け付けてください。")
	for _, text := range a.records() {
		if s := string(text); strings.Contains(s, number) || strings.Contains(s, late) || !json.Valid(text) {
			t.Errorf("a record holds a number: %s", s)
		}
	}
}

// home goes back to rest by 取消.
func (v *visitor) home() {
	v.t.Helper()
	for range 12 {
		s := v.state()
		if s.Screen == "idle" && !s.Busy {
			return
		}
		if !s.Busy {
			v.press("cancel")
		}
		v.await("rest", func() bool { n := v.state(); return !n.Busy })
	}
	v.t.Fatalf("no rest: %+v", v.state())
}
