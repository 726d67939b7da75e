// SPDX-License-Identifier: Apache-2.0

// Package cityweb is what a city officer sees of the records, in Japanese and
// English: pages of figures (offices, procedures, lock-outs per 1,000 entries,
// seconds per step, friction), the devices, what needs a look, exports, the
// audit log; and a live view of single records. It is an http.Handler with
// relative links only, so that it stands alone in cmd/cityhall and under a prefix
// beside the simulator's front panel. Everything is embedded, nothing is loaded
// from elsewhere.
//
//	GET /overview /offices /procedures /pins /steps /friction   figures (?lang=ja|en, ?period=2026-Q3)
//	GET /fleet /alerts /exports /audit                          devices, alerts, downloads, audit log
//	GET /export/figures.csv /export/figures.json                the same figures by their codes
//	GET /live                                                   single records as they arrive
//	GET /metrics                                                Prometheus
//	GET /api/records  the facets as their canonical JSON, in the order of the random id (?limit=N, ?after=ID)
//	GET /api/counts   how many facets of each sort
//	GET /api/status   city, line, database, devices, alarms, counters
//	GET /api/events   server-sent events: one "change" whenever any of these may have changed
//
// The pages of figures are drawn here: charts are SVG (gonum/plot), each with a
// text for those who do not see it and with its table, and no page but /live
// needs a script. Nothing is shown that store.Release does not let through.
//
// With Opts.Sessions every page needs an account (Argon2id, sessions by scs,
// forms protected by their origin); without, serve it on the loopback interface
// only. Local refuses other host names, so that a web page elsewhere cannot read
// it by rebinding its own name.
package cityweb
