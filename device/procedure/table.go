// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"encoding/json"
	"strings"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// readers are the facts that a case may name, each with how it is read.
var readers = map[string]reader{
	"today":                     day(func(f *Facts) *civil.Date { return &f.Today }),
	"birth":                     day(func(f *Facts) *civil.Date { return &f.Birth }),
	"residence_until_old":       dayOrNull(func(f *Facts) *civil.Date { return &f.ResidenceOld }),
	"card_issued":               day(func(f *Facts) *civil.Date { return &f.CardIssued }),
	"card_expires":              day(func(f *Facts) *civil.Date { return &f.CardExpires }),
	"cert_issued":               day(func(f *Facts) *civil.Date { return &f.CertIssued }),
	"cert_expires":              day(func(f *Facts) *civil.Date { return &f.CertExpires }),
	"moved_in_on":               dayOrNull(func(f *Facts) *civil.Date { return &f.MovedIn }),
	"move_in_notice_on":         dayOrNull(func(f *Facts) *civil.Date { return &f.MoveInNotice }),
	"planned_move_out":          dayOrNull(func(f *Facts) *civil.Date { return &f.PlannedMoveOut }),
	"within_opening_hours":      tri(func(f *Facts) *Tri { return &f.Within }),
	"adult_ward":                tri(func(f *Facts) *Tri { return &f.Ward }),
	"resident_here":             tri(func(f *Facts) *Tri { return &f.Resident }),
	"foreign":                   tri(func(f *Facts) *Tri { return &f.Foreign }),
	"card_presented":            tri(func(f *Facts) *Tri { return &f.CardPresented }),
	"card_updated":              tri(func(f *Facts) *Tri { return &f.CardUpdated }),
	"with_certificates":         tri(func(f *Facts) *Tri { return &f.WithCerts }),
	"first_issue":               tri(func(f *Facts) *Tri { return &f.FirstIssue }),
	"wants_signing_cert":        tri(func(f *Facts) *Tri { return &f.WantsSigning }),
	"wants_new_pin":             tri(func(f *Facts) *Tri { return &f.WantsNewPin }),
	"wants_to_use_certificates": tri(func(f *Facts) *Tri { return &f.WantsUse }),
	"wants_today":               tri(func(f *Facts) *Tri { return &f.WantsToday }),
	"notice_received":           tri(func(f *Facts) *Tri { return &f.Notice }),
	"application_form":          tri(func(f *Facts) *Tri { return &f.Form }),
	"asked_office":              tri(func(f *Facts) *Tri { return &f.Asked }),
	"identity_confirmed":        tri(func(f *Facts) *Tri { return &f.Identity }),
	"reserved":                  tri(func(f *Facts) *Tri { return &f.Reserved }),
	"same_household":            tri(func(f *Facts) *Tri { return &f.Household }),
	"relation_confirmable":      tri(func(f *Facts) *Tri { return &f.Relation }),
	"letter_lost":               flag(func(f *Facts) *bool { return &f.LetterLost }),
	"card_state":                word(policy.CardState, func(f *Facts) *policy.Cell { return &f.CardState }),
	"card_type":                 word(policy.CardType, func(f *Facts) *policy.Cell { return &f.CardType }),
	"cause_attributable_to":     word(policy.Cause, func(f *Facts) *policy.Cell { return &f.Cause }),
	"proxy_reason":              word(policy.Reason, func(f *Facts) *policy.Cell { return &f.Reason }),
	"lost_place":                word(policy.LostPlace, func(f *Facts) *policy.Cell { return &f.LostPlace }),
	"event":                     word(policy.Event, func(f *Facts) *policy.Cell { return &f.Event }),
	"phone_os":                  word(policy.Phone, func(f *Facts) *policy.Cell { return &f.Phone }),
	"has":                       word(policy.Has, func(f *Facts) *policy.Cell { return &f.Has }),
	"service":                   word(policy.Service, func(f *Facts) *policy.Cell { return &f.Service }),
	"action":                    word(policy.Action, func(f *Facts) *policy.Cell { return &f.Action }),
	"kind":                      word(policy.Moving, func(f *Facts) *policy.Cell { return &f.Moving }),
	"question":                  word(policy.Question, func(f *Facts) *policy.Cell { return &f.Question }),
	"expiry_source":             oneOf("printed_on_card"),
	"certs":                     kinds(2, func(f *Facts) *Kinds { return &f.Certs }),
	"revoke":                    kinds(2, func(f *Facts) *Kinds { return &f.Revoke }),
	"change":                    kinds(4, func(f *Facts) *Kinds { return &f.Change }),
	"reset":                     kinds(4, func(f *Facts) *Kinds { return &f.Reset }),
	"honseki":                   code(func(f *Facts) *string { return &f.Honseki }),
	"place":                     code(func(f *Facts) *string { return &f.Place }),
	"visit1_place":              code(func(f *Facts) *string { return &f.Visit1Place }),
	"documents":                 documents,
	"entries_by_day":            byDay,
	"letter":                    letter(func(f *Facts) **Letter { return &f.Letter }),
	"pin_setting_request":       letter(func(f *Facts) **Letter { return &f.Request }),
	"pins": byKind(4, index([]string{"known", "forgotten", "locked", "mismatch"},
		func(f *Facts, k int) *uint8 { return &f.Pins[k] })),
	"cert_state":   byKind(2, index([]string{"valid", "invalid", "none"}, func(f *Facts, k int) *uint8 { return &f.CertState[k] })),
	"new_pin":      byKind(4, func(f *Facts, k int, v, _ string) error { f.NewPin[k], f.Candidates = v, f.Candidates|1<<k; return nil }),
	"current_pins": byKind(4, func(*Facts, int, string, string) error { return nil }), // equality needs no rule of its own: kinds 2 to 4 may be equal, kind 1 cannot
	"residence_until": func(f *Facts, where string, raw []byte) error {
		f.NoLimit = string(raw) == "null"
		return dayOrNull(func(f *Facts) *civil.Date { return &f.ResidenceUntil })(f, where, raw)
	},
	"age_group": func(f *Facts, where string, raw []byte) error {
		err := cell(where, raw, policy.Age, &f.AgeGroup)
		f.AgeGroup++
		return err
	},
	"weekday": func(f *Facts, where string, raw []byte) error {
		var s string
		if err := text(where, raw, &s); err != nil {
			return err
		}
		d, ok := policy.Weekday(s)
		if !ok {
			return unknown(where, s)
		}
		f.Weekday = uint8(d) + 1
		return nil
	},
	"time": func(f *Facts, where string, raw []byte) error {
		var s string
		if err := text(where, raw, &s); err != nil {
			return err
		}
		m, ok := policy.Minute(s)
		if !ok {
			return &FactError{where, "no such time; HH:MM"}
		}
		f.Minute = int16(m) + 1
		return nil
	},
	"pin": func(f *Facts, where string, raw []byte) error {
		var s string
		if err := text(where, raw, &s); err != nil {
			return err
		}
		k, err := kindOf(where, s, 4)
		f.Pin = int8(k) + 1
		return err
	},
	"entries": func(f *Facts, where string, raw []byte) (err error) {
		f.Entries, err = entries(where, raw)
		f.HasEntries = true
		return err
	},
	"visit": func(f *Facts, where string, raw []byte) error {
		if s := string(raw); s != "1" && s != "2" {
			return &FactError{where, "not 1 or 2"}
		}
		f.Visit = int(raw[0] - '0')
		return nil
	},
	"police_receipt_number": func(f *Facts, where string, raw []byte) error {
		if string(raw) == "null" {
			return nil
		}
		var s string
		err := text(where, raw, &s)
		f.Receipt = strings.TrimSpace(s) != ""
		return err
	},
	"how": func(f *Facts, where string, raw []byte) error {
		var s string
		if json.Unmarshal(raw, &s) != nil || s == "" || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return &FactError{where, "not a code"}
		}
		f.How = true
		return nil
	},
}
