// SPDX-License-Identifier: Apache-2.0

package samples

import "madoguchi/display"

// service are the screens of the service menu.
func service() []Sample {
	var out []Sample
	for _, id := range []display.ID{display.ServiceCode, display.ServiceOldCode, display.ServiceNewCode, display.ServiceAgain} {
		out = append(out, one(id, display.Facts{}), named("typed", id, display.Facts{Filled: 6}))
	}
	out = append(out,
		named("short", display.ServiceNewCode, display.Facts{Filled: 3, Fault: "too_short"}),
		one(display.ServiceMenu, display.Facts{Choice: 1}),
		named("last", display.ServiceMenu, display.Facts{Choice: 9}),
		one(display.ServiceBlack, display.Facts{}), one(display.ServiceWhite, display.Facts{}),
		one(display.ServiceFine, display.Facts{}), one(display.ServicePrint, display.Facts{}),
		one(display.ServiceSaving, display.Facts{}), one(display.ServiceSaved, display.Facts{}),
	)
	out = append(out, reasons(display.ServiceRefused, display.Facts{})...)
	out = append(out, reasons(display.ServiceIll, display.Facts{})...)
	return append(append(append(out, pads()...), pages()...), checks()...)
}

// pads are the key test: nothing pressed yet, a key down, all seen, a palm, a ghost, a key that stays down, no lines.
func pads() []Sample {
	pad := func(name, reason string, down, seen int) Sample {
		s := one(display.ServicePad, display.Facts{Reason: reason, Down: down, Seen: seen})
		if name != "" {
			s.Name += "_" + name
		}
		return s
	}
	return []Sample{
		pad("", "", 0, 0), pad("down", "", 1<<5, 0x01f7), pad("all", "all", 0, 0xffff), pad("several", "several", 1<<0|1<<1, 0x000f),
		pad("ghost", "ghost", 1<<0|1<<1|1<<4|1<<5, 0x0fff), pad("stuck", "stuck", 1<<11, 0xf7ff), pad("unplugged", "unplugged", 0xffff, 0),
	}
}

// checks are the check: running, all well, and as much wrong as can be.
func checks() []Sample {
	page := func(reason string, words ...string) Sample {
		s := one(display.ServiceCheck, display.Facts{Reason: reason})
		s.Name += "_" + reason
		for i, part := range []string{"keys", "panel", "reader", "clock", "storage", "link"} {
			r := display.Row{Code: "check_" + part}
			if len(words) > 0 {
				r.Word = words[i]
			}
			s.Screen.Facts.Rows = append(s.Screen.Facts.Rows, r)
		}
		return s
	}
	named := func(name string, s Sample) Sample { s.Name += "_" + name; return s }
	return []Sample{
		named("again", page("ill", "ky0", "pn0", "rd9", "cl0", "st9", "lk0")), named("card", page("ill", "ky0", "pn0", "rd3", "cl0", "st2", "lk6")),
		named("old", page("ill", "ky0", "pn0", "rd1", "cl0", "st4", "lk0")), named("none", page("ill", "ky0", "pn0", "rd0", "cl0", "st1", "lk0")),
		named("stranger", page("ill", "ky0", "pn0", "rd0", "cl1", "st0", "lk7")), named("refused", page("ill", "ky0", "pn0", "rd0", "cl0", "st0", "lk8")),
		page("running"), page("well", "ky0", "pn0", "rd0", "cl0", "st0", "lk0"), page("ill", "ky0", "pn0", "rd2", "cl1", "st3", "lk5"),
	}
}

