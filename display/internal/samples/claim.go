// SPDX-License-Identifier: Apache-2.0

package samples

import "madoguchi/display"

const number = "K7-3F9A-X"

// claims are the screens of a claim number: typed by the clerk, looked up, and given.
func claims() []Sample {
	keys := display.Facts{Lines: []display.Line{
		{Code: "2", Text: "AC2"}, {Code: "3", Text: "EF3"}, {Code: "4", Text: "H4"}, {Code: "5", Text: "JK5"},
		{Code: "6", Text: "MN6"}, {Code: "7", Text: "PR7"}, {Code: "8", Text: "T8"}, {Code: "9", Text: "WXY9"},
	}}
	typed := func(text, step, fault string) display.Facts {
		f := keys
		f.Text, f.Step, f.Fault = text, step, fault
		return f
	}
	out := []Sample{
		one(display.ClerkClaim, typed("K73", "", "")),
		named("empty", display.ClerkClaim, typed("", "", "")),
		named("due", display.ClerkClaim, typed("K73F", "9", "")),
		named("short", display.ClerkClaim, typed("K73F", "", "short")),
		named("check", display.ClerkClaim, typed("K73F9AX", "", "check")),
		one(display.ClerkClaimAsking, display.Facts{Claim: number}),
	}
	out = append(out, reasons(display.ClerkClaimNone, display.Facts{Claim: number, Seconds: 290})...)
	out = append(out, named("left", display.ClerkClaimNone, display.Facts{Claim: number, Reason: "elsewhere", Left: 4}))
	for _, step := range []string{"letter_mailed", "papers_wanted", "at_terminal", "at_staff", "leave_check"} {
		out = append(out, paged(step, display.ClerkClaimFound, display.Facts{Claim: number, Paras: []display.Para{
			{Code: "next", Word: "suspension_release"}, {Code: "who", Word: "legal_representative"}, {Code: "stand", Word: step},
			{Code: "since", Date: "2026-12-23"}, {Code: "until", Date: "2027-12-22"},
		}})...)
		home := display.Facts{Procedure: "cert_renewal", Claim: number, Paras: []display.Para{
			{Code: "claim"}, {Code: "number"}, {Code: "until", Date: "2027-12-23"}, {Code: "where", Word: "any"}, {Code: "again", Word: step},
		}}
		if step == "letter_mailed" {
			home.Paras[3].Word = "same"
		}
		for home.Page = range 3 {
			if home.Page > 0 {
				out = append(out, named(step+string(rune('0'+home.Page)), display.ResidentTell, home))
			}
		}
	}
	for _, step := range display.Steps {
		f := display.Facts{Procedure: "cert_renewal", Claim: number, Ends: "2027-12-22", Reason: step, Queue: 12}
		if step == "no_number" {
			f.Claim = ""
		}
		out = append(out, named(step, display.ClerkClosed, f))
	}
	reset := display.Facts{Procedure: "cert_renewal", Kind: "login", Reason: "locked", Paras: []display.Para{{Code: "missing", Text: "マイナンバーカード以外のご本人の本人確認書類 1点"}}}
	out = append(out, named("needs", display.ClerkClosed, reset))
	return append(out, named("number", display.ClerkClosed, display.Facts{Procedure: "pin_change", Kind: "signing", Claim: number, Reason: "unsure"}))
}
