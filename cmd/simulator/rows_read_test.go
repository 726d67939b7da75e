// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"madoguchi/display/words"
)

var numbered = regexp.MustCompile(`^([1-9]) (.+)$`)

// lines are the numbered lines of a list on the glass.
func (m moment) lines() map[string]string {
	out := map[string]string{}
	for _, w := range m.words {
		if s := numbered.FindStringSubmatch(w); s != nil {
			out[s[2]] = s[1]
		}
	}
	return out
}

// choose presses the number of a line, on whichever page it stands.
func (h *hand) choose(m moment, text string) {
	h.t.Helper()
	for range 6 {
		lines := m.lines()
		if n, ok := lines[text]; ok {
			h.press(n)
			return
		}
		found := ""
		for l, n := range lines { // a day stands in some answers
			if strings.Contains(l, text) {
				if found != "" {
					h.t.Fatalf("%q is more than one line of %v", text, m)
				}
				found = n
			}
		}
		if found != "" {
			h.press(found)
			return
		}
		h.press("0")
		m = h.next(m)
	}
	h.t.Fatalf("no line %q on %v", text, m)
}

// answer answers a question as the run says.
func (h *hand) answer(m moment) {
	h.t.Helper()
	id := strings.TrimPrefix(m.Case.Step, "question.")
	if m.Case.Step == "office" { // it agreed, if the run goes on at the box
		h.press(map[bool]string{true: "1", false: "2"}[h.run.want.way == "issuer_link"])
		return
	}
	for _, a := range list(h.run.asked) {
		if q, text, _ := strings.Cut(a, "="); q == id {
			h.asked = append(h.asked, a)
			h.choose(m, text)
			return
		}
	}
	h.t.Errorf("asked %s, which the run does not say: %v", id, m)
	h.asked = append(h.asked, id+"="+line1(m))
	h.press("1")
}

// tick ticks the papers that are there, and checks that these and no others are asked for.
func (h *hand) tick(m moment) {
	h.t.Helper()
	all := line1(m)
	pages := []map[string]string{m.lines()}
	for slices.Contains(m.words, "0 次頁") {
		h.press("0")
		if m = h.next(m); line1(m) == all {
			break
		}
		pages = append(pages, m.lines())
	}
	delete(pages[0], all)
	asked, there, wanted := 0, 0, list(h.run.papers)
	for _, p := range pages {
		asked += len(p)
	}
	for _, p := range wanted {
		if !slices.ContainsFunc(pages, func(page map[string]string) bool { return page[p[1:]] != "" }) {
			h.t.Errorf("paper %q is not on the list: %v", p[1:], m)
		}
		if p[0] == '+' {
			there++
		}
	}
	if asked != len(wanted) {
		h.t.Errorf("papers asked for: %v, want %q", pages, h.run.papers)
	}
	if there == len(wanted) {
		h.press("1")
		return
	}
	for i, page := range pages {
		if i > 0 {
			h.press("0")
		}
		for _, p := range wanted {
			if n := page[p[1:]]; p[0] == '+' && n != "" {
				h.press(n)
			}
		}
	}
	h.press("enter")
}

// line1 is the text of the first line.
func line1(m moment) string {
	for text, n := range m.lines() {
		if n == "1" {
			return text
		}
	}
	return ""
}

// read checks a decision, and the reasons that メニュー gives for it.
func (h *hand) read(m moment) {
	h.t.Helper()
	h.decided = true
	w := h.run.want
	if _, got, _ := strings.Cut(m.Case.Step, "."); got != w.outcome || m.Case.Way != w.way {
		h.t.Errorf("decided %q, to be carried out %q; want %q, %q: %v", got, m.Case.Way, w.outcome, w.way, m)
	}
	for tag, text := range map[string]string{"料金 ": w.fee, "来庁 ": w.visits} {
		got := ""
		for _, l := range m.words {
			if s, ok := strings.CutPrefix(l, tag); ok {
				got = s
			}
		}
		if got != text {
			h.t.Errorf("%s%q, want %q: %v", tag, got, text, m)
		}
	}
	if got := after(m.words, "手続"); !slices.Equal(got, list(w.next)) {
		h.t.Errorf("it leads to %q, want %q: %v", got, w.next, m)
	}
	for _, paper := range allPapers {
		if got, missing := slices.Contains(m.words, paper), slices.Contains(list(w.missing), paper); got != missing {
			h.t.Errorf("%q is called missing: %t, want %t: %v", paper, got, missing, m)
		}
	}
	h.visitor.press("menu")
	why := h.next(m)
	row := cmp.Or(h.run.rule, h.run.row)
	named := func(l string) bool { return strings.HasPrefix(l, row+" ") }
	if slices.Contains(why.words, "メニュー ほか") && !slices.ContainsFunc(why.words, named) { // not a chief one
		h.visitor.press("menu")
		why = h.next(why)
	}
	if !slices.ContainsFunc(why.words, named) {
		h.t.Errorf("%s is not among the reasons: %v", row, why)
	}
	h.visitor.press("enter")
	h.next(why)
}

// after are the lines that follow a tag, without their numbers.
func after(words []string, tag string) (out []string) {
	for i, w := range words {
		if w == tag && i+1 < len(words) {
			out = append(out, strings.TrimLeft(words[i+1], "123456789 "))
		}
	}
	return out
}

// list is what stands between semicolons.
func list(s string) (out []string) {
	for _, x := range strings.Split(s, ";") {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// line is how the clerk's lists call a code.
func line(t *testing.T, code string) string {
	t.Helper()
	cat, err := words.New()
	if err != nil {
		t.Fatal(err)
	}
	text, err := cat.Text("ja", "clerk.line."+code, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(text, "|", "")
}
