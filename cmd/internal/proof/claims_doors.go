// SPDX-License-Identifier: Apache-2.0

package main

// doors are the promises about who and what comes in, to the box, to a case, to a card: guessing, proxies, another card, another face, other rules, a new box, an open
// port, a hidden release.
var doors = []claim{
	{
		Says:   "the clerk's face comes only after the panel is white, and no PIN step has it but a proxy's letter",
		Source: "device/session",
		Checks: []check{{Pkg: "device/session", Run: "TestWalks TestFlows TestSeen TestLetter"}},
		Breaks: []mutant{{
			Does: "shows the clerk's face over the resident's",
			File: "device/session/close.go",
			Old:  "\tm.do(WipePINs{}, EndCard{})\n\tm.to(stepWiping)\n",
			New:  "\tm.do(WipePINs{}, EndCard{})\n\tm.wiped()\n",
			By:   check{Pkg: "device/session", Run: "TestFlows"},
		}},
	},
	{
		Says:   "a case goes to its end by the rules that were in force when it was opened",
		Source: "device/policy",
		Checks: []check{{Pkg: "device/session", Run: "TestRulesHold"}},
		Breaks: []mutant{{
			Does: "puts new rules into the case that is open",
			File: "device/session/step.go",
			Old:  "\t\t\tm.rules = ev.Rules // a case that is open keeps its own\n",
			New:  "\t\t\tm.rules, m.inquiry.rules = ev.Rules, ev.Rules\n",
			By:   check{Pkg: "device/session", Run: "TestRulesHold"},
		}},
	},
	{
		Says:   "a proxy's PINs come from the holder's sealed letter only, typed once by staff",
		Source: "device/session",
		Checks: []check{{Pkg: "device/session", Run: "TestProxyPlan TestLetter"}},
		Breaks: []mutant{
			{
				Does: "lets a proxy without a letter have PINs set",
				File: "device/session/issueplan.go",
				Old:  "\tif s.applicant == Proxy && !p.letter {",
				New:  "\tif false {",
				By:   check{Pkg: "device/session", Run: "TestProxyPlan"},
			},
			{
				Does: "lets staff try a letter again",
				File: "device/session/work.go",
				Old:  "\t\tcase m.letter:\n\t\t\tm.letterWrong()\n",
				New:  "",
				By:   check{Pkg: "device/session", Run: "TestLetter"},
			},
		},
	},
	{
		Says:   "a case of the issuer link keeps to one card, and what authorises an operation fits no other",
		Source: "sync/issuer",
		Checks: []check{{Pkg: "sync/issuer", Run: "TestBond TestSwapped"}, {Pkg: "cmd/internal/authority", Run: "TestOneCardACase TestReplayed"}},
		Breaks: []mutant{{
			Does: "takes any card for the case's",
			File: "cmd/internal/authority/authority.go",
			Old:  "\treturn bytes.Equal(number, n[:]), err\n",
			New:  "\treturn bytes.Equal(number, number), err\n",
			By:   check{Pkg: "cmd/internal/authority", Run: "TestOneCardACase"},
		}},
	},
	{
		Says:   "guessing a clerk code or a claim number costs a pause that a pulled plug does not end, and a box that cannot count takes none",
		Source: "SECURITY.md",
		Checks: []check{
			{Pkg: "device", Run: "TestThrottle TestUncountedCodes TestUncountedClaims"},
			{Pkg: "device/session", Run: "TestPause TestPauseOutlivesThePlug TestMissIsStoredFirst"},
			{Pkg: "sync/claim", Run: "TestThrottle"},
		},
		Breaks: []mutant{
			{
				Does: "forgets the pause at a start",
				File: "device/session/rest.go",
				Old:  "\t\tm.blocked = m.at.Add(pause(m.misses)) // the whole pause again",
				New:  "\t\tm.blocked = time.Time{} // the whole pause again",
				By:   check{Pkg: "device/session", Run: "TestPauseOutlivesThePlug"},
			},
			{
				Does: "looks a claim number up without counting",
				File: "device/claims.go",
				Old:  "\t\tu.found(ctx, session.Event{Found: session.FindStorage})\n\t\treturn\n\t}\n\tnow :=",
				New:  "\t}\n\tnow :=",
				By:   check{Pkg: "device", Run: "TestUncountedClaims"},
			},
			{
				Does: "takes a count that cannot be read for none",
				File: "device/store.go",
				Old:  "\t\tt = outbox.Throttle{Misses: unreadMisses, Until: ev.At.Add(time.Minute)}\n",
				New:  "\t\t_ = time.Minute\n",
				By:   check{Pkg: "device", Run: "TestUncountedCodes"},
			},
		},
	},
	{
		Says:   "a new box is let in only by the code typed on its own pad, which crosses no wire",
		Source: "device/enrol",
		Checks: []check{{Pkg: "device/enrol", Run: "TestCodeStaysHere TestNobodyAgreed TestRefusals"}, {Pkg: "cmd/internal/registrar", Run: "TestGuess TestBrake"}},
		Breaks: []mutant{{
			Does: "takes a certificate that nobody agreed to",
			File: "device/enrol/machine.go",
			Old:  "\tif m.agreed && len(m.word.Certificate) > 0 && (m.step == asking || m.step == typing) &&",
			New:  "\tif len(m.word.Certificate) > 0 &&",
			By:   check{Pkg: "device/enrol", Run: "TestNobodyAgreed"},
		}},
	},
	{
		Says:   "the box opens no port, and nobody logs in to it",
		Source: "buildroot",
		Checks: []check{{Pkg: "cmd/internal/image", Run: "TestPacketFilter TestNobodyLogsIn TestPresets"}},
		Breaks: []mutant{{
			Does: "opens a port",
			File: "buildroot/board/common/rootfs-overlay/etc/nftables.conf",
			Old:  "\t\tct state invalid drop\n",
			New:  "\t\tct state invalid drop\n\t\ttcp dport 22 accept\n",
			By:   check{Pkg: "cmd/internal/image", Run: "TestPacketFilter"},
		}},
	},
	{
		Says:   "nothing is installed that does not stand in the log that every box is shown alike",
		Source: "cmd/fleet",
		Checks: []check{{Pkg: "device/update", Run: "TestLogGrows TestForgedLog TestLogCut"}},
		Breaks: []mutant{{
			Does: "does not compare the log with the one it saw",
			File: "device/update/log.go",
			Old:  "\tcase head == seen || seen.N == 0:\n",
			New:  "\tcase head == seen || seen.N >= 0:\n",
			By:   check{Pkg: "device/update", Run: "TestForgedLog"},
		}},
	},
	{
		Says:   "rules or settings with which the box does not stay up are taken back before they are read again",
		Source: "README 6",
		Checks: []check{{Pkg: "device", Run: "TestUpdateDeadly"}, {Pkg: "device/update", Run: "TestAgentBoots TestAgentNoStart TestAgentNoStartBack"}},
		Breaks: []mutant{{
			Does: "starts with them for ever",
			File: "device/update/trial.go",
			Old:  "\t\tif t.wornOut() {\n\t\t\tt.Code = \"boots\"",
			New:  "\t\tif false {\n\t\t\tt.Code = \"boots\"",
			By:   check{Pkg: "device", Run: "TestUpdateDeadly"},
		}},
	},
}
