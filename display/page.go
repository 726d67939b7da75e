// SPDX-License-Identifier: Apache-2.0

package display

import (
	"strconv"

	"madoguchi/display/fonts"
)

// A page is a screen in words: what stands where, before sizes and pixels. One page serves the panel and the voice.
type page struct {
	left, right string   // head
	title       string   // the one instruction
	paras       []string // what it means, why, what comes next; one paragraph each
	small       []string // lines in the smallest print
	clip        bool     // small lines too wide end in "…": what a build calls itself must not keep a screen from showing
	tries       *tries
	choices     []option
	board       []boardLine
	entry       *entry
	review      string // place among the characters, "▲▼ 3 / 8"
	list        *list
	text        *text
	date        *dateEntry
	claim       *claimEntry
	told        *toldPage
	facts       []factRow // of the service menu
	pad         *padPage
	pattern     *pattern
	large       bool // in large print
	big         *bigPage
	pages       int        // of this screen; 0 where they are counted elsewhere
	more        bool       // another page follows
	keys        []keyLabel // foot
	note        string     // left in the foot, beside a single key
	office      bool       // the title is configured text, which has glyphs in two sizes only
}

type tries struct {
	left, max int
	text      string
}

type option struct {
	number, label, note string
	marked              bool
}

type boardLine struct {
	name, count string // count: "2回"
	state       string // instead of dots and count: "ロック"; black if it needs help
	alarm       bool
	left, max   int
	marked      bool
}

type entry struct {
	cells, filled    int
	ask, use, status string
	fault            bool // ask or status is why the entry was not taken
	letters, half    bool
	count, mark      string // letters: "8文字", "いま 1つめ"
}

// A keyLabel is one key of the foot: its cap and what it does now.
type keyLabel struct {
	cap, label string
}

// spoken returns the words of a page in reading order.
func (p page) spoken() []string {
	var out []string
	add := func(ss ...string) {
		for _, s := range ss {
			if s = fonts.PlainText(plain(s)); s != "" {
				out = append(out, s)
			}
		}
	}
	add(p.left, p.right, p.title)
	if e := p.entry; e != nil {
		// neither count nor mark: a voice may be overheard
		add(e.ask, e.use)
		if e.fault {
			add(e.status)
		}
	}
	if l := p.list; l != nil {
		add(l.warn, l.title)
		for i, n := range l.lines {
			add(strconv.Itoa(i+1) + " " + n.text)
		}
	}
	if t := p.text; t != nil {
		add(t.verdict)
		for _, w := range t.pinned {
			add(w.tag + " " + w.text)
		}
		for _, w := range t.paras {
			add(w.tag, w.text)
		}
	}
	if d := p.date; d != nil {
		add(d.title, d.digits, d.fault)
	}
	if c := p.claim; c != nil {
		add(c.typed, c.status)
	}
	for _, f := range p.facts {
		add(f.name + " " + f.value)
	}
	if p.pad != nil {
		add(p.pad.count)
	}
	if p.told != nil && p.told.voice {
		add(p.told.all...)
	}
	add(p.paras...)
	for _, b := range p.board {
		if b.state != "" {
			add(b.name + " " + b.state)
		} else {
			add(b.name + " " + b.count)
		}
	}
	for _, o := range p.choices {
		add(o.number + " " + o.label + " " + o.note)
	}
	if p.tries != nil {
		add(p.tries.text)
	}
	add(p.small...)
	add(p.note)
	for _, k := range p.keys {
		add(k.cap + " " + k.label)
	}
	return out
}
