// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// forgets decides about a procedure for the holder who has forgotten a PIN, "" for none, with all papers there.
func (w *world) forgets(p record.Procedure, kinds Key, pins string) {
	w.t.Helper()
	w.code(true)
	w.choose(p)
	w.press(Key1)
	if w.s.step == stepKinds {
		w.press(kinds)
	}
	for w.s.step == stepQuestion || w.s.step == stepDocuments {
		if w.s.step == stepQuestion && w.s.asking() == "pins" && pins != "" {
			w.reply("pins", pins)
			continue
		}
		w.press(Key1)
	}
	w.at(stepDecision)
}

// says is a paragraph of the screen.
func (w *world) says(code string) display.Para {
	for _, p := range w.s.screen.Facts.Paras {
		if p.Code == code {
			return p
		}
	}
	return display.Para{}
}

// TestWayByLine: what is done over the line is called by its own name, and a chain by both.
func TestWayByLine(t *testing.T) {
	for _, tc := range []struct {
		procedure record.Procedure
		kinds     Key
		pins      string
		want      string
	}{
		{record.PinReset, Key3, "", "この装置(回線で再設定)"},
		{record.CertNewIssue, Key1, "", "この装置(回線で発行)"},
		{record.CertRenewal, 0, "", "この装置(回線で更新)"},
		{record.CertRenewal, 0, "signing", "この装置(回線で再設定・更新)"},
		{record.SuspensionRelease, 0, "", "この装置(回線で一時停止解除・発行)"},
	} {
		w := newWorld(t)
		w.linked("nabari")
		w.forgets(tc.procedure, tc.kinds, tc.pins)
		if got := w.says("way"); got.Text != tc.want {
			t.Errorf("%v, forgotten %q: %+v, want %q", tc.procedure, tc.pins, got, tc.want)
		}
	}
}

// TestIssuedSays: what was done is called by its own name on the last screens, too, and after a power cut.
func TestIssuedSays(t *testing.T) {
	for p, want := range map[record.Procedure][2]string{
		record.PinReset: {"reset", "reset"}, record.CertRenewal: {"renewal", "renewal"}, record.CertNewIssue: {"cert", "issue"}, record.SuspensionRelease: {"release", "release"},
	} {
		m := &machine{State: New(Config{})}
		m.step, m.procedure = stepIssued, p
		if _, f := m.drawIssue(display.Facts{}); f.Reason != want[0] {
			t.Errorf("%v ends as %q, want %q", p, f.Reason, want[0])
		}
		s, _ := Step(New(Config{}), Event{At: noon, Kind: Start, Open: true, Journal: Entry{Procedure: p, Applicant: Self, Week: mustWeek(), Op: OpIssue, Recorded: true}})
		if got := s.Shows(); got.ID != display.ClerkInterrupted || got.Facts.Reason != want[1] {
			t.Errorf("%v cut off: %s %q, want %q", p, got.ID, got.Facts.Reason, want[1])
		}
	}
}

// TestFeeOfWhatIsDone: a redirect costs what it leads to. Nabari's renewal is free and the page is silent on its reset (Q27 there); Sakuragawa's are both free.
func TestFeeOfWhatIsDone(t *testing.T) {
	for _, tc := range []struct {
		city, pins string
		link       bool
		want       display.Para
	}{
		{"nabari", "", true, display.Para{Code: "fee"}},
		{"nabari", "signing", true, display.Para{Code: "fee", Word: "unknown"}},
		{"nabari", "signing", false, display.Para{Code: "fee", Word: "unknown"}},
		{"sakuragawa", "signing", true, display.Para{Code: "fee"}},
	} {
		w := newWorld(t)
		if w.under(tc.city, ""); tc.link {
			w.linked(tc.city)
		}
		w.forgets(record.CertRenewal, 0, tc.pins)
		if d := cmp.Diff(tc.want, w.says("fee")); d != "" {
			t.Errorf("%s, forgotten %q (-want +got):\n%s", tc.city, tc.pins, d)
		}
	}
}

// TestWhy: the rows that decided come first, few, with what is to be confirmed and what was answered; メニュー turns to all the others and back, and no row is lost or
// shown twice.
func TestWhy(t *testing.T) {
	for _, city := range policy.EmbeddedCities() {
		for _, p := range counterMatters {
			for _, who := range []Key{Key1, Key2, Key3} {
				w := newWorld(t)
				w.under(city, "")
				w.lay(endsSoon())
				w.code(true)
				w.choose(p)
				w.press(who)
				w.usual(stepDecision)
				w.press(KeyMenu)
				w.at(stepClerkWhy)
				first := w.sources()
				w.press(KeyMenu)
				w.at(stepClerkWhy)
				rest := w.sources()
				w.press(KeyMenu)
				if d := cmp.Diff(first, w.sources()); d != "" {
					t.Errorf("%s %v: back at the first reasons (-first +now):\n%s", city, p, d)
				}
				if w.press(KeyEnter); w.s.step != stepDecision {
					t.Errorf("%s %v: 確認 leads to %v", city, p, w.s.step)
				}
				if len(first) > 4 {
					t.Errorf("%s %v by %d: %d rows come first: %v", city, p, who, len(first), first)
				}
				n := 0
				for _, r := range w.s.inquiry.verdict.Because {
					if r.Source == "default" {
						continue
					}
					n++
					row := r.Rule + " " + shortSource(r.Source)
					if a, b := count(first, row), count(rest, row); a+b != 1 && !(a == 1 && b == 1 && len(first) == len(rest)-1) {
						t.Errorf("%s %v: %s stands %d and %d times", city, p, row, a, b)
					}
				}
				if out := w.s.inquiry.verdict.Outcome(); out != "" && n > 0 && len(first) == 0 && !slices.ContainsFunc(w.s.inquiry.verdict.Because, func(r *policy.Ref) bool { return r.Source == "default" }) {
					t.Errorf("%s %v: %s for no reason", city, p, out)
				}
			}
		}
	}
}

// sources are the rows that the reasons name, on all pages.
func (w *world) sources() (out []string) {
	m := &machine{State: w.s}
	for _, p := range m.reasons() {
		if p.Code == "source" {
			out = append(out, p.Text)
		}
	}
	return out
}

func count(all []string, s string) (n int) {
	for _, x := range all {
		if strings.HasPrefix(x, s) {
			n++
		}
	}
	return n
}

// TestWhyFirst: a renewal is open because of its row and of the window, free because of the row on fees.
func TestWhyFirst(t *testing.T) {
	w := newWorld(t)
	w.under("nabari", "")
	w.lay(endsSoon())
	w.forgets(record.CertRenewal, 0, "")
	w.press(KeyMenu)
	if d := cmp.Diff([]string{"N1 000:82-88", "window 000:45,67", "fee_free 000:45,60,75-77"}, w.sources()); d != "" {
		t.Errorf("first reasons (-want +got):\n%s", d)
	}
	if w.s.presence != card.Present {
		t.Error("the card is gone")
	}
}
