// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/display"
)

// line takes a key on a list in pages: digits choose a line of the page, ▲▼ move the mark over all pages, 0 turns to the next page and from
// the last to the first. It returns the chosen line of the whole list, from 1, or 0.
func (m *machine) line(k Key) int {
	id, f := m.drawList()
	sizes := m.sizes(id, f)
	first, page := pageOf(sizes, m.choice)
	switch {
	case k >= Key1 && k <= Key9:
		if int(k-Key0) > sizes[page] {
			return 0
		}
		m.choice = first + int(k-Key0)
		return m.choice
	case k == Key0 && page+1 < len(sizes):
		m.choice = first + sizes[page] + 1
	case k == Key0 && page > 0:
		m.choice = 1
	case k == KeyEnter:
		return m.choice
	case k == KeyUp && m.choice > 1:
		m.choice--
	case k == KeyDown && m.choice < len(f.Lines):
		m.choice++
	}
	return 0
}

// sizes is how many lines each page of a list has.
func (m *machine) sizes(id display.ID, f display.Facts) []int {
	if sizes := display.LinePages(display.Screen{ID: id, Lang: m.lang, Facts: f}); len(sizes) > 0 {
		return sizes
	}
	var sizes []int // words that cannot be laid out: the painter says so
	for n := len(f.Lines); n > 0; n -= display.LinesPerPage {
		sizes = append(sizes, min(n, display.LinesPerPage))
	}
	return sizes
}

// pageOf finds the page of a line: how many lines stand before the page, and its number from 0.
func pageOf(sizes []int, line int) (first, page int) {
	for line > first+sizes[page] && page+1 < len(sizes) {
		first += sizes[page]
		page++
	}
	return first, page
}

// paged cuts the page that is shown out of a list or a text.
func (m *machine) paged(id display.ID, f display.Facts, page int) (display.ID, display.Facts) {
	if len(f.Lines) > 0 {
		sizes := m.sizes(id, f)
		first, at := pageOf(sizes, m.choice)
		f.Lines, f.Choice = f.Lines[first:first+sizes[at]], m.choice-first
		if len(sizes) > 1 {
			f.Page, f.Pages = at+1, len(sizes)
		}
		return id, f
	}
	if n := display.ParaPages(display.Screen{ID: id, Lang: m.lang, Facts: f}); n > 1 {
		f.Page, f.Pages = min(page, n), n
	}
	return id, f
}

// turnPage takes ▲▼ on a text and returns every other key.
func (m *machine) turnPage(k Key) Key {
	m.page = m.turned(k, m.page)
	return k
}

func (m *machine) turned(k Key, page int) int {
	id, f := m.drawText()
	n := display.ParaPages(display.Screen{ID: id, Lang: m.lang, Facts: f})
	switch {
	case k == KeyDown && page < n:
		page++
	case k == KeyUp && page > 1:
		page--
	}
	return page
}

// papersPress is a key on the list of papers: a digit ticks, 確認 is done with the ticks as they stand.
func (m *machine) papersPress(k Key) {
	if k == KeyEnter {
		m.decide()
		return
	}
	if i := m.line(k); i > 0 {
		m.tickPaper(i)
	}
}
