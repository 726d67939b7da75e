// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strings"
	"unicode"

	"madoguchi/display/fonts"
)

// Texts that a policy brings are drawn for residents in the print of the body, whose glyph files hold the letters of every language beyond
// the catalogue. Rows are broken for the smallest panel, so that a page is the same on all.
const (
	toldPrint = 32
	toldWidth = 384 // pixels of a row
	toldRows  = 5   // of a page
)

// Told returns the paragraphs that a resident who reads l is shown of a text from outside. texts holds it by languages. Where the resident's
// is not among them, or has a letter that this program has no glyph for, やさしい日本語 stands there and the Japanese under it,
// so that the clerk can help to read it. It is empty if nothing can be shown.
func Told(texts map[string]string, l Lang) []Para {
	if texts[string(l)] != "" && Legible(l, texts[string(l)]) == nil {
		return []Para{told(l, texts[string(l)])}
	}
	var out []Para
	for _, l := range []Lang{EasyJapanese, Japanese} {
		if t := texts[string(l)]; t != "" && Legible(l, t) == nil {
			out = append(out, told(l, t))
		}
	}
	return out
}

func told(l Lang, text string) Para {
	return Para{Code: "tell", Text: fonts.ScriptOf(string(l)).Shape(text)}
}

// Legible reports whether a text of a language that comes from outside has glyphs for every letter; a *GlyphError names the first one that is
// missing.
func Legible(l Lang, text string) error { return Drawable(fonts.ScriptOf(string(l)).Shape(text)) }

// ToldPages returns the number of pages of ResidentTell for texts that came from Told, at least 1.
func ToldPages(paras []Para) int { return max(1, len(toldFlow(paras))) }

// A toldPage is one page of ResidentTell.
type toldPage struct {
	rows   []toldRow
	all    []string // all paragraphs
	number string   // the one among them that is to be copied
	voice  bool     // the voice says them, with the first page
}

// A toldRow is one row of such a page, and whether a paragraph begins with it.
type toldRow struct {
	text  string
	first bool
	large bool // as high as two rows: a number to be copied
}

// toldFlow lays paragraphs on pages. A paragraph that fits on a page is not parted.
func toldFlow(paras []Para) [][]toldRow {
	var pages [][]toldRow
	var page []toldRow
	for _, p := range paras {
		rows := toldLines(p.Text, toldPrint)
		large, each := p.Code == "number", 1
		if large {
			each = 2
		}
		if high(page) > 0 && high(page)+each*len(rows) > toldRows && each*len(rows) <= toldRows {
			pages, page = append(pages, page), nil
		}
		for i, r := range rows {
			if high(page)+each > toldRows {
				pages, page = append(pages, page), nil
			}
			page = append(page, toldRow{r, i == 0, large})
		}
	}
	if len(page) > 0 {
		pages = append(pages, page)
	}
	return pages
}

// high is how many rows a page takes.
func high(page []toldRow) int {
	n := len(page)
	for _, r := range page {
		if r.large {
			n++
		}
	}
	return n
}

// toldLines breaks a paragraph in a size of officeSizes: what has spaces breaks there and after its marks, and before 「ください」 or a reading in brackets
// only where a phrase is wider than a row; Japanese and Chinese without spaces break by phrases.
func toldLines(text string, size int) []string {
	adv := outsideWidth(size)
	if !strings.Contains(fonts.PlainText(text), " ") {
		cols := toldWidth * 2 / size
		if whole := foldAt(costWhole, text, cols, 0); len(whole) <= toldRows {
			return whole
		}
		return fold(text, cols, 0)
	}
	phrases := strings.FieldsFunc(strings.NewReplacer("、", "、|", "。", "。|").Replace(text), func(r rune) bool { return r == ' ' })
	for i, ph := range phrases {
		for _, part := range []func(string) string{
			func(s string) string { return strings.ReplaceAll(s, "ください", "|ください") },
			func(s string) string { return strings.ReplaceAll(s, "(", "|(") },
			func(s string) string {
				if !strings.ContainsFunc(s, kana) {
					return s
				}
				return strings.Join(fold(s, toldWidth*2/size, 0), "|")
			},
		} {
			ph = narrow(ph, part, adv)
		}
		phrases[i] = ph
	}
	return balance(strings.Join(phrases, " "), toldWidth, adv)
}

