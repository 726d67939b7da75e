// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"

	"madoguchi/display"
)

// named puts at the head of a decision what is to be confirmed of fee and visits, and with whom: under the verdict the two have room for one word each. A decision that the
// page does not make at all says so itself, and where the sentence would cost a page more, which is a key more for each such case, the word has to do.
func (m *machine) named(id display.ID, f display.Facts) display.Facts {
	if m.inquiry.verdict.open() {
		return f
	}
	unknown := func(code string) bool {
		return slices.ContainsFunc(f.Paras, func(p display.Para) bool { return p.Code == code && p.Word == "unknown" })
	}
	var what string
	switch fee, visits := unknown("fee"), unknown("visits"); {
	case fee && visits:
		what = m.say("料金と来庁の回数は、", "Fee and number of visits: ")
	case fee:
		what = m.say("料金は、", "Fee: ")
	case visits:
		what = m.say("来庁の回数は、", "Number of visits: ")
	default:
		return f
	}
	pages := func(f display.Facts) int {
		return display.ParaPages(display.Screen{ID: id, Lang: m.lang, Facts: f})
	}
	full := f
	full.Paras = slices.Insert(slices.Clone(f.Paras), 0, display.Para{Code: "default", Text: what + m.say("担当課に確認してください。", "please ask the office in charge.")})
	if pages(full) > pages(f) {
		return f
	}
	return full
}
