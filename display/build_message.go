// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/display/fonts"
	"madoguchi/display/words"
)

// message is a screen of a title and up to three paragraphs: what it means (body), why, what comes next. A text that depends on the reason
// stands under the reason's code and wins over the screen's own.
func (b *builder) message(p *page) {
	f := b.s.Facts
	if !b.reasoned() {
		return
	}
	p.title = b.part("title")
	if b.s.ID == ServiceEnrolWords {
		p.title, p.office = f.Office, true
	}
	if p.title == "" && f.Kind != "" {
		p.title = b.tr("kind." + f.Kind + ".name")
		p.left = b.procedure()
	}
	if p.title == "" {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "kind", Value: f.Kind})
	}
	if b.has("species."+f.Species) && (b.s.ID == IdleWrongCard || b.s.ID == ResidentCardWrong) {
		p.paras = append(p.paras, b.tr("species."+f.Species))
	}
	p.paras = append(p.paras, b.parts()...)
	b.more(p)
}

// reasoned reports whether the reason is one that the screen may carry.
func (b *builder) reasoned() bool {
	rs, reason := b.s.ID.Reasons(), b.s.Facts.Reason
	if rs == nil || slices.Contains(rs, reason) {
		return true
	}
	b.fail(&UnknownError{ID: b.s.ID, Fact: "reason", Value: reason})
	return false
}

// part is a text of the screen; one for its reason wins.
func (b *builder) part(name string) string {
	id := string(b.s.ID)
	if at := id + "." + b.s.Facts.Reason + "." + name; b.s.ID.Reasons() != nil && b.s.Facts.Reason != "" && b.has(at) {
		return b.tr(at, b.count())
	}
	return b.maybe(id+"."+name, b.count())
}