// pages are those of rows, with the least that there can be to say, and the most.
func pages() []Sample {
	rows := func(name string, id display.ID, reason string, rows ...display.Row) Sample {
		s := one(id, display.Facts{Reason: reason, Rows: rows})
		if name != "" {
			s.Name += "_" + name
		}
		return s
	}
	text := func(code, text string) display.Row { return display.Row{Code: code, Text: text} }
	word := func(code, word string) display.Row { return display.Row{Code: code, Word: word} }
	const model = "epd.SSD1683{SPI0.0}"
	const long = "Circle CIR315 Dual & 1S [CIR315 Contactless Reader] 00 00"
	away, many := word("line", "down"), display.Row{Code: "cases", Word: "n", N: 1234}
	var out []Sample
	for _, state := range []string{"off", "waiting", "typing", "checking", "done", "help", "stopped"} {
		out = append(out, rows(state, display.ServiceLamp, "", word("lamp", state), word("buzzer", "on")))
	}
	for _, why := range display.UpdateFaults {
		out = append(out, rows(why, display.ServiceAbout, why, text("device", "box1"), text("build", "1.4.0"), text("spoken", "1.4.0"), word("fingerprint", "none"),
			text("rules", "12 5d41402a"), text("clock", "2026-11-24 10:32")))
	}
	return append(out,
		rows("", display.ServicePanel, "", text("panel", model), word("full", "none"), word("partial", "none")),
		rows("fast", display.ServicePanel, "fast", text("panel", model), text("full", "3.94 s"), text("partial", "0.36 s")),
		rows("slow", display.ServicePanel, "slow", text("panel", "epd.UC8179{SPI0.0}"), text("full", "4.10 s"), text("partial", "1.58 s")),
		rows("asked", display.ServiceReader, "empty", display.Row{Code: "reader"}, display.Row{Code: "own_pad"}, word("slot", "empty")),
		rows("", display.ServiceReader, "in", text("reader", "SCM SCR 3310 00 00"), word("own_pad", "no"), word("slot", "in")),
		rows("long", display.ServiceReader, "empty", text("reader", long), word("own_pad", "yes"), word("slot", "empty")),
		rows("mute", display.ServiceReader, "mute", text("reader", long), word("own_pad", "unknown"), word("slot", "mute")),
		rows("none", display.ServiceReader, "none", word("reader", "unknown"), word("own_pad", "unknown"), word("slot", "none")),
		rows("service", display.ServiceReader, "service", word("reader", "unknown"), word("own_pad", "unknown"), word("slot", "service")),
		rows("", display.ServiceQueue, "up", word("cases", "none"), word("oldest", "none"), word("line", "up"), text("receipt", "11-24 10:32")),
		rows("one", display.ServiceQueue, "up", display.Row{Code: "cases", Word: "n", N: 1}, display.Row{Code: "oldest", Date: "2026-11-23"},
			word("line", "up"), text("receipt", "11-24 10:32")),
		rows("down", display.ServiceQueue, "down", many, display.Row{Code: "oldest", Date: "2026-11-09"}, away, word("receipt", "none")),
		rows("plain", display.ServiceQueue, "none", many, display.Row{Code: "oldest", Date: "2026-12-28"}, word("line", "none"), word("receipt", "none")),
		rows("", display.ServiceAbout, "", text("device", "nabari-hongan-01"), text("build", "1.4.0-12-gcaf3a71"), text("spoken", "1.4.0-12-gcaf3a71"),
			text("fingerprint", "9F3A 01C7 5B2E 44D0"), text("rules", "12 5d41402a"), text("clock", "2026-11-24 10:32")),
		rows("least", display.ServiceAbout, "", text("device", "box1"), text("build", "1.4.0-12-gcaf3a71-dirty-of-a-long-branch-name"),
			text("spoken", "1.4.0-12-gcaf3a71-dirty-of-a-long-branch-name"), word("fingerprint", "none"), word("rules", "none"), text("clock", "2026-11-24 10:32 ?")),
		rows("", display.ServiceClock, "sure", display.Row{Code: "date", Date: "2026-11-24"}, text("time", "10:32")),
		rows("confirmed", display.ServiceClock, "confirmed", display.Row{Code: "date", Date: "2026-12-31"}, text("time", "10:32 ?")),
		rows("silent", display.ServiceLamp, "", word("lamp", "waiting"), word("buzzer", "off")),
		rows("none", display.ServiceLamp, "", word("lamp", "none"), word("buzzer", "none")),
	)
}
