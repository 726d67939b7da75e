// SPDX-License-Identifier: Apache-2.0

// Package samples is every screen with facts as they occur at a counter, the long ones among them. The tests of display draw them all, and
// the contact sheet shows them. It does not run on the device.
package samples

import (
	"fmt"
	"time"

	"madoguchi/display"
)

// A Sample is one screen with facts; its language is left open.
type Sample struct {
	Name   string
	Screen display.Screen
	Texts  []map[string]string // what a policy tells, by languages
}

// All returns the samples in the order of a case.
func All() []Sample {
	var out []Sample
	for _, part := range [][]Sample{idle(), clerk(), rules(), claims(), service(), enrols(), cards(), tell(), entries(), issue(), results(), faults()} {
		out = append(out, part...)
	}
	return out
}

// Large returns the residents' samples in large print.
func Large() []Sample {
	var out []Sample
	for _, s := range All() {
		if in, _ := s.Screen.ID.Info(); in.Face != display.FaceResident || s.Screen.Facts.Page > 1 {
			continue
		}
		s.Name += "_large"
		s.Screen.Facts.Large, s.Screen.Facts.Page = true, 0
		out = append(out, s)
	}
	return out
}

// In returns the screen in a language.
func (s Sample) In(l display.Lang) display.Screen {
	s.Screen.Lang = l
	for _, t := range s.Texts {
		s.Screen.Facts.Paras = append(s.Screen.Facts.Paras, display.Told(t, l)...)
	}
	return s.Screen
}

func one(id display.ID, f display.Facts) Sample {
	return Sample{Name: string(id), Screen: display.Screen{ID: id, Facts: f}}
}

func named(name string, id display.ID, f display.Facts) Sample {
	s := one(id, f)
	s.Name += "_" + name
	return s
}

// reasons makes one sample for each reason of a screen.
func reasons(id display.ID, f display.Facts) []Sample {
	var out []Sample
	for _, r := range id.Reasons() {
		f.Reason = r
		if r == "" {
			out = append(out, one(id, f))
			continue
		}
		out = append(out, named(r, id, f))
	}
	return out
}

const office = "名張市役所 本庁舎"

func idle() []Sample {
	at := display.Facts{Office: office, Date: "2026-11-22", Link: "up", Release: "at_once"}
	down := at
	down.Link, down.LinkSince, down.Queue = "down", 95*time.Minute, 12
	long := down
	long.Office, long.Date, long.LinkSince, long.Queue = "松江市役所 宍道支所 市民生活課 来待出張所", "2026-12-31", 30*24*time.Hour, 1234
	minutes := down
	minutes.LinkSince = 12 * time.Minute
	held := at
	held.Queue, held.Release = 7, "batched"
	found, two := at, long
	found.Text, two.Text = "ST3", "RD2 CL1 ST3"
	return []Sample{
		one(display.Boot, display.Facts{Build: "1.4.0-12-gcaf3a71"}),
		one(display.Idle, at),
		named("down", display.Idle, down),
		named("long", display.Idle, long),
		named("minutes", display.Idle, minutes),
		named("held", display.Idle, held),
		named("check", display.Idle, found),
		named("checks", display.Idle, two),
		named("plain", display.Idle, display.Facts{Office: office}),
		one(display.IdleReading, display.Facts{}),
		one(display.IdleBoard, board("2029-12-14", "valid")),
		named("soon", display.IdleBoard, trouble("2027-01-03", "soon")),
		named("child", display.IdleBoard, child()),
		named("unreadable", display.IdleBoard, board("", "")),
		named("face", display.IdleBoard, display.Facts{Species: "face_auth", Ends: "2030-11-22", EndState: "valid"}),
		one(display.IdleWrongCard, display.Facts{Species: "driving_licence"}),
		named("juki", display.IdleWrongCard, display.Facts{Species: "juki"}),
		named("phone", display.IdleWrongCard, display.Facts{Species: "phone"}),
		named("unknown", display.IdleWrongCard, display.Facts{Species: "unknown"}),
		one(display.IdleUnreadable, display.Facts{}),
		one(display.Wipe, display.Facts{}),
	}
}

func rows() []display.BoardRow {
	return []display.BoardRow{
		{Kind: "login", Left: 3, Max: 3, Present: true, Known: true},
		{Kind: "signing", Left: 5, Max: 5, Present: true, Known: true},
		{Kind: "card_info", Left: 3, Max: 3, Present: true, Known: true},
		{Kind: "register", Left: 3, Max: 3, Present: true, Known: true},
	}
}

func board(ends display.Date, state string) display.Facts {
	return display.Facts{Board: rows(), Ends: ends, EndState: state, Species: "my_number", Procedure: "tries_board"}
}

