// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strings"
)

// enrolDigits is the length of a one-time code.
const enrolDigits = 10

// enrol adds what the screens of a new box have beyond their texts.
func (b *builder) enrol(p *page) {
	f := b.s.Facts
	switch b.s.ID {
	case ServiceEnrolWords:
		p.paras = append([]string{f.Text}, p.paras...)
		p.small = append(p.small, f.Title, b.tr("service.row.fingerprint")+" "+f.Fingerprint)
	case ServiceEnrolCode:
		if len(f.Text) > enrolDigits || strings.Trim(f.Text, "0123456789") != "" {
			b.fail(&UnknownError{ID: b.s.ID, Fact: "text", Value: f.Text})
			return
		}
		p.paras = append([]string{codeText(f.Text)}, p.paras...)
		switch {
		case f.Fault == "too_short":
			p.paras = append(p.paras, b.tr(string(b.s.ID)+".too_short"))
		case f.Fault != "":
			b.fail(&UnknownError{ID: b.s.ID, Fact: "fault", Value: f.Fault})
		case f.Left > 0:
			p.paras = append(p.paras, b.tr(string(b.s.ID)+".left"))
		}
	default:
		if f.Text != "" && slices.Contains([]string{"resolve", "reach", "authority", "expired", "settings"}, f.Reason) {
			p.small = append(p.small, f.Text)
		}
	}
	p.clip = true
}

// codeText is a code as the letter has it, with a line for each digit that is missing: 482-1__-____.
func codeText(digits string) string {
	digits += strings.Repeat("_", enrolDigits-len(digits))
	return digits[:3] + "-" + digits[3:6] + "-" + digits[6:]
}