// parts are what it means, why, and what comes next.
func (b *builder) parts() (out []string) {
	for _, name := range []string{"body", "why", "next"} {
		if s := b.part(name); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// bodyCols are the half columns of a row of body text on the smallest panel.
const bodyCols = 24

// more adds what single screens have beyond their texts.
func (b *builder) more(p *page) {
	f := b.s.Facts
	switch b.s.ID {
	case Boot:
		if f.Build != "" {
			p.small, p.clip = append(p.small, b.tr("boot.build")), true
		}
	case ClerkConfirmDate:
		p.paras = append([]string{b.date(f.Date, "date.weekday")}, p.paras...)
	case ClerkClaimNone:
		if f.Left > 0 {
			p.right = b.tr("clerk.claim.none.left", f.Left)
		}
	case ClerkCodeWrong:
		if f.Left > 0 {
			p.paras = append(p.paras, b.tr("clerk.code.wrong.left", f.Left))
		}
	case ClerkAbout:
		switch f.Release {
		case "at_once", "batched":
			p.paras = append(p.paras, b.tr("clerk.about."+f.Release))
		case "":
		default:
			b.fail(&UnknownError{ID: b.s.ID, Fact: "release", Value: f.Release})
		}
		if f.Build != "" {
			p.small = append(p.small, b.tr("clerk.about.build"))
		}
		if f.Title != "" { // the rules in force
			p.small = append(p.small, f.Title)
		}
		if f.Fingerprint != "" {
			p.small = append(p.small, b.tr("clerk.about.fingerprint"))
		}
		p.small, p.clip = append(p.small, b.link()...), true
	case ClerkClosed:
		if f.Claim != "" && !b.given() {
			p.right = b.tr("clerk.closed.claim")
		}
		if len(f.Paras) > 0 { // the paper that lacks says more than what it came from; the others are listed with the reset
			p.paras = []string{b.tr("clerk.closed.needs"), strings.Join(fold(f.Paras[0].Text, bodyCols, 0), "|")}
		}
		if b.given() {
			b.view.Ends = b.date(f.Ends, "date.weekday")
			p.small = append(p.small, b.tr("clerk.closed.until"))
		} else if f.Queue > 0 {
			p.note = b.tr("clerk.closed.queue")
		}
	case ServiceEnrolWords, ServiceEnrolCode, ServiceEnrolWait, ServiceEnrolStop:
		b.enrol(p)
	case FaultStart:
		if f.Text != "" {
			p.small, p.clip = append(p.small, f.Text), true
		}
	case ResidentIssueWait:
		if f.Text != "" {
			p.small = append(p.small, b.tr(string(ResidentIssueWait)+".release.number"))
		}
	case ResidentDone, ResidentChanged, ResidentIssued:
		if f.Ends != "" {
			p.small = append(p.small, b.ends())
		}
	case ResidentLocked, ResidentStopped:
		p.note = b.printed()
	case ResidentAbsent:
		p.note = b.printed()
		if f.Kind == "signing" {
			p.paras[0] = b.tr("resident.absent.signing")
		}
	case ResidentWrong:
		if f.Kind == "signing" {
			p.paras = append(p.paras, b.tr("resident.wrong.letters"))
		} else {
			p.paras = append(p.paras, b.tr("resident.wrong.digits"))
		}
		p.tries = b.tries()
	case ResidentLeaveAsk, ResidentLeaveWrong, ResidentUnsure, ResidentSplit:
		p.tries = b.tries()
	case ResidentHelp:
		for _, c := range caps {
			if b.has("resident.help." + c.key) {
				p.choices = append(p.choices, option{number: c.sign, label: b.tr("resident.help." + c.key)})
			}
		}
	}
}

// printed is the name of the PIN as the city prints it, for the resident to show to the clerk; empty in Japanese, where it stands in the head.
func (b *builder) printed() string {
	if k := b.s.Facts.Kind; k != "" && b.s.Lang != Japanese && b.s.Lang != EasyJapanese {
		return b.asPrinted("kind." + k + ".paper")
	}
	return ""
}

// procedure names the case in the resident's head. Most procedures of the rules have names for the clerk only.
func (b *builder) procedure() string {
	p := b.s.Facts.Procedure
	if p == "" || !b.has("head."+p) && b.cat.Has(words.ClerkLang(""), "clerk.line."+p) {
		return b.tr("head.case")
	}
	return b.tr("head." + p)
}

// tries returns the tries left in words and dots; nil if they are not known.
func (b *builder) tries() *tries {
	f := b.s.Facts
	if f.Max == 0 {
		return nil
	}
	return &tries{left: f.Left, max: f.Max, text: b.tr("tries.left", f.Left)}
}

// about tells which PIN is asked for, before it is typed.
func (b *builder) about(p *page) {
	k := b.s.Facts.Kind
	p.left, p.right = b.asPrinted("kind."+k+".paper"), ""
	p.title = b.tr("kind." + k + ".name")
	p.paras = append(p.paras, b.tr("kind."+k+".form"))
	if k == "signing" {
		p.paras = append(p.paras, b.tr("resident.about.signing"))
	}
	p.paras = append(p.paras, b.tr("kind."+k+".use"))
	p.tries = b.tries()
}

// rules tells what a new PIN must be.
func (b *builder) rules(p *page) {
	p.title = b.tr("resident.rules.title")
	form := "digits"
	if b.s.Facts.Kind == "signing" {
		form = "letters"
	}
	p.paras = append(p.paras, b.tr("resident.rules."+form), b.tr("resident.rules."+form+"_hint"))
}

// choices is a question with numbered answers.
func (b *builder) choices(p *page) {
	id, f := string(b.s.ID), b.s.Facts
	p.title = b.tr(id + ".title")
	if b.s.ID == ClerkKind {
		for i, k := range Kinds {
			o := option{number: strconv.Itoa(i + 1), label: b.tr("kind." + k + ".official"), marked: f.Choice == i+1}
			for _, r := range f.Board {
				if r.Kind == k && !r.Present {
					o.note = b.state(r) // tries are the resident's matter
				}
			}
			p.choices = append(p.choices, o)
		}
		return
	}
	for i := 1; b.has(id + "." + strconv.Itoa(i)); i++ {
		p.choices = append(p.choices, option{
			number: strconv.Itoa(i), label: b.tr(id + "." + strconv.Itoa(i)), marked: f.Choice == i,
		})
	}
	if b.s.ID == ResidentMenu {
		for i, on := range map[int]bool{1: f.Large, 2: f.Slow} {
			if on {
				p.choices[i].note = "●"
			}
		}
	}
}

// languages is drawn in every language at once.
func (b *builder) languages(p *page) {
	p.title = b.tr("resident.language.title")
	for i, l := range Langs {
		if b.s.Facts.Silent[i] {
			continue
		}
		name, err := b.cat.Text(string(l), "name.self", b.view, 0)
		if err != nil {
			b.fail(err)
		}
		name = fonts.ScriptOf(string(l)).Shape(name)
		p.choices = append(p.choices, option{number: strconv.Itoa(i + 1), label: name, marked: b.s.Facts.Choice == i+1})
	}
	if n := len(Langs) + 1; b.s.Facts.Practice {
		p.choices = append(p.choices, option{number: strconv.Itoa(n), label: b.tr("resident.language.practice"), marked: b.s.Facts.Choice == n})
	}
}

// idle: the office, what anybody may do, and whether the line to city hall stands.
func (b *builder) idle(p *page) {
	f := b.s.Facts
	p.left = b.date(f.Date, "date.weekday")
	if codes := strings.Fields(f.Text); len(codes) > 0 {
		b.view.Check = codes[0] // the others stand in the service menu
		p.right = b.tr("idle.check")
	}
	p.title = f.Office
	p.office = true
	hint := "idle.hint"
	if f.Link == "down" {
		hint = "idle.hint_short" // the line takes two lines now
	}
	p.paras = append(p.paras, b.tr(hint))
	p.small = append(p.small, b.link()...)
}

// link is the state of the line and of the records that wait.
func (b *builder) link() []string {
	f := b.s.Facts
	waiting := b.tr("idle.sent")
	if f.Queue > 0 && f.Release == "batched" {
		waiting = b.tr("idle.batched")
	} else if f.Queue > 0 {
		waiting = b.tr("idle.queue")
	}
	switch f.Link {
	case "up":
		return []string{b.tr("idle.up") + " " + waiting}
	case "down":
		line := b.tr("idle.down_now")
		if f.LinkSince >= time.Minute {
			b.view.Since = b.since(f.LinkSince)
			line = b.tr("idle.down")
		}
		return []string{line, b.tr("idle.works") + " " + waiting}
	case "":
		return nil
	}
	b.fail(&UnknownError{ID: b.s.ID, Fact: "link", Value: f.Link})
	return nil
}

// since is a span in its largest unit.
func (b *builder) since(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		key  string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.unit {
			b.view.N = int(d / u.unit)
			return b.tr("since."+u.key, b.view.N)
		}
	}
	return ""
}
