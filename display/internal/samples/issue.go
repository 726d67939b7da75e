// SPDX-License-Identifier: Apache-2.0

package samples

import "madoguchi/display"

// issue are the screens of the issuer link.
func issue() []Sample {
	f := display.Facts{Procedure: "cert_renewal", Kind: "card_info", Step: "2/4"}
	out := reasons(display.ResidentIssueAbout, f)
	for _, s := range reasons(display.ResidentIssueWait, f) {
		if s.Screen.Facts.Reason == "release" {
			s.Screen.Facts.Text = "0417"
		}
		out = append(out, s)
	}
	out = append(out, reasons(display.ResidentIssueCard, f)...)
	out = append(out, reasons(display.ResidentIssueAgain, f)...)
	done := display.Facts{Procedure: "cert_renewal", Kind: "card_info", Ends: "2031-12-31", EndState: "valid"}
	for _, s := range reasons(display.ResidentIssued, done) {
		if s.Screen.Facts.Reason == "reset" {
			s.Screen.Facts.Ends, s.Screen.Facts.EndState = "", ""
		}
		out = append(out, s)
	}
	out = append(out, one(display.ClerkLetter, display.Facts{Procedure: "cert_renewal"}))
	for _, k := range display.Kinds {
		for _, r := range []string{"current", "new", "again"} {
			at := display.Facts{Procedure: "cert_renewal", Reason: r, Filled: 2}
			if r == "current" {
				at.Left, at.Max = tries(k), tries(k)
			}
			out = append(out, named(r, display.LetterID(k), at))
		}
	}
	return append(out, reasons(display.ClerkRecover, display.Facts{Procedure: "pin_reset"})...)
}