// trouble is a card with every state a row can have.
func trouble(ends display.Date, state string) display.Facts {
	f := board(ends, state)
	f.Board[0].Left = 1
	f.Board[1].Left = 0
	f.Board[2].Known = false
	f.Board[3].Left, f.Board[3].Differs = 2, true
	return f
}

// child is the card of a child under 15: no signing password.
func child() display.Facts {
	f := board("", "none")
	f.Board[1] = display.BoardRow{Kind: "signing"}
	return f
}

func clerk() []Sample {
	change := display.Facts{Procedure: "pin_change"}
	kinds := child()
	kinds.Procedure, kinds.Choice = "pin_change", 3
	wait := display.Facts{Seconds: 290}
	about := display.Facts{Build: "1.4.0-12-gcaf3a71", Fingerprint: "9F3A 01C7 5B2E", Release: "at_once", Link: "up"}
	down := about
	down.Build, down.Release, down.Link, down.LinkSince, down.Queue = "1.4.0-12-gcaf3a71-dirty-of-a-branch", "batched", "down", 26*time.Hour, 3
	out := []Sample{
		one(display.ClerkCode, display.Facts{}),
		named("typed", display.ClerkCode, display.Facts{Filled: 6}),
		named("short", display.ClerkCode, display.Facts{Filled: 3, Fault: "too_short"}),
		one(display.ClerkCodeWrong, display.Facts{Left: 1}),
		one(display.ClerkCodeWait, wait),
		one(display.ClerkKind, change),
		named("card", display.ClerkKind, kinds),
		one(display.ClerkTurn, display.Facts{Procedure: "pin_change", Kind: "card_info"}),
		one(display.ClerkCancel, change),
		one(display.ClerkTimeout, display.Facts{Procedure: "pin_check", Seconds: 20}),
		one(display.ClerkMenu, display.Facts{Choice: 1}),
		one(display.ClerkAbout, about),
		named("down", display.ClerkAbout, down),
	}
	out = append(out, reasons(display.ClerkRefused, display.Facts{Procedure: "pin_change"})...)
	out = append(out, reasons(display.ClerkInterrupted, display.Facts{Procedure: "pin_change"})...)
	for _, r := range display.Outcomes {
		out = append(out, named(r, display.ClerkClosed, display.Facts{Kind: "card_info", Queue: 3, Reason: r}))
	}
	return out
}

func cards() []Sample {
	asked := trouble("2027-01-03", "soon")
	asked.Procedure, asked.Kind, asked.Step = "pin_change", "card_info", "2/6"
	asked.Board[3].Differs = false
	expired := board("2026-11-03", "expired")
	expired.Procedure, expired.Kind, expired.Step = "pin_check", "login", "2/4"
	f := display.Facts{Procedure: "pin_change", Step: "1/6"}
	wrong := f
	wrong.Species = "driving_licence"
	juki := f
	juki.Species = "juki"
	out := []Sample{
		one(display.ResidentLanguage, display.Facts{Choice: 1}),
		named("practice", display.ResidentLanguage, display.Facts{Choice: 8, Practice: true}),
		named("two", display.ResidentLanguage, display.Facts{Choice: 3, Practice: true, Silent: [7]bool{1: true, 3: true, 4: true, 5: true, 6: true}}),
		one(display.ResidentStart, display.Facts{Choice: 1}),
		one(display.ResidentPractice, display.Facts{}),
		named("typed", display.PracticeID("login"), display.Facts{Filled: 2}),
		named("short", display.PracticeID("login"), display.Facts{Filled: 2, Fault: "too_short"}),
		named("half", display.PracticeID("signing"), display.Facts{Filled: 3, Half: true}),
		named("short", display.PracticeID("signing"), display.Facts{Filled: 3, Fault: "too_short"}),
		one(display.ResidentPractised, display.Facts{}),
		one(display.ResidentCardInsert, f),
		one(display.ResidentCardReading, f),
		one(display.ResidentCardWrong, wrong),
		named("juki", display.ResidentCardWrong, juki),
		one(display.ResidentCardUnreadable, f),
		one(display.ResidentCardNoPIN, f),
		one(display.ResidentCardTake, f),
		one(display.ResidentBoard, asked),
		named("expired", display.ResidentBoard, expired),
		named("face", display.ResidentBoard, display.Facts{Species: "face_auth", Ends: "2030-11-22", EndState: "valid"}),
		one(display.ResidentLetters, display.Facts{Procedure: "pin_change", Kind: "signing"}),
	}
	return append(out, reasons(display.ResidentCardRemoved, display.Facts{Kind: "card_info"})...)
}

// tries are the numbers of a fresh card.
func tries(kind string) int {
	if kind == "signing" {
		return 5
	}
	return 3
}

