// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strconv"
	"strings"
)

// A text is one page of paragraphs, under a verdict or not.
type text struct {
	verdict, icon string
	hang          int      // half columns
	pinned        []worded // fee and visits, in the row under the verdict
	paras         []worded // all of them, for the voice
	rows          []row    // of the page
}

// A dateEntry is a date that is being typed.
type dateEntry struct {
	title, digits string
	signs         []rune // after year, month and, in some languages, day
	fault         string
}

// isList reports whether a screen is a list of lines that the session gives.
func (b *builder) isList() bool {
	switch b.s.ID {
	case ClerkProcedure, ClerkApplicant, ClerkQuestion, ClerkDocuments:
		return true
	}
	return false
}

// isText reports whether a screen is paragraphs in pages.
func (b *builder) isText() bool {
	switch b.s.ID {
	case ClerkDecision, ClerkWhy, ClerkTell, ClerkGuide, ClerkNotice, ClerkClaimFound:
		return true
	}
	return false
}

// list puts the lines into words.
func (b *builder) list() *list {
	f := b.s.Facts
	l := &list{title: f.Title}
	if len(f.Lines) == 0 {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "line", Value: ""})
	}
	for i, n := range f.Lines {
		words := n.Text
		if words == "" {
			words = b.tr("clerk.line." + n.Code)
		}
		l.lines = append(l.lines, listLine{text: words, tick: n.Tick, marked: f.Choice == i+1})
		l.ticks = l.ticks || n.Tick != TickNone
	}
	if len(f.Paras) > 0 {
		p := f.Paras[0]
		l.warn = b.tr("clerk.warn." + p.Code + "." + p.Word)
	}
	return l
}

// text lays the paragraphs on pages. Fee and visits stand under the verdict and are not among them.
func (b *builder) text() [][]row {
	top := 0
	if b.s.Facts.Verdict != "" {
		top = topRows
	}
	paras, pinned := b.paras()
	if len(pinned) > 0 {
		top++
	}
	return flow(paras, b.hang(), top)
}

// hang is the half columns of a head and the gap after it: two full letters, or six half ones.
func (b *builder) hang() int {
	if b.s.Lang == Japanese {
		return 5
	}
	return 7
}

// paras puts the paragraphs into words; pinned are those that stand beside each other under a verdict.
func (b *builder) paras() (paras, pinned []worded) {
	nexts := 0
	for _, p := range b.s.Facts.Paras {
		if p.Code == "next" {
			nexts++
		}
	}
	step := 0
	for _, p := range b.s.Facts.Paras {
		w := worded{text: p.Text}
		if p.Code != "" {
			w.tag = b.tr("clerk.head." + p.Code)
		}
		if w.text == "" {
			w.text = b.word(p)
		}
		switch {
		case p.Code == "missing":
			w.tag, w.mark = "", markBox
		case p.Code == "tell" && b.s.ID != ClerkDecision:
			w.tag, w.mark = "", markDot
		case p.Code == "next" && nexts > 1:
			step++
			w.text = strconv.Itoa(step) + " " + w.text
		}
		room := []int{pinCols - 1 - b.hang(), textCols - pinCols - b.hang(), -1}[len(pinned)]
		if (p.Code == "fee" || p.Code == "visits") && b.s.Facts.Verdict != "" && measure(w.text, halves) <= room {
			pinned = append(pinned, w)
			continue
		}
		paras = append(paras, w)
	}
	return paras, pinned
}

// word is what the catalogue says for a paragraph without Text.
func (b *builder) word(p Para) string {
	key := "clerk.para." + p.Code
	switch p.Code {
	case "fee", "visits":
		b.view.N, b.view.Yen = p.N, thousands(p.N)
		switch {
		case p.Word != "":
			return b.tr(key + "." + p.Word)
		case p.Code == "fee" && p.N == 0:
			return b.tr(key + ".free")
		}
		return b.tr(key+".n", p.N)
	case "opens":
		return b.date(p.Date, "date.weekday")
	case "next", "who":
		return b.tr("clerk.line." + p.Word)
	case "since", "until":
		return b.date(p.Date, "date.weekday")
	case "stand":
		return b.tr(key + "." + p.Word)
	case "reason":
		if !b.has(key + "." + p.Word) {
			return strings.ReplaceAll(p.Word, "_", " ") // a policy may be newer than the words
		}
		return b.tr(key + "." + p.Word)
	case "way":
		return b.tr(key + "." + p.Word)
	case "default":
		return b.tr(key + ".confirm")
	case "place", "hours":
		return b.tr("clerk.warn." + p.Code + "." + p.Word)
	}
	b.fail(&UnknownError{ID: b.s.ID, Fact: "words of a paragraph", Value: p.Code})
	return ""
}

// thousands writes a sum as bills do: 1,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// textPage is the page of a text that is asked for.
func (b *builder) textPage(p *page) {
	f := b.s.Facts
	t := &text{hang: b.hang()}
	if f.Verdict != "" && !slices.Contains(Verdicts, f.Verdict) {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "verdict", Value: f.Verdict})
		return
	}
	pages := b.text()
	n := min(max(1, f.Page), len(pages)) // there may be fewer in this language
	t.rows = pages[n-1]
	if n == 1 {
		t.paras, t.pinned = b.paras()
		if t.icon = f.Verdict; t.icon != "" {
			t.verdict = b.tr("clerk.verdict." + t.icon)
		}
	}
	p.text = t
	keys := ""
	if n > 1 {
		keys = "▲"
		if f.Verdict != "" {
			p.left = b.tr("clerk.verdict." + f.Verdict) // the first page says it large
		}
	}
	if n < len(pages) {
		keys += "▼"
	}
	p.right = turned(n, len(pages), keys)
}

// turned is the mark of page n of several; keys are those that turn.
func turned(n, pages int, keys string) string {
	if pages < 2 {
		return ""
	}
	return keys + strconv.Itoa(n) + "/" + strconv.Itoa(pages)
}

// clerkHead: a list or text says what it is at the left and, a list, which page at the right.
func (b *builder) clerkHead(p *page) {
	f := b.s.Facts
	id := string(b.s.ID)
	p.right = turned(max(1, f.Page), f.Pages, "")
	if p.left = b.maybe(id + ".head"); p.left == "" && f.Procedure != "" {
		p.left = b.tr("clerk.line." + f.Procedure)
	}
	if p.left == "" {
		p.left = b.tr("head.clerk")
	}
	if b.s.ID == ClerkQuestion && p.right == "" && f.Rest > 0 {
		b.view.N = f.Rest
		p.right = b.tr("clerk.question.rest", f.Rest)
	}
}

// dateEntry is a date being typed: year, month, day.
func (b *builder) dateEntry(p *page) {
	f := b.s.Facts
	d := &dateEntry{title: f.Title, digits: f.Text}
	if d.title == "" {
		d.title = b.tr("clerk.date.title")
	}
	if len(d.digits) > 8 || strings.Trim(d.digits, "0123456789") != "" {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "date", Value: d.digits})
	}
	d.signs = []rune(b.tr("clerk.date.signs"))
	switch f.Fault {
	case "":
	case "no_such_day", "out_of_range":
		d.fault = b.tr("clerk.date." + f.Fault)
	default:
		b.fail(&UnknownError{ID: b.s.ID, Fact: "fault", Value: f.Fault})
	}
	p.date = d
}
