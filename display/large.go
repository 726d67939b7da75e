// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strings"
)

// Large print is for residents who cannot read the body's 32 px: everything that is read stands in 40 px on the 4.2" panel (8.5 mm) and in up
// to 64 px on the 7.5" one, at most five rows on a page. What takes more rows is parted between paragraphs, and 確認 goes on to the next page;
// an answer is given on the last one. Rows are broken for the smallest panel, so that a page is the same on all. Three things stay as they are: the
// table of letters, which fills the glass already, the review, whose one character is larger anyway, and head and foot.
const (
	bigPrint   = 40
	bigRows    = 5
	bigChoices = 4
)

// A bigPage is one page in large print.
type bigPage struct {
	rows []bigRow
}

// A bigRow is one row of it; a title has a rule under it, tries have dots.
type bigRow struct {
	text         string
	small        bool // a word is wider than the row in large print
	number       bool // to be copied: as high as this row and the empty one below it
	first, title bool
	tries        *tries
}

// Pages returns the number of pages of a resident's screen, at least 1: of what a policy tells, and of anything in large print. Facts.Page says which one is drawn.
func Pages(s Screen) int {
	cat, err := catalogue()
	if err != nil {
		return 1
	}
	p, err := build(cat, s)
	if err != nil {
		return 1 // Render says what is wrong
	}
	return max(1, p.pages)
}

// enlarge lays a page in large print.
func (b *builder) enlarge(p *page) {
	p.large = true
	switch {
	case p.entry != nil, p.review != "":
		return
	case len(p.choices) > 0:
		b.enlargeChoices(p)
		return
	}
	paras := bigParas(p)
	pages := bigFlow(paras)
	if n := len(paras); len(pages) > 1 && slices.Contains(b.info.Keys, "any") { // no key turns a page here: the question and what to do must do
		pages = bigFlow([][]bigRow{paras[0], paras[n-1]})
	}
	if len(pages) == 0 {
		return // Wipe
	}
	p.pages = len(pages)
	n := min(max(1, b.s.Facts.Page), p.pages)
	p.big = &bigPage{rows: pages[n-1]}
	if p.more = n < p.pages; p.pages > 1 {
		p.right = turned(n, p.pages, "")
	}
}

// enlargeChoices shows the marked line's page of a choice; its question stands in the head.
func (b *builder) enlargeChoices(p *page) {
	at := max(0, slices.IndexFunc(p.choices, func(o option) bool { return o.marked })) / bigChoices
	n := (len(p.choices) + bigChoices - 1) / bigChoices
	p.left, p.right = plain(p.title), turned(at+1, n, "")
	p.choices = p.choices[at*bigChoices : min(len(p.choices), (at+1)*bigChoices)]
}

// bigParas are the paragraphs of a page, each in its rows.
func bigParas(p *page) [][]bigRow {
	var out [][]bigRow
	add := func(text string, title bool) {
		if text == "" {
			return
		}
		rows := bigLines(text)
		for i := range rows {
			rows[i].title = title
		}
		rows[0].first = true
		out = append(out, rows)
	}
	if p.told != nil {
		for _, t := range p.told.all {
			if t == p.told.number && t != "" {
				out = append(out, []bigRow{{text: t, number: true, first: true}, {}})
				continue
			}
			add(t, false)
		}
		return out
	}
	add(p.title, true)
	for _, l := range p.board {
		add(l.name+" "+cmpText(l.state, l.count), false)
	}
	for _, t := range p.paras {
		add(t, false)
	}
	for _, t := range p.small {
		add(t, false)
	}
	if p.tries != nil {
		out = append(out, []bigRow{{text: p.tries.text, tries: p.tries, first: true}})
	}
	return out
}

// cmpText is the first of two texts that is not empty.
func cmpText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// bigLines breaks a paragraph for large print. A word that is too wide for a row takes the paragraph to the body's print.
func bigLines(text string) []bigRow {
	size := bigPrint
	if widest(text, size) > toldWidth {
		size = toldPrint
	}
	var out []bigRow
	for para := range strings.SplitSeq(text, "\n") {
		for _, l := range toldLines(para, size) {
			out = append(out, bigRow{text: l, small: size < bigPrint})
		}
	}
	return out
}

// widest is the width of the widest piece of a text that is written with spaces; what is written without them breaks anywhere.
func widest(text string, size int) int {
	w := 0
	for _, p := range pieces(strings.ReplaceAll(text, "\n", " ")) {
		if rs := []rune(p.text); len(rs) > 1 && inWord(rs[0]) {
			w = max(w, measure(p.text, outsideWidth(size)))
		}
	}
	return w
}

// bigFlow lays paragraphs on pages of five rows. A paragraph that fits on a page is not parted.
func bigFlow(paras [][]bigRow) [][]bigRow {
	var pages [][]bigRow
	var page []bigRow
	for _, rows := range paras {
		if len(page) > 0 && len(page)+len(rows) > bigRows && len(rows) <= bigRows {
			pages, page = append(pages, page), nil
		}
		for _, r := range rows {
			if len(page) == bigRows {
				pages, page = append(pages, page), nil
			}
			page = append(page, r)
		}
	}
	if len(page) > 0 {
		pages = append(pages, page)
	}
	return pages
}