// narrow parts the pieces of a phrase that are wider than a row.
func narrow(phrase string, part func(string) string, adv func(rune) int) string {
	pieces := strings.Split(phrase, "|")
	for i, p := range pieces {
		if measure(p, adv) > toldWidth {
			pieces[i] = part(p)
		}
	}
	return strings.Join(pieces, "|")
}

func kana(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) }

// outsideWidth measures in a size of officeSizes.
func outsideWidth(size int) func(rune) int {
	faces, err := outsideFaces()
	if err != nil {
		return func(rune) int { return 0 } // Render says what is wrong
	}
	f := faces[slices.Index(officeSizes, size)]
	return func(r rune) int {
		n, _ := f.Advance(r)
		return n
	}
}

// tell puts the asked page of the paragraphs on a page.
func (b *builder) tell(p *page) {
	f := b.s.Facts
	p.left = b.tr("resident.tell.head")
	var paras []Para
	for _, para := range f.Paras {
		paras = append(paras, Para{Code: para.Code, Text: b.takeHome(para)})
	}
	pages := toldFlow(paras)
	if len(pages) == 0 {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "paragraphs", Value: ""})
		return
	}
	p.pages = len(pages)
	n := min(max(1, f.Page), len(pages)) // there may be fewer in this language
	keys := ""
	if n > 1 {
		keys = "▲"
	}
	if n < len(pages) {
		keys += "▼"
	}
	p.right = turned(n, len(pages), keys)
	p.told = &toldPage{rows: pages[n-1], voice: n == 1}
	for _, para := range paras {
		p.told.all = append(p.told.all, para.Text)
		if para.Code == "number" {
			p.told.number = para.Text
		}
	}
}

// takeHome is the text of a paragraph of ResidentTell: ready words, or the catalogue's for "pin" (Word, a kind: what it is for), "keep" (keep
// it to yourself) and "ends" (Date, the last day of a certificate); of a claim number "claim" (write it down), "number" (it), "until" (Date, its last day),
// "where" (Word "any" or "same": window) and "again" (Word, a step of a claim: what to do and to bring then).
func (b *builder) takeHome(para Para) string {
	switch para.Code {
	case "tell":
		return para.Text
	case "pin":
		if !slices.Contains(Kinds, para.Word) {
			b.fail(&UnknownError{ID: b.s.ID, Fact: "kind", Value: para.Word})
			return ""
		}
		b.view.Kind, b.view.Use = b.tr("kind."+para.Word+".official"), plain(b.tr("kind."+para.Word+".entry"))
		return b.tr("resident.tell.pin")
	case "keep":
		return b.tr("resident.tell.keep")
	case "ends":
		b.view.Ends = b.date(para.Date, "date.long")
		return b.tr("resident.tell.ends")
	case "claim":
		return b.tr("resident.tell.claim")
	case "number":
		return b.s.Facts.Claim
	case "until":
		b.view.Ends = b.date(para.Date, "date.long")
		return b.tr("resident.tell.until")
	case "where", "again":
		if b.has("resident.tell." + para.Code + "." + para.Word) {
			return b.tr("resident.tell." + para.Code + "." + para.Word)
		}
	}
	b.fail(&UnknownError{ID: b.s.ID, Fact: "words of a paragraph", Value: para.Code})
	return ""
}

// told draws such a page: paragraphs a little apart.
func (d *drawer) told(rows []toldRow) {
	s := d.sheet
	in := s.inner()
	gap := s.gap
	pitch := min(s.body*27/20, (in.Dy()-gap*(toldRows-1))/toldRows)
	y := in.Min.Y + gap/2
	for i, r := range rows {
		if i > 0 && r.first {
			y += gap
		}
		size, height := s.body, pitch
		if r.large {
			size, height = s.number, 2*pitch
		}
		if w := d.width(r.text, size); w > in.Dx() {
			d.fail(&OverflowError{What: r.text, Need: w, Have: in.Dx()})
		}
		d.text(in.Min.X, y+(height-size)/2, size, r.text)
		y += height
	}
}
