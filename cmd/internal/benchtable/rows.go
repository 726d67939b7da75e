// SPDX-License-Identifier: Apache-2.0

package main

import "slices"

// A row is one line of the table and the benchmark that gives it.
type row struct {
	Work         string // what is done
	Pkg, Bench   string // where; Bench with its sub-benchmark, without the number of cores
	Ours         string // unit of our figure
	Against      string // what it is measured against in the same run
	AgainstUnit  string // unit of that figure, if the same benchmark reports it
	AgainstBench string // another benchmark of the package, whose figure in the unit Ours is the yardstick
	Ratio        string // unit of the ratio, if the benchmark reports it
	Goal         string
}

var rows = slices.Concat(ofBox, ofHall, ofDelivery(), ofUpdates)

// ofBox are what a resident or a clerk waits for, and what the box takes of its board.
var ofBox = []row{
	{Work: "key edge → frame handed to the panel driver (20 ms of debounce and scan in it)", Pkg: "madoguchi/device", Bench: "BenchmarkKeyToFrame",
		Ours: "ms/key", Against: "the debounce time alone", Ratio: "×debounce"},
	{Work: "key contact → frame, 20 alternating keys a second: median (10 to 15 ms of debounce in it)", Pkg: "madoguchi/device", Bench: "BenchmarkFastKeys", Ours: "p50-ms",
		Against: "the debounce time alone", AgainstUnit: "debounce-ms"},
	{Work: "key contact → frame, 20 alternating keys a second: slowest of a hundred (an unanswered press counts with 50 ms)", Pkg: "madoguchi/device", Bench: "BenchmarkFastKeys", Ours: "p99-ms",
		Against: "the debounce time alone", AgainstUnit: "debounce-ms"},
	{Work: "the same: presses without a picture of their own before the next", Pkg: "madoguchi/device", Bench: "BenchmarkFastKeys", Ours: "missed-%"},
	{Work: "box at rest, how often its process is woken", Pkg: "madoguchi/cmd/internal/leak", Bench: "BenchmarkIdle", Ours: "box-wake-ups/s", Goal: "< 5"},
	{Work: "box at rest, processor", Pkg: "madoguchi/device", Bench: "BenchmarkIdle", Ours: "%cpu", Goal: "≤ 0.1 %"},
	{Work: "box at rest, resident memory (test process)", Pkg: "madoguchi/device", Bench: "BenchmarkIdle", Ours: "MiB-resident", Goal: "≤ 24 MiB"},
	{Work: "key contact → event handed over (15 ms debounce in it)", Pkg: "madoguchi/pinpad", Bench: "BenchmarkContactToEvent/secret",
		Ours: "contact-to-event-ms", Against: "the debounce time alone", AgainstUnit: "debounce-ms"},
	{Work: "one whole picture: frame → last byte on SPI", Pkg: "madoguchi/display/epd", Bench: "BenchmarkFrameToLastByte/full",
		Ours: "bytes/frame", Against: "the same bytes on a 10 MHz bus", Ratio: "x-bus", Goal: "≤ 1.2"},
	{Work: "the same with the 7.5 inch panel", Pkg: "madoguchi/display/epd", Bench: "BenchmarkFrameToLastByte/full_7in5",
		Ours: "bytes/frame", Against: "the same bytes on a 10 MHz bus", Ratio: "x-bus", Goal: "≤ 1.2"},
	{Work: "bytes per typed digit", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/digit", Ours: "bytes/character",
		Against: "one rectangle round all that changes", AgainstUnit: "one-rectangle-bytes/character", Ratio: "x-one-rectangle"},
	{Work: "bytes per typed digit, 7.5 inch panel", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/digit_7in5", Ours: "bytes/character",
		Against: "one rectangle round all that changes", AgainstUnit: "one-rectangle-bytes/character", Ratio: "x-one-rectangle"},
	{Work: "bytes per typed letter (the mark moves twice)", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/letter", Ours: "bytes/character",
		Against: "one rectangle round all that changes", AgainstUnit: "one-rectangle-bytes/character", Ratio: "x-one-rectangle", Goal: "≤ 0.3"},
	{Work: "bytes per typed letter, 7.5 inch panel", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/letter_7in5", Ours: "bytes/character",
		Against: "one rectangle round all that changes", AgainstUnit: "one-rectangle-bytes/character", Ratio: "x-one-rectangle", Goal: "≤ 0.3"},
	{Work: "refreshes per typed digit, every press on its own grid instant", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/digit",
		Ours: "refreshes/character", Goal: "1"},
	{Work: "refreshes per typed letter (two presses)", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/letter", Ours: "refreshes/character", Goal: "≤ 2"},
	{Work: "refreshes per typed digit, 7.5 inch panel", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/digit_7in5",
		Ours: "refreshes/character", Goal: "1"},
	{Work: "refreshes per typed letter, 7.5 inch panel", Pkg: "madoguchi/display", Bench: "BenchmarkTypedCharacter/letter_7in5",
		Ours: "refreshes/character", Goal: "≤ 2"},
	{Work: "screen of a press → BUSY down, panel of 0.36 s: what is not the panel", Pkg: "madoguchi/display", Bench: "BenchmarkOurShare/0.36s",
		Ours: "ours-%", Against: "the panel's busy time", AgainstUnit: "busy-ms", Goal: "< 2 %"},
	{Work: "the same with a panel of 1.05 s", Pkg: "madoguchi/display", Bench: "BenchmarkOurShare/1.05s",
		Ours: "ours-%", Against: "the panel's busy time", AgainstUnit: "busy-ms", Goal: "< 2 %"},
	{Work: "the same with the 7.5 inch panel", Pkg: "madoguchi/display", Bench: "BenchmarkOurShare/0.44s_7in5",
		Ours: "ours-%", Against: "the panel's busy time", AgainstUnit: "busy-ms", Goal: "< 2 %"},
	{Work: "drawing a screen", Pkg: "madoguchi/display", Bench: "BenchmarkRender", Ours: "ns/op", Against: "its words alone by x/image",
		AgainstBench: "BenchmarkXImage/mono", Goal: "≤ 0.1"},
	{Work: "drawing a screen: what it allocates", Pkg: "madoguchi/display", Bench: "BenchmarkRender", Ours: "B/op"},
	{Work: "a decision by the rules", Pkg: "madoguchi/device/procedure", Bench: "BenchmarkDecide", Ours: "ns/op", Goal: "≤ 50 µs"},
	{Work: "a decision by the rules: allocations", Pkg: "madoguchi/device/procedure", Bench: "BenchmarkDecide", Ours: "allocs/op"},
	{Work: "tries board, simulated card that answers at once", Pkg: "madoguchi/card", Bench: "BenchmarkBoard",
		Ours: "ns/op", Against: "the same APDUs raw", AgainstUnit: "raw-ns/op", Ratio: "ratio"},
	{Work: "tries board, reader that takes 5 ms", Pkg: "madoguchi/card", Bench: "BenchmarkBoardReader",
		Ours: "ns/op", Against: "the same APDUs raw", Ratio: "ratio", Goal: "≤ 1.1"},
	{Work: "tries board through pcscd and its virtual reader", Pkg: "madoguchi/cmd/internal/interop", Bench: "BenchmarkBoard",
		Ours: "board-ns/op", Against: "the same APDUs raw", AgainstUnit: "raw-ns/op", Ratio: "ratio", Goal: "≤ 1.1"},
	{Work: "a session with the whole tries board, power on and off in it, through pcscd", Pkg: "madoguchi/cmd/internal/interop", Bench: "BenchmarkBoard",
		Ours: "session-ns/op", Against: "`pkcs15-tool --list-pins`, which asks for two counters", AgainstUnit: "pkcs15-tool-ns/op", Ratio: "x-faster-all", Goal: "≥ 5"},
	{Work: "finishing a case into the outbox", Pkg: "madoguchi/sync/outbox", Bench: "BenchmarkFinish",
		Ours: "finish-ns", Against: "bare bbolt put + fsync", AgainstUnit: "bare-ns", Ratio: "ratio", Goal: "≤ 2"},
}

// ofHall are the way of records to city hall.
var ofHall = []row{
	{Work: "a million records through lines that are cut at random (a lost or doubled one fails it)", Pkg: "madoguchi/cmd/internal/brokers",
		Bench: "BenchmarkMillionUnderCuts", Ours: "records/s"},
	{Work: "10,000 boxes after a power cut, mosquitto and TLS: most connections in a second", Pkg: "madoguchi/cmd/internal/brokers", Bench: "BenchmarkHerd",
		Ours: "peak/s", Goal: "≤ 100"},
	{Work: "the same: 95 of 100 boxes are there after", Pkg: "madoguchi/cmd/internal/brokers", Bench: "BenchmarkHerd", Ours: "s-to-95%", Goal: "≤ 200"},
	{Work: "memory of 1,000 boxes' links", Pkg: "madoguchi/cmd/internal/brokers", Bench: "BenchmarkHerd",
		Ours: "MiB/1000-boxes", Against: "the broker's for the same", AgainstUnit: "broker-MiB/1000"},
	{Work: "collector, end to end over MQTT, durable acknowledgements, SQLite", Pkg: "madoguchi/cmd/internal/collector", Bench: "BenchmarkEndToEnd/sqlite",
		Ours: "records/s", Against: "the same rows by the driver alone", AgainstUnit: "bare-records/s", Ratio: "of_database", Goal: "≥ 0.7"},
	{Work: "the same with PostgreSQL", Pkg: "madoguchi/cmd/internal/collector", Bench: "BenchmarkEndToEnd/postgres",
		Ours: "records/s", Against: "the same rows by the driver alone", AgainstUnit: "bare-records/s", Ratio: "of_database", Goal: "≥ 0.7"},
	{Work: "the same with SQLite", Pkg: "madoguchi/cmd/internal/collector", Bench: "BenchmarkEndToEnd/sqlite",
		Ours: "records/s", Against: "mosquitto_sub | sqlite3", AgainstBench: "BenchmarkPipeline/sqlite", Goal: "≥ 1"},
	{Work: "the same with PostgreSQL", Pkg: "madoguchi/cmd/internal/collector", Bench: "BenchmarkEndToEnd/postgres",
		Ours: "records/s", Against: "mosquitto_sub | psql", AgainstBench: "BenchmarkPipeline/postgres", Goal: "≥ 1"},
}

// ofDelivery are a bundle's way to one, ten and a hundred boxes, each measured against the broker alone, against the least that a verified delivery
// costs, and against HTTPS; and the processor time, which says more on a machine with other work.
func ofDelivery() (rows []row) {
	for _, to := range []struct{ work, boxes string }{
		{"a bundle of 64 MiB to one box, mosquitto and TLS, until it lies there whole and verified", "1"},
		{"the same to ten boxes at once", "10"},
		{"a bundle of 4 MiB to a hundred boxes at once (-hundred 64 takes 64 MiB)", "100"},
	} {
		r := row{Work: to.work, Pkg: "madoguchi/cmd/internal/crowd", Bench: "BenchmarkDelivery/" + to.boxes, Ours: "MiB/s"}
		broker, floor, https, cpu := r, r, r, r
		broker.Against, broker.AgainstUnit, broker.Ratio, broker.Goal = "the same chunks pushed through the same broker to plain clients", "broker-MiB/s", "of_broker", "≥ 0.8"
		https.Against, https.AgainstUnit, https.Ratio = "a plain download over HTTPS", "https-MiB/s", "of_https"
		floor.Against, floor.AgainstUnit, floor.Ratio = "the same, with clients that verify and store what comes", "floor-MiB/s", "of_floor"
		cpu.Work += ": processor time of all together"
		cpu.Ours, cpu.Against, cpu.AgainstUnit, cpu.Ratio = "cpu-ms/MiB", "the chunks pushed to plain clients", "broker-cpu-ms/MiB", "cpu_of_broker"
		rows = append(rows, broker, floor, https, cpu)
	}
	return rows
}

// ofUpdates are what updates cost besides.
var ofUpdates = []row{
	{Work: "what a box fetches of a build of counter that differs from its own in the version", Pkg: "madoguchi/cmd/internal/crowd", Bench: "BenchmarkReuse/version",
		Ours: "fetched-MiB", Against: "the whole build", AgainstUnit: "whole-MiB", Ratio: "of_whole"},
	{Work: "the same, and in a constant", Pkg: "madoguchi/cmd/internal/crowd", Bench: "BenchmarkReuse/constant",
		Ours: "fetched-MiB", Against: "the whole build", AgainstUnit: "whole-MiB", Ratio: "of_whole"},
	{Work: "the same", Pkg: "madoguchi/cmd/internal/crowd", Bench: "BenchmarkReuse/constant",
		Ours: "fetched-MiB", Against: "fixed pieces of 32 KiB", AgainstUnit: "fixed-MiB", Ratio: "of_fixed"},
	{Work: "memory of the updater above a box that rests, at its peak, while it takes 64 MiB (its line in it)", Pkg: "madoguchi/cmd/internal/crowd", Bench: "BenchmarkMemory",
		Ours: "above-idle-MiB", Against: "the box at rest", AgainstUnit: "idle-MiB", Ratio: "x-idle", Goal: "< 16 MiB"},
	{Work: "a policy from its rollout to 1,000 boxes that run it (one wave, no soak, four boxes to an office, the pace of a city)", Pkg: "madoguchi/cmd/internal/crowd", Bench: "BenchmarkPolicy",
		Ours: "s-to-1000", Against: "as many messages of as many bytes through the broker alone", AgainstUnit: "broker-s", Ratio: "x-broker"},
}
