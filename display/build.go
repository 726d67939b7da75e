// SPDX-License-Identifier: Apache-2.0

package display

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"madoguchi/display/fonts"
	"madoguchi/display/words"
)

// A view is what texts may name: the facts in words.
type view struct {
	Kind, Use, Since, Ends, Build, Fingerprint, Weekday, MonthName, Yen, Claim, Check string
	Left, Filled, Queue, Seconds, Minutes, Year, Month, Day, N                        int
}

// texts is the catalogue as a builder reads it.
type texts interface {
	Text(lang, key string, facts any, count int) (string, error)
	Has(lang, key string) bool
}

var _ texts = (*words.Catalogue)(nil)

// A builder turns one screen into a page. It keeps the first error.
type builder struct {
	cat  texts
	s    Screen
	info Info
	err  error
	view view
}

// UnknownError says that a screen carries a code that has no words.
type UnknownError struct {
	ID          ID
	Fact, Value string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("screen %s: unknown %s %q", e.ID, e.Fact, e.Value)
}

func build(cat texts, s Screen) (page, error) {
	info, ok := s.ID.Info()
	if !ok {
		return page{}, &UnknownError{ID: s.ID, Fact: "id", Value: string(s.ID)}
	}
	if s.ID.forClerk() {
		s.Lang = Lang(words.ClerkLang(string(s.Lang)))
	}
	if !slices.Contains(Langs, s.Lang) {
		return page{}, &UnknownError{ID: s.ID, Fact: "language", Value: string(s.Lang)}
	}
	b := &builder{cat: cat, s: s, info: info}
	p := b.page()
	if b.err != nil {
		return page{}, fmt.Errorf("building screen %s: %w", s.ID, b.err)
	}
	return p, nil
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// tr returns a text in the script of its language; count is the number its plural form goes by.
func (b *builder) tr(key string, count ...int) string {
	return fonts.ScriptOf(string(b.s.Lang)).Shape(b.asPrinted(key, count...))
}

// asPrinted is tr for a text that is Japanese in every language: what the city prints on its papers.
func (b *builder) asPrinted(key string, count ...int) string {
	n := 0
	if len(count) > 0 {
		n = count[0]
	}
	s, err := b.cat.Text(string(b.s.Lang), key, b.view, n)
	if err != nil {
		b.fail(err)
	}
	return s
}

func (b *builder) has(key string) bool { return b.cat.Has(string(b.s.Lang), key) }

// maybe is tr for a text a screen need not have.
func (b *builder) maybe(key string, count ...int) string {
	if !b.has(key) {
		return ""
	}
	return b.tr(key, count...)
}

// count is the number that a screen's own texts go by in their plural form.
func (b *builder) count() int {
	f := b.s.Facts
	switch b.s.ID {
	case ClerkCodeWait:
		return b.view.Minutes
	case ClerkTimeout, ResidentTimeout:
		return f.Seconds
	case ClerkClaimNone:
		if f.Reason == "pause" {
			return b.view.Minutes
		}
	}
	return f.Left
}

// page makes the parts that every screen has and leaves the rest to the kind of screen.
func (b *builder) page() page {
	f := b.s.Facts
	prefix, kind, perKind := b.s.ID.split()
	if perKind {
		b.s.Facts.Kind = kind
		f.Kind = kind
	}
	if f.Kind != "" && !slices.Contains(Kinds, f.Kind) {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "kind", Value: f.Kind})
		return page{}
	}
	b.view = view{
		Left: f.Left, Filled: f.Filled, Queue: f.Queue, Seconds: f.Seconds, Minutes: (f.Seconds + 59) / 60,
		Build: f.Build, Fingerprint: f.Fingerprint, Claim: f.Claim, Check: f.Text,
	}
	if f.Kind != "" {
		b.view.Kind = b.tr("kind." + f.Kind + ".official")
	}
	var p page
	b.head(&p)
	switch {
	case b.s.ID == Wipe:
		return page{}
	case perKind && prefix == prefixAbout:
		b.about(&p)
	case perKind && prefix == prefixRules:
		b.rules(&p)
	case perKind:
		b.entry(&p, prefix)
	case b.s.ID.isCode():
		b.code(&p)
	case b.s.ID == ServicePad:
		b.pad(&p)
	case b.pattern(&p):
	case b.hasRows():
		b.rows(&p)
	case b.s.ID == Idle:
		b.idle(&p)
	case b.s.ID == IdleBoard || b.s.ID == ResidentBoard:
		b.board(&p)
	case b.s.ID == ResidentLanguage:
		b.languages(&p)
	case b.s.ID == ResidentReview:
		b.review(&p)
	case b.isList():
		b.clerkHead(&p)
		p.list = b.list()
	case b.s.ID == ResidentTell:
		b.tell(&p)
	case b.isText():
		b.clerkHead(&p)
		b.textPage(&p)
	case b.s.ID == ClerkDate:
		b.dateEntry(&p)
	case b.s.ID == ClerkClaim:
		b.claimEntry(&p)
	case b.s.ID == ServiceEnrolCode:
		b.message(&p)
	case slices.Contains(b.info.Keys, "digits"):
		b.choices(&p)
	default:
		b.message(&p)
	}
	if f.Large && b.info.Face == FaceResident {
		b.enlarge(&p)
	}
	b.foot(&p)
	return p
}

