// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"go/types"
	"strings"
	"testing"
	"time"

	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

func someState() State {
	return State{record.CertRenewal, record.Self, LetterMailed, Handover, 1057, 1117, 1}
}

var sameNumber = cmp.Comparer(func(a, b Number) bool { return a == b })

func testKey() (ed25519.PublicKey, ed25519.PrivateKey) {
	k := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	return k.Public().(ed25519.PublicKey), k
}

// What lies behind a number is made of closed sets and days: nothing that could name a person fits. Whoever adds a field meets this test.
func TestStateHasNoIdentity(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedTypes | packages.NeedImports | packages.NeedDeps | packages.NeedName}, "madoguchi/sync/claim")
	if err != nil || len(pkgs) != 1 || len(pkgs[0].Errors) > 0 {
		t.Fatalf("loading package: %v %v", err, pkgs)
	}
	fields := pkgs[0].Types.Scope().Lookup("State").Type().Underlying().(*types.Struct)
	want := []string{"Procedure", "Applicant", "Step", "Way", "Issued", "Expires", "Rev"}
	var got []string
	for f := range fields.Fields() {
		got = append(got, f.Name())
		b, ok := f.Type().Underlying().(*types.Basic)
		if _, named := f.Type().(*types.Named); !named || !ok || b.Kind() != types.Uint8 && b.Kind() != types.Uint16 {
			t.Errorf("field %s is a %v: no closed set", f.Name(), f.Type())
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMessagesComeBack(t *testing.T) {
	pub, key := testKey()
	n := draw(t)
	longest := 0
	for _, p := range record.Procedures() {
		for _, a := range []record.Applicant{record.Self, record.LegalRepresentative, record.Proxy} {
			for _, step := range Steps() {
				for _, w := range Ways() {
					s := State{p, a, step, w, 1, 367, 255}
					text, err := s.Encode()
					must(t, err)
					if back, err := DecodeState(text); err != nil || back != s {
						t.Fatalf("%s: %+v, %v", text, back, err)
					}
					put := Put{n, s, NewNonce()}
					if text, err = put.Encode(); err != nil {
						t.Fatal(err)
					}
					if back, err := DecodePut(text); err != nil || back != put {
						t.Fatalf("%s: %+v, %v", text, back, err)
					}
					longest = max(longest, len(text))
				}
			}
		}
	}
	get := Get{n, NewNonce()}
	text, err := get.Encode()
	must(t, err)
	if back, err := DecodeGet(text); err != nil || back != get {
		t.Errorf("%s: %+v, %v", text, back, err)
	}
	// The longest of all answers fits the wall's frame.
	a := Answer{strings.Repeat("x", record.MaxDeviceName), n, get.Nonce, Found, State{record.ConvenienceCertificates, record.LegalRepresentative, LetterMailed, IssuerLink, 1, 367, 255}}
	text, err = SignAnswer(key, a)
	must(t, err)
	if len(text) > MaxMessage || longest > MaxMessage {
		t.Errorf("answer %d bytes, put %d, limit %d", len(text), longest, MaxMessage)
	}
	t.Logf("longest put %d bytes, longest signed answer %d of %d", longest, len(text), MaxMessage)
	back, err := OpenAnswer(pub, a.Device, text)
	if d := cmp.Diff(a, back, sameNumber); d != "" || err != nil {
		t.Error(d, err)
	}
	for _, v := range []Verdict{Stored, Unknown, Busy, Refused} {
		a := Answer{Device: "box-1", Number: n, Nonce: get.Nonce, Verdict: v}
		text, err := SignAnswer(key, a)
		must(t, err)
		if back, err := OpenAnswer(pub, "box-1", text); err != nil || back != a {
			t.Errorf("%v: %+v, %v", v, back, err)
		}
	}
}

func TestMessagesRefused(t *testing.T) {
	n := draw(t)
	text, err := Put{n, someState(), Nonce{1}}.Encode()
	must(t, err)
	good := string(text)
	for _, swap := range [][2]string{
		{"", " "}, {`"n"`, `"N"`}, {`"c"`, `"name":"x","c"`}, {`"a":"self"`, `"a":"self","a":"self"`}, {"self", "myself"}, {"cert_renewal", "cert"}, {"letter_mailed", "later"},
		{"handover", "by_hand"}, {"claim-put/1", "claim-put/2"}, {n.Plain(), n.String()}, {n.Plain(), strings.ToLower(n.Plain())}, {n.Plain(), "0000000"}, {`"v":1`, `"v":0`}, {`"v":1`, `"v":256`},
		{`"v":1`, `"v":1.0`}, {"0100000000000000", "01"}, {"0100000000000000", "010000000000000G"}, {`"d":"2026`, `"d":"2036`}, {`"e":"2027`, `"e":"2028`}, {`"d":"2026-11-22"`, `"d":"2026-11-32"`},
	} {
		bad := strings.Replace(good, swap[0], swap[1], 1)
		if bad == good {
			t.Fatalf("%v changes nothing in %s", swap, good)
		}
		if p, err := DecodePut([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", bad, p)
		}
	}
	for _, bad := range []string{"", "null", "[]", `{"c":null,"n":"` + n.Plain() + `","q":"0100000000000000","s":"madoguchi.claim-put/1"}`, strings.Repeat("x", MaxMessage+1)} {
		if _, err := DecodePut([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if _, err := DecodeGet(text); err == nil {
		t.Error("a put was read as a question")
	}
	if _, err := (Put{Number{}, someState(), Nonce{}}).Encode(); !errors.Is(err, ErrForm) {
		t.Error("no number was written", err)
	}
	if _, err := (Get{}).Encode(); !errors.Is(err, ErrForm) {
		t.Error("no number was asked for", err)
	}
}

func TestAnswersRefused(t *testing.T) {
	pub, key := testKey()
	_, other := ed25519.PublicKey(nil), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	n := draw(t)
	a := Answer{Device: "box-1", Number: n, Nonce: Nonce{2}, Verdict: Found, State: someState()}
	text, err := SignAnswer(key, a)
	must(t, err)
	if _, err := OpenAnswer(pub, "box-2", text); err == nil {
		t.Error("another box's answer was taken")
	}
	forged, err := SignAnswer(other, a)
	must(t, err)
	if _, err := OpenAnswer(pub, "box-1", forged); !errors.Is(err, record.ErrSignature) {
		t.Errorf("forged: %v", err)
	}
	ack, err := record.SignAck(key, record.Ack{Device: "box-1", Epoch: 1})
	must(t, err)
	if _, err := OpenAnswer(pub, "box-1", ack); err == nil {
		t.Error("a receipt was taken for an answer")
	}
	if _, err := record.OpenAck(pub, text); err == nil {
		t.Error("an answer was taken for a receipt")
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 1
		if got, err := OpenAnswer(pub, "box-1", bad); err == nil && got != a {
			t.Fatalf("byte %d: taken as %+v", i, got)
		}
	}
	for _, payload := range []string{
		`{"c":{"a":"self"},"device":"box-1","n":"` + n.Plain() + `","q":"0200000000000000","r":"unknown"}`,
		`{"device":"box-1","n":"` + n.Plain() + `","q":"0200000000000000","r":"found"}`,
		`{"device":"box-1","n":"` + n.Plain() + `","q":"0200000000000000","r":"maybe"}`,
		`{"device":"box-1","n":"` + n.Plain() + `","q":"0200000000000000","r":"stored","x":1}`,
		`{"device":"box/1","n":"` + n.Plain() + `","q":"0200000000000000","r":"stored"}`,
	} {
		text, err := record.Sign(key, AnswerType, []byte(payload), MaxMessage)
		must(t, err)
		if got, err := OpenAnswer(pub, "box-1", text); err == nil {
			t.Errorf("%s: taken as %+v", payload, got)
		}
	}
	for _, bad := range []Answer{{}, {Device: "box-1", Number: n, Verdict: Stored, State: someState()}, {Device: "box-1", Number: n, Verdict: Found}, {Device: "box-1", Number: n, Verdict: 9}} {
		if _, err := SignAnswer(key, bad); err == nil {
			t.Errorf("%+v was signed", bad)
		}
	}
}

func TestExpiry(t *testing.T) {
	today := DayOf(time.Date(2026, 11, 22, 23, 59, 0, 0, japan))
	if today.String() != "2026-11-22" || DayOf(time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)).String() != "2026-11-23" {
		t.Errorf("today is %v", today)
	}
	for _, tc := range []struct {
		step   Step
		letter int
		want   string
	}{
		{AtTerminal, 0, "2026-11-23"}, {LeaveCheck, 90, "2026-11-23"}, {LetterMailed, 0, "2027-01-21"}, {LetterMailed, 30, "2026-12-22"}, {LetterMailed, 9999, "2027-11-23"}, {PapersWanted, 0, "2027-01-21"},
	} {
		if got := ExpiryOf(tc.step, today, tc.letter).String(); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.step, got, tc.want)
		}
	}
	s := someState()
	s.Issued, s.Expires = today, today+1
	closed := s
	closed.Step = Closed
	if !s.Live(today+1) || s.Live(today+2) || !s.Live(0) || closed.Live(today) || (State{}).Live(today) {
		t.Error("expiry is not as documented")
	}
	for _, at := range []time.Time{time.Unix(0, 0), {}, time.Date(2023, 12, 30, 0, 0, 0, 0, japan), time.Date(2300, 1, 1, 0, 0, 0, 0, japan)} {
		if d := DayOf(at); d != 0 {
			t.Errorf("%v is day %v", at, d)
		}
	}
	for d := Day(1); d < 3000; d++ {
		if back, err := ParseDay(d.String()); err != nil || back != d || DayOf(d.Start()) != d || DayOf(d.Start().Add(24*time.Hour-1)) != d {
			t.Fatalf("day %d is %v, %v", d, back, err)
		}
	}
}

func TestThrottle(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, japan)
	var th Throttle
	var got []time.Duration
	for range 22 {
		if th = th.Miss(now); th.Wait(now) > 0 {
			got = append(got, th.Wait(now))
			now = th.Until
		}
	}
	if d := cmp.Diff([]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 15 * time.Minute}, got); d != "" {
		t.Error(d)
	}
	if w := th.Wait(now.Add(-48 * time.Hour)); w > 15*time.Minute {
		t.Errorf("a clock that was set back makes the wait %v", w)
	}
	// A guesser at city hall: numbers of one box that are live, against how often it may ask.
	g := &Guard{}
	asked := 0
	for s := range 24 * 3600 {
		if g.Allow("box-1", now.Add(time.Duration(s)*time.Second)) {
			asked++
		}
	}
	if asked < 24*30 || asked > 24*30+defaultBurst {
		t.Errorf("%d questions in a day", asked)
	}
	many := 0
	for i := range 1000 {
		if g.Allow(strings.Repeat("b", 1+i%30)+string(rune('a'+i/30%26)), now.Add(25*time.Hour)) {
			many++
		}
	}
	if many > defaultBurst*cityFactor {
		t.Errorf("%d questions of all boxes at once", many)
	}
	later := now.Add(100 * time.Hour)
	if !g.Allow("box-9", later) || len(g.boxes) > 1 {
		t.Errorf("%d boxes are remembered", len(g.boxes))
	}
}