func entries() []Sample {
	var out []Sample
	for _, k := range display.Kinds {
		full := tries(k)
		short, all := 3, 4
		if k == "signing" {
			short, all = 5, 16
		}
		f := display.Facts{Procedure: "pin_change", Step: "3/6", Left: full, Max: full}
		typed, fault := f, f
		typed.Filled, typed.Left = all, 1
		fault.Filled, fault.Fault, fault.Left = short, "too_short", 2
		n := display.Facts{Procedure: "pin_change", Step: "4/6"}
		nTyped, differ := n, n
		nTyped.Filled = short
		differ.Fault = "mismatch"
		out = append(out,
			one(display.AboutID(k), f),
			one(display.PINID(k), f),
			named("typed", display.PINID(k), typed),
			named("short", display.PINID(k), fault),
			one(display.RulesID(k), n),
			named("typed", display.NewPINID(k), nTyped),
			one(display.AgainID(k), n),
			named("differs", display.AgainID(k), differ),
			one(display.LeaveID(k), f),
		)
	}
	half := display.Facts{Left: 5, Max: 5, Filled: 7, Half: true}
	return append(out,
		named("half", display.PINID("signing"), half),
		named("letter", display.NewPINID("signing"), display.Facts{Filled: 8, Fault: "needs_letter"}),
		named("digit", display.NewPINID("signing"), display.Facts{Filled: 8, Fault: "needs_digit"}),
	)
}

func results() []Sample {
	var out []Sample
	for _, k := range []string{"card_info", "signing"} {
		f := display.Facts{Procedure: "pin_change", Kind: k, Left: 1, Max: tries(k), Step: "3/6"}
		for _, id := range []display.ID{
			display.ResidentLocked, display.ResidentRelocked, display.ResidentAbsent, display.ResidentGuard1, display.ResidentGuard2, display.ResidentGuard3,
			display.ResidentChecking, display.ResidentChanging, display.ResidentWrong, display.ResidentMismatch, display.ResidentDone,
			display.ResidentChanged, display.ResidentLeaveAsk, display.ResidentLeaveOK, display.ResidentLeaveWrong, display.ResidentUnsure,
		} {
			out = append(out, named(k, id, f))
		}
	}
	f := display.Facts{Procedure: "pin_change", Kind: "card_info", Step: "3/6"}
	warn := f
	warn.Seconds = 20
	out = append(out,
		one(display.ResidentCancel, f), one(display.ResidentTimeout, warn), one(display.ResidentHelp, f), one(display.ResidentMenu, f),
		one(display.ResidentCall, f), one(display.ResidentTurnBack, f),
	)
	on := f
	on.Choice, on.Slow = 3, true
	ends := display.Facts{Procedure: "pin_change", Kind: "signing", Ends: "2029-12-14", EndState: "valid"}
	soon := ends
	soon.Ends, soon.EndState = "2027-01-03", "soon"
	out = append(out, named("slow", display.ResidentMenu, on), named("ends", display.ResidentChanged, ends), named("soon", display.ResidentDone, soon),
		one(display.ResidentReview, display.Facts{Procedure: "pin_change", Kind: "signing", Choice: 3, Filled: 8}),
		named("last", display.ResidentReview, display.Facts{Procedure: "pin_check", Kind: "signing", Choice: 16, Filled: 16}),
		one(display.ResidentLookAlike, display.Facts{Procedure: "pin_change", Kind: "signing"}))
	split := f
	split.Kind, split.Left, split.Max = "register", 2, 3
	out = append(out, reasons(display.ResidentSplit, split)...)
	out = append(out, reasons(display.ResidentFailed, f)...)
	return append(out, reasons(display.ResidentStopped, f)...)
}

func faults() []Sample {
	out := []Sample{
		one(display.FaultReader, display.Facts{}), one(display.FaultService, display.Facts{}),
		one(display.FaultPanel, display.Facts{}), one(display.FaultLid, display.Facts{}), one(display.FaultUpdate, display.Facts{}),
	}
	out = append(out, reasons(display.FaultStorage, display.Facts{})...)
	out = append(out, reasons(display.FaultStart, display.Facts{Text: "/dev/spidev0.0"})...)
	return append(out, reasons(display.FaultKeypad, display.Facts{})...)
}

// Size is a panel size under its name.
type Size struct {
	Name string
	W, H int
}

// Sizes are the two panels that the device is built for.
var Sizes = []Size{{"400x300", 400, 300}, {"800x480", 800, 480}}

// FileName is the name of a sample's picture in a language.
func (s Sample) FileName(l display.Lang) string { return fmt.Sprintf("%s_%s.png", s.Name, l) }