// head: whose turn, and what it is about.
func (b *builder) head(p *page) {
	f := b.s.Facts
	switch b.info.Face {
	case FaceClerk:
		p.left = b.tr("head.clerk")
		if f.Kind != "" {
			p.right = b.view.Kind
		} else if f.Procedure != "" {
			p.right = b.tr("clerk.line." + f.Procedure)
		}
	case FaceResident:
		p.right = f.Step
		p.left = b.procedure()
		if f.Kind != "" {
			p.left = b.view.Kind
		}
	default:
		p.left = b.tr("head.idle")
		if strings.HasPrefix(string(b.s.ID), "fault.") && b.s.ID != FaultUpdate {
			p.left = b.tr("head.help")
		}
	}
}

// caps are the signs on the key caps, in the order of the foot.
var caps = []struct{ key, sign string }{
	{"cancel", "×"}, {"clear", "＜"}, {"move", "▲▼"}, {"turn", "0"}, {"menu", ""}, {"down", "▼"}, {"enter", "○"},
}

// inFoot reports whether a cap stands in the foot.
func (b *builder) inFoot(name string) bool {
	has := func(key string) bool { return slices.Contains(b.info.Keys, key) }
	switch name {
	case "move": // ▲▼ stand together where a line is chosen
		return has("digits") && has("up") || b.s.ID == ServiceLamp
	case "turn":
		return b.isList() && b.s.Facts.Pages > 1
	case "menu": // beside a choice the foot is full; メニュー is on the cap
		return has("menu") && !has("digits")
	case "cancel": // a closing screen has it where 確認 turns to the resident
		return has(name) && (b.s.ID != ClerkClosed || b.given())
	case "down": // where ▲▼ turn pages, the head says so
		return has("down") && !has("up")
	}
	return has(name)
}

// foot: what the keys do now.
func (b *builder) foot(p *page) {
	at := string(b.s.ID)
	if b.info.Entry && !b.s.ID.isCode() {
		at = "entry"
	} else if prefix, _, ok := b.s.ID.split(); ok {
		at = strings.TrimSuffix(prefix, ".")
	}
	if b.s.ID == ClerkClosed && b.given() {
		at += ".given"
	}
	if p.pattern != nil {
		return
	}
	if p.more { // the answer is given on the last page
		p.note = ""
		if slices.Contains(b.info.Keys, "cancel") {
			p.keys = append(p.keys, keyLabel{cap: "×", label: b.tr(at + ".keys.cancel")})
		}
		p.keys = append(p.keys, keyLabel{cap: "○", label: b.tr("large.more")})
		return
	}
	for _, c := range caps {
		if !b.inFoot(c.key) {
			continue
		}
		sign := c.sign
		if c.key == "menu" {
			sign = b.tr("cap.menu")
		}
		key := at + ".keys." + c.key
		switch {
		case b.has(key):
		case b.isList() || b.isText():
			key = "clerk.keys." + c.key
		case strings.HasPrefix(at, "service."):
			key = "service.keys." + c.key
		}
		label := b.tr(key)
		if c.key == "move" && b.inFoot("turn") {
			label = sign // four caps: this one speaks for itself
		}
		p.keys = append(p.keys, keyLabel{cap: sign, label: label})
	}
}

// date returns a date in words; empty for an empty one.
func (b *builder) date(d Date, key string) string {
	if d == "" {
		return ""
	}
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "date", Value: string(d)})
		return ""
	}
	b.view.Year, b.view.Month, b.view.Day = t.Year(), int(t.Month()), t.Day()
	b.view.MonthName = t.Format("Jan")
	b.view.Weekday = b.tr("date." + strings.ToLower(t.Format("Mon")))
	return b.tr(key)
}

// plain takes the marks for line breaks out of a text, and the dot out of the zero. Where a language writes spaces, they stand beside the mark.
func plain(s string) string {
	return strings.TrimSpace(strings.NewReplacer("|", "", "\n", " ", string(fixedSpace), " ", string(fonts.DottedZero), "0").Replace(s))
}
