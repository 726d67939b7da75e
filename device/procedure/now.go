// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"fmt"
	"math/bits"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// now are the questions that depend on the day and the policy: when certificates and card end. A day is never typed: the days that make a
// difference today stand in the answers.
func now(p *policy.Policy, c *Case, used dims) []*Question {
	var out []*Question
	if c.Procedure == cardRenewal {
		return append(out, ends("card_expires", "カードの有効期限は。", "The card ends", p, c, func(f *Facts) *civil.Date { return &f.CardExpires }))
	}
	if c.Procedure == certRenewal && c.Facts.CertExpires.IsZero() {
		q := ends("cert_expires", "電子証明書の有効期限は。", "The certificates end", p, c, func(f *Facts) *civil.Date { return &f.CertExpires })
		q.dims = append(q.dims, policy.CertDate)
		q.Answers = append(q.Answers, Answer{"unknown", "わからない", "Not known", func(*Facts) {}})
		out = append(out, q)
	}
	if c.Facts.CardExpires.IsZero() {
		out = append(out, cardEnds(p, c, used>>policy.CardFirst&1 == 1))
	}
	return out
}

// ends asks for the end of something in the classes that the renewal window makes today.
func ends(id, ja, en string, p *policy.Policy, c *Case, to func(*Facts) *civil.Date) *Question {
	today := c.Facts.Today
	set := func(d civil.Date) func(*Facts) { return func(f *Facts) { *to(f) = d } }
	q := &Question{ID: id, Ja: ja, En: en, early: true, dims: []policy.Dim{policy.Opening}}
	gone := Answer{"expired", "切れている", "It has expired", set(today.Previous())}
	if p.Window == nil {
		far, _ := today.AddMonths(60)
		q.Answers = []Answer{{"valid", Day(today) + "以降", "on or after " + today.String(), set(far)}, gone}
		return q
	}
	last := today
	for d := last; ; d = d.Next() {
		if opens, _ := civil.Window(d, p.Window.Months, p.Window.DayAfter); opens.After(today) {
			break
		}
		last = d
	}
	q.Answers = []Answer{{"open", Day(last) + "まで", "by " + last.String(), set(last)}, gone,
		{"later", Day(last.Next()) + "以降", "on or after " + last.Next().String(), set(last.Next())}}
	return q
}

// cardEnds asks for the end of the card itself, as far as it is not settled by the end of the certificates, which no policy lets outlive it.
// together says whether it matters that both end on one day.
func cardEnds(p *policy.Policy, c *Case, together bool) *Question {
	today, cert := c.Facts.Today, c.Facts.CertExpires
	inside := func(f *Facts) bool { // a card whose certificates are valid is valid
		return p.Certificate != nil && p.Certificate.CardEndFirst && !f.CertExpires.IsZero() && !f.CertExpires.Before(today)
	}
	far, _ := today.AddMonths(122)
	q := &Question{ID: "card_expires", Ja: "カードの有効期限(表面)は。", En: "The card itself ends", dims: []policy.Dim{policy.CardBody, policy.CardFirst},
		Answers: []Answer{{"later", "それより後", "Later", func(f *Facts) { f.CardExpires = far }}}}
	if together {
		q.Answers = append(q.Answers, Answer{"with_certificates", "電子証明書と同じ日", "On the same day as the certificates", func(f *Facts) {
			f.CardExpires = far
			if !f.CertExpires.IsZero() && !f.CertExpires.Before(today) {
				f.CardExpires = f.CertExpires
			}
		}})
	}
	border := cert
	if p.LastYear > 0 {
		border, _ = today.AddMonths(p.LastYear)
		for from := border; !from.Before(today); from = from.Previous() { // not every month has the day
			if last, _ := from.AddMonths(-p.LastYear); today.After(last) {
				border = from
				break
			}
		}
		q.Answers = append(q.Answers, Answer{"last_year", Day(border) + "まで", "by " + border.String(), func(f *Facts) { f.CardExpires = border }})
	}
	if !inside(&c.Facts) {
		q.Answers = append(q.Answers, Answer{"expired", "切れている", "It has expired", func(f *Facts) {
			if f.CardExpires = today.Previous(); inside(f) {
				f.CardExpires = far
			}
		}})
	}
	if border.Before(today) {
		border = today.Previous()
	}
	q.Answers[0].Ja, q.Answers[0].En = Day(border.Next())+"以降", "on or after "+border.Next().String()
	return q
}

// Day is a day as a counter writes it.
func Day(d civil.Date) string { return fmt.Sprintf("%d年%d月%d日", d.Year, d.Month, d.Day) }

// onePin says whether a case is about one PIN only, as on the card of a PIN change.
func onePin(c *Case) bool {
	return c.Procedure == pinChange && bits.OnesCount8(uint8(c.Facts.Change)) == 1
}

// pinOf asks for the one PIN that is concerned.
func pinOf(k Kinds) *Question {
	kind := bits.TrailingZeros8(uint8(k))
	return &Question{ID: "pins", Ja: "いまの暗証番号はわかりますか。", En: "Is the present PIN known?", dims: []policy.Dim{policy.Pin, policy.UserAuthPin},
		Answers: []Answer{{"known", "わかる", "Yes", func(f *Facts) { setPin(f, kind, PinKnown) }},
			{"forgotten", "わからない・合わない・ロック", "No, or it is locked", func(f *Facts) { setPin(f, kind, PinForgotten) }}}}
}
