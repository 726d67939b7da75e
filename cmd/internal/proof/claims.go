// SPDX-License-Identifier: Apache-2.0

package main

import "slices"

// claims are the product's promises.
var claims = slices.Concat(cases, doors)

// cases are the promises in the order of a case: the PIN, the card, the screen, the record, the rules, the update.
var cases = []claim{
	{
		Says:   "a PIN prints as PIN(redacted) under every verb, encoder and logger, and nothing returns its characters",
		Source: "README 1",
		Checks: []check{{Pkg: "pinpad/pin", Run: "TestRedaction TestNothingReturnsCharacters TestArrows"}},
		Breaks: []mutant{{
			Does: "prints where the PIN lies",
			File: "pinpad/pin/redact.go",
			Old:  "func (PIN) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redactedPIN) }",
			New:  "func (p PIN) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, p.h) }",
			By:   check{Pkg: "pinpad/pin", Run: "TestRedaction"},
		}},
	},
	{
		Says:   "a PIN is wiped by whoever holds it, on every path, and no copy stays",
		Source: "README 1",
		Checks: []check{
			{Pkg: "pinpad/pin", Run: "TestNoCopies TestForgotten TestWipeWhileSending TestWipedDoesNothing TestPageFlags"},
			{Pkg: "pinpad", Run: "TestNoCopies TestPagesOnEveryWay"},
			{Pkg: "card", Run: "TestPanic"},
		},
		Breaks: []mutant{{
			Does: "gives a page back as it is",
			File: "pinpad/pin/page.go",
			Old:  "func zero(p unsafe.Pointer) { clear(unsafe.Slice((*byte)(p), unix.Getpagesize())) }",
			New:  "func zero(p unsafe.Pointer) { _ = unix.Getpagesize }",
			By:   check{Pkg: "pinpad/pin", Run: "TestNoCopies TestForgotten TestWipeWhileSending TestWipedDoesNothing"},
		}},
	},
	{
		Says:    "after a case no PIN is found in the box's memory, on disk, in logs, on the wall or the wire",
		Source:  "README 1",
		Checks:  []check{{Pkg: "cmd/internal/leak", Run: "TestNoLeak TestPlantedLeak"}},
		Planted: "its own planted leaks, all found",
		Figure:  `(\d+ cases.*)`,
	},
	{
		Says:   "for two PINs of one length and equal key times the glass, lamp and log are the same",
		Source: "README 2",
		Checks: []check{
			{Pkg: "device", Run: "TestTwoPINsLookAlike"},
			{Pkg: "pinpad", Run: "TestEventsTellNoCharacter"},
			{Pkg: "display", Run: "TestEntryShowsOnlyTheCount"},
		},
		Breaks: []mutant{{
			Does: "tells nothing of a 7",
			File: "pinpad/entry.go",
			Old:  "\t\tp.character(k.digit())\n\t\tp.say(EventTyped, pin.FaultNone)",
			New:  "\t\tp.character(k.digit())\n\t\tif k != Key7 {\n\t\t\tp.say(EventTyped, pin.FaultNone)\n\t\t}",
			By:   check{Pkg: "pinpad", Run: "TestEventsTellNoCharacter"},
		}},
	},
	{
		Says:   "the rhythm of typing is seen no finer than a grid of 500 ms, and is not heard",
		Source: "README 2",
		Checks: []check{{Pkg: "display", Run: "TestPainterHidesRhythm"}, {Pkg: "display/buzzer", Run: "TestGridHidesRhythm TestTone"}},
		Breaks: []mutant{
			{
				Does: "draws at the moment of the key",
				File: "display/painter.go",
				Old:  "(passed + p.opts.Grid - 1) / p.opts.Grid * p.opts.Grid",
				New:  "passed",
				By:   check{Pkg: "display", Run: "TestPainterHidesRhythm"},
			},
			{
				Does: "sounds at the moment of the key",
				File: "display/buzzer/buzzer.go",
				Old:  "b.after(Grid-time.Since(b.start)%Grid, b.sound)",
				New:  "b.after(0, b.sound)",
				By:   check{Pkg: "display/buzzer", Run: "TestGridHidesRhythm"},
			},
		},
	},
	{
		Says:   "a PIN that breaks its kind's rules never reaches the card",
		Source: "README 3",
		Checks: []check{{Pkg: "card", Run: "TestRulesFirst TestRegisterRefused TestMalformed"}},
		Breaks: []mutant{{
			Does: "sends what was typed",
			File: "card/card.go",
			Old:  "\tif f := p.Fault(infos[k].Form); f != pin.FaultNone {",
			New:  "\tif f := p.Fault(infos[k].Form); f == 255 {",
			By:   check{Pkg: "card", Run: "TestRulesFirst"},
		}},
	},
	{
		Says:   "no path sends a VERIFY with one try left but through the guard",
		Source: "README 3",
		Checks: []check{{Pkg: "device/session", Run: "TestFlows TestWalks TestTable"}, {Pkg: "device", Run: "TestLastTry"}},
		Breaks: []mutant{
			{
				Does: "opens the entry without the guard",
				File: "device/session/entry.go",
				Old:  "case m.left < 2 && !m.guarded:",
				New:  "case false:",
				By:   check{Pkg: "device", Run: "TestLastTry"},
			},
			{
				Does: "does not ask for the guard again after a try",
				File: "device/session/work.go",
				Old:  "\tm.guarded = false\n",
				New:  "\tm.guarded = true\n",
				By:   check{Pkg: "device/session", Run: "TestFlows"},
			},
		},
		Figure: `(\d+ kinds of screens drawn)`,
	},
	{
		Says:   "after the resident's Cancel nothing with a PIN reaches the card",
		Source: "README 4",
		Checks: []check{{Pkg: "device/session", Run: "TestWalks TestFlows"}},
		Breaks: []mutant{{
			Does: "goes on where it was cancelled",
			File: "device/session/overlay.go",
			Old:  "\t\t\tm.cancelled()\n",
			New:  "\t\t\tm.back()\n",
			By:   check{Pkg: "device/session", Run: "TestFlows"},
		}},
	},
	{
		Says:   "a real card gets no command but those of the allow-list",
		Source: "card",
		Checks: []check{{Pkg: "card", Run: "TestAllowList TestResetScope TestIssuingRefused"}, {Pkg: "cmd/internal/authority", Run: "TestRealCard"}},
		Breaks: []mutant{{
			Does: "asks for the tries with a P1 of its own",
			File: "card/apdu.go",
			Old:  "return []byte{0x00, 0x20, 0x00, 0x80}",
			New:  "return []byte{0x00, 0x20, 0x01, 0x80}",
			By:   check{Pkg: "card", Run: "TestAllowList"},
		}},
	},
	{
		Says:   "a finished case is one record in the outbox, whatever is cut or killed",
		Source: "README 5",
		Checks: []check{
			{Pkg: "sync/outbox", Run: "TestPowerCutAtEveryCall TestKilledAtEveryPoint TestFinishTwiceStoresOnce TestOneCaseFromJournalToReceipt"},
			{Pkg: "device", Run: "TestPowerCut"},
		},
		Breaks: []mutant{
			{
				Does: "keeps the journal of a case that is stored",
				File: "sync/outbox/queue.go",
				Old:  "return tx.Bucket(bJournal).Delete(kJournal)",
				New:  "return nil",
				By:   check{Pkg: "sync/outbox", Run: "TestOneCaseFromJournalToReceipt"},
			},
			{
				Does: "counts a record that is stored again",
				File: "sync/outbox/queue.go",
				Old:  "if hold.Get(id[:]) != nil {",
				New:  "if false {",
				By:   check{Pkg: "sync/outbox", Run: "TestFinishTwiceStoresOnce"},
			},
		},
	},
	{
		Says:   "no record is lost or doubled between the outbox and city hall's database",
		Source: "README 5",
		Checks: []check{
			{Pkg: "cmd/internal/collector", Run: "TestExactlyOnce TestAckAfterCommit"},
			{Pkg: "cmd/internal/store", Run: "TestExactlyOnce TestDurable"},
			{Pkg: "cmd/internal/brokers", Run: "TestCutsOnePercent"},
			{Pkg: "cmd/internal/brokers", Bench: "BenchmarkMillionUnderCuts", Long: true},
		},
		Breaks: []mutant{{
			Does: "stores what came again in its own right",
			File: "cmd/internal/store/statements.go",
			Old:  "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`",
			New:  "VALUES (randomblob(16), $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`",
			By:   check{Pkg: "cmd/internal/store", Run: "TestExactlyOnce"},
		}},
		Figure: `(\d+ records of \d+ boxes: .*)`,
	},
	{
		Says:   "a record holds codes of the allow-list only, and at most 8 bits of them",
		Source: "README 5",
		Checks: []check{{Pkg: "sync/record", Run: "TestConstructorsTakeEnumsOnly TestBits TestDecodeRefuses TestDifferentPeopleSameRecord TestOnePOForEachCase"}},
		Breaks: []mutant{{
			Does: "has a record that takes free text",
			File: "sync/record/record.go",
			Old:  "// NewPO is the facet",
			New:  "// NewNote takes anything.\nfunc NewNote(_ string, w Week, g Group) (Record, error) { return NewPO(PinCheck, Done, w, g) }\n\n// NewPO is the facet",
			By:   check{Pkg: "sync/record", Run: "TestConstructorsTakeEnumsOnly"},
		}},
		Figure: `(wc: [\d.]+ bits)`,
	},
	{
		Says:   "city hall's pages and exports show no count below the threshold",
		Source: "cmd/cityhall",
		Checks: []check{{Pkg: "cmd/internal/cityweb", Run: "TestNothingSmall"}, {Pkg: "cmd/internal/store", Run: "TestRelease TestReleaseCountsEachOnce"}},
		Breaks: []mutant{{
			Does: "publishes every count",
			File: "cmd/internal/store/release.go",
			Old:  "sums[c] >= k ||",
			New:  "sums[c] >= 1 || k < 0 ||",
			By:   check{Pkg: "cmd/internal/cityweb", Run: "TestNothingSmall"},
		}},
	},
	{
		Says:   "a claim number names nobody, and one wrong or two swapped characters are noticed",
		Source: "sync/claim",
		Checks: []check{{Pkg: "sync/claim", Run: "TestStateHasNoIdentity TestErrorsInDrawnNumbers TestEveryErrorIsNoticed TestExpiry TestThrottle"}},
		Breaks: []mutant{{
			Does: "adds the characters without their weights",
			File: "sync/claim/number.go",
			Old:  "\t\tsum += (i + 1) * v\n\t}\n\tif sum%len(Alphabet) != 0 {",
			New:  "\t\tsum += v\n\t}\n\tif sum%len(Alphabet) != 0 {",
			By:   check{Pkg: "sync/claim", Run: "TestErrorsInDrawnNumbers TestEveryErrorIsNoticed"},
		}},
	},
	{
		Says:   "the process that sees PINs reaches no network, the one on the network no card, key or panel",
		Source: "README 1",
		Checks: []check{{Pkg: "cmd/internal/house", Run: "TestArrows TestNever TestPure TestRandomness"}, {Pkg: "cmd/internal/image", Run: "TestWalls TestPacketFilter TestSilence TestNobodyLogsIn"}},
		Breaks: []mutant{
			{
				Does: "brings a network client into the key-pad's package",
				File: "pinpad/entry.go",
				Old:  "import (\n\t\"fmt\"\n",
				New:  "import (\n\t\"fmt\"\n\t_ \"net/http\"\n",
				By:   check{Pkg: "cmd/internal/house", Run: "TestNever"},
			},
			{
				Does: "lets the session read a clock of its own",
				File: "device/session/overlay.go",
				Old:  "import (",
				New:  "import (\n\t_ \"os\"",
				By:   check{Pkg: "cmd/internal/house", Run: "TestPure"},
			},
		},
	},
	{
		Says:   "an issuer's operation is bound to card, box and case, needs a second person, and carries no PIN",
		Source: "sync/issuer",
		Checks: []check{
			{Pkg: "sync/issuer", Run: "TestNoPlaceForAPIN TestSwapped TestRelease TestSettle"},
			{Pkg: "cmd/internal/authority", Run: "TestPINStaysOffTheWire TestFourEyes TestReplayed TestSwapped TestPowerCut"},
		},
		Breaks: []mutant{{
			Does: "lets the one who opened the case release it",
			File: "sync/issuer/desk.go",
			Old:  "case by == e.Open.Order.Opener || by == Label{}:",
			New:  "case by == Label{}:",
			By:   check{Pkg: "cmd/internal/authority", Run: "TestFourEyes"},
		}},
	},
	{
		Says:   "the box applies the municipality's rules as written: every case of every city decides as it should",
		Source: "device/policy",
		Checks: []check{{Pkg: "device/procedure", Run: "TestCases TestCombinations TestPromises"}, {Pkg: "device/policy", Run: "TestLintEmbedded TestLoadRefusesWhole"}, {Pkg: "device/policy/civil", Run: "TestWindow TestNthBirthdayAfter TestAgainstTime"}},
		Breaks: []mutant{{
			Does: "opens the renewal window a day late",
			File: "device/policy/civil/life.go",
			Old:  "\treturn day, true\n}",
			New:  "\treturn day.Next(), true\n}",
			By:   check{Pkg: "device/policy/civil", Run: "TestWindow"},
		}},
	},
	{
		Says:   "every screen has its words in every language, fits its panel, and says why and what next",
		Source: "display",
		Checks: []check{{Pkg: "display", Run: "TestEveryScreenFits TestLegible TestScreensDiffer"}, {Pkg: "display/words", Run: "TestLanguagesHaveTheSameKeys TestNoFallBack TestTroubleSaysWhyAndNext"}},
		Breaks: []mutant{{
			Does: "lacks a word in Portuguese",
			File: "display/words/pt.toml",
			Old:  "\ntries_board = \"Tentativas\"\n",
			New:  "\n",
			By:   check{Pkg: "display/words", Run: "TestLanguagesHaveTheSameKeys"},
		}},
	},
	{
		Says:   "an unsigned, older, expired, foreign or half-delivered update changes nothing",
		Source: "README 6",
		Checks: []check{{Pkg: "device/update", Run: "TestAttacks TestAssignment TestManifest TestTransferCut TestAgentRefuses TestAgentPowerCut"}},
		Breaks: []mutant{{
			Does: "lets metadata live for ever",
			File: "device/update/trust.go",
			Old:  "\tif now.Trusted {\n",
			New:  "\tif false {\n",
			By:   check{Pkg: "device/update", Run: "TestAttacks"},
		}},
	},
	{
		Says:   "no update is installed while a case is open, and a bad one falls back",
		Source: "README 6",
		Checks: []check{{Pkg: "device/update", Run: "TestAgentHolds TestAgentFallsBack TestAgentReverts"}, {Pkg: "cmd/internal/rollout", Run: "TestBadWave TestLateAndDeaf"}},
		Breaks: []mutant{
			{
				Does: "does not wait for the end of a case",
				File: "device/update/gate.go",
				Old:  "\trelease, ok := a.o.Hold(kind)\n\tif ok {",
				New:  "\trelease, ok := a.o.Hold(kind)\n\tif !ok {\n\t\trelease, ok = func() {}, true\n\t}\n\tif ok {",
				By:   check{Pkg: "device/update", Run: "TestAgentHolds"},
			},
			{
				Does: "keeps what is not healthy",
				File: "device/update/trial.go",
				Old:  "\t\t\treturn a.revert(ctx, \"health\", err)",
				New:  "\t\t\treturn a.commit(ctx)",
				By:   check{Pkg: "device/update", Run: "TestAgentFallsBack"},
			},
		},
	},
	{
		Says:   "a lost line, broker, reader, panel, key-pad or clock is said, and the box goes on",
		Source: "README 7",
		Checks: []check{
			{Pkg: "device", Run: "TestReaderGone TestPanelFault TestKeypadFault TestDoubtfulClock TestServiceHangs TestQuarantine"},
			{Pkg: "sync/link", Run: "TestCutLine TestWallComesBack TestRefusedSubscription TestLineWithoutClock"},
			{Pkg: "sync/outbox", Run: "TestFullDisk TestFailingDisk TestTruncatedAnywhere TestFlippedBits"},
		},
		Breaks: []mutant{{
			Does: "takes a reader that hangs for one that works",
			File: "device/cards.go",
			Old:  "\t\tc.d.fail(&ExitError{ExitReader, errors.New(\"card reader and card service do not answer; look at the reader's cable\")})\n",
			New:  "",
			By:   check{Pkg: "device", Run: "TestServiceHangs"},
		}},
	},
	{
		Says:   "every wait has a deadline",
		Source: "README 7",
		Checks: []check{{Pkg: "device", Run: "TestCommandHangs TestTimeouts"}, {Pkg: "device/session", Run: "TestEveryMatterEnds"}, {Pkg: "sync/wall", Run: "TestDeadlines"}, {Pkg: "display/epd", Run: "TestBusyFaults"}},
		Breaks: []mutant{{
			Does: "waits for ever for a frame's body",
			File: "sync/wall/conn.go",
			Old:  "\tif err := c.c.SetReadDeadline(time.Now().Add(c.opts.BodyTimeout)); err != nil {\n\t\treturn Frame{}, fmt.Errorf(\"setting body deadline: %w\", err)",
			New:  "\tif err := c.c.SetReadDeadline(time.Time{}); err != nil {\n\t\treturn Frame{}, fmt.Errorf(\"setting body deadline: %w\", err)",
			By:   check{Pkg: "sync/wall", Run: "TestDeadlines"},
		}},
	},
}
