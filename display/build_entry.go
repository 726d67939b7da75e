// SPDX-License-Identifier: Apache-2.0

package display

import "cmp"

// Numbers of boxes: a PIN of digits, the longest signing password, the longest clerk code.
const (
	digitCells  = 4
	letterCells = 16
	codeCells   = 8
)

// entry is a screen on which a PIN is typed. What is drawn depends on how much was typed, never on what.
func (b *builder) entry(p *page, prefix string) {
	f := b.s.Facts
	k := f.Kind
	e := &entry{filled: f.Filled, half: f.Half, letters: k == "signing", cells: digitCells}
	if e.letters {
		e.cells = letterCells
	}
	if f.Filled < 0 || f.Filled > e.cells {
		b.fail(&OverflowError{What: "filled boxes", Need: f.Filled, Have: e.cells})
	}
	p.entry = e
	e.use = b.tr("kind." + k + ".entry")
	e.ask = b.tr("entry.ask")
	switch prefix {
	case prefixTry:
		p.left, e.ask, e.use = b.tr("entry.practice.head"), b.tr("entry.practice.ask"), b.tr("entry.practice.use")
	case prefixNew, prefixAgain, prefixLeave:
		at := map[string]string{prefixNew: "entry.newpin", prefixAgain: "entry.again", prefixLeave: "entry.leavecheck"}[prefix]
		p.left = b.tr(at + ".head")
		e.ask = b.tr(at + ".ask")
		e.use = b.view.Kind
	case prefixLetter:
		at := string(ClerkLetter) + "." + cmp.Or(f.Reason, "current")
		p.left, p.right, e.ask, e.use = b.tr(at+".head"), "", b.tr(at+".ask"), b.view.Kind
	default:
		if !e.letters {
			p.left, p.right = b.view.Kind, b.tr("entry.cells")
		}
	}
	p.tries = b.tries()
	if e.letters {
		b.letters(p, e, prefix)
	} else if f.Fault != "" {
		e.ask, e.fault = b.fault("digits_short"), true
		if p.tries != nil {
			e.use = b.tr("entry.fault.kept")
		}
	}
}

// letters adds what the entry of letters has besides: the count and the mark.
func (b *builder) letters(p *page, e *entry, prefix string) {
	f := b.s.Facts
	e.status = b.tr("entry.capitals")
	if f.Fault != "" {
		e.status, e.fault = b.fault("letters_short"), true
	}
	e.count = b.tr("entry.count", f.Filled)
	e.mark = b.tr("entry.whole")
	if f.Half {
		e.mark = b.tr("entry.half")
	}
	p.right = b.tr("kind.signing.short")
	switch prefix {
	case prefixTry:
		p.right = b.tr("entry.practice.example")
	case prefixLetter:
		p.right = ""
	}
	if p.tries != nil {
		p.right, p.tries = b.tr("tries.short", f.Left), nil // they stand in the head
	}
}

// fault is why an entry was not taken; short is the words for too few characters.
func (b *builder) fault(short string) string {
	switch f := b.s.Facts.Fault; f {
	case "too_short":
		return b.tr("entry.fault." + short)
	case "needs_letter", "needs_digit", "mismatch":
		return b.tr("entry.fault." + f)
	default:
		b.fail(&UnknownError{ID: b.s.ID, Fact: "fault", Value: f})
		return ""
	}
}

// code is the clerk's code: like a PIN of digits, with as many boxes as the longest code has.
func (b *builder) code(p *page) {
	f := b.s.Facts
	if f.Filled < 0 || f.Filled > codeCells {
		b.fail(&OverflowError{What: "filled boxes", Need: f.Filled, Have: codeCells})
	}
	id := string(b.s.ID)
	if h := b.maybe(id + ".head"); h != "" {
		p.left = h
	}
	p.entry = &entry{cells: codeCells, filled: f.Filled, ask: b.tr(id + ".title"), use: b.tr(id + ".body")}
	if f.Fault != "" {
		p.entry.ask, p.entry.fault = b.tr("clerk.code.too_short"), true
	}
}

// board is one line for each PIN kind with the tries left, and the last day of the certificate.
func (b *builder) board(p *page) {
	f := b.s.Facts
	p.left = b.tr("head.tries_board")
	p.right = f.Step
	if f.Species == "face_auth" {
		p.paras = append(p.paras, b.tr("board.face_auth"))
		p.small = append(p.small, b.ends())
		return
	}
	differs := false
	for _, r := range f.Board {
		differs = differs || r.Differs
		b.view.Left = r.Left
		l := boardLine{
			name: b.tr("kind." + r.Kind + ".official"), left: r.Left, max: r.Max, count: b.tr("tries.count", r.Left),
			state: b.state(r), marked: b.s.ID == ResidentBoard && r.Kind == f.Kind,
		}
		l.alarm = r.Present && r.Known && r.Left == 0
		if r.Differs {
			l.name += b.tr("board.mark")
		}
		p.board = append(p.board, l)
	}
	p.small = append(p.small, b.ends())
	switch {
	case differs:
		p.small = append(p.small, b.tr("board.lower"))
	case b.s.ID == IdleBoard:
		p.small = append(p.small, b.tr("idle.board.take"))
	case f.Kind != "":
		p.small = append(p.small, b.tr("resident.board.ask"))
	}
}

// state is the word that stands instead of a number of tries; empty if there are tries.
func (b *builder) state(r BoardRow) string {
	switch {
	case !r.Present:
		return b.tr("tries.absent")
	case !r.Known:
		return b.tr("tries.unknown")
	case r.Left == 0:
		return b.tr("tries.locked")
	}
	return ""
}

// ends is the certificate's line.
func (b *builder) ends() string {
	f := b.s.Facts
	form := "date.long"
	if f.EndState == "soon" {
		form = "date.short"
	}
	b.view.Ends = b.date(f.Ends, form)
	switch f.EndState {
	case "expired", "none":
		return b.tr("board." + f.EndState)
	case "":
		return b.tr("board.unknown")
	case "valid", "soon":
		if f.Ends == "" {
			b.fail(&UnknownError{ID: b.s.ID, Fact: "end date", Value: ""})
			return ""
		}
		if f.EndState == "soon" {
			return b.tr("board.soon")
		}
		return b.tr("board.ends")
	}
	b.fail(&UnknownError{ID: b.s.ID, Fact: "end state", Value: f.EndState})
	return ""
}
