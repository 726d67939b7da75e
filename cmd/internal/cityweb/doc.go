// SPDX-License-Identifier: Apache-2.0

// Package cityweb is what a city officer sees of the records: one page in
// Japanese and English with the counts by procedure, outcome and week, the
// facets themselves in the order of their random ids, which devices are there,
// and what needs a look; and the same as JSON. It is an http.Handler with
// relative links only, so that it stands alone in cmd/cityhall and under a
// prefix beside the simulator's front panel. The assets are embedded, there is
// no build step, and the page loads nothing from elsewhere.
//
//	GET /             the page (?lang=ja, ?lang=en)
//	GET /api/records  the facets as their canonical JSON, an array in the order of the random id (?limit=N, ?after=ID)
//	GET /api/counts   how many facets of each sort
//	GET /api/status   city, line, database, devices, alarms, counters
//	GET /api/events   server-sent events: one "change" whenever any of these may have changed
//
// It has no log-in and changes nothing: serve it on the loopback interface, or
// behind something that knows who is asking. Local refuses other host names, so
// that a web page elsewhere cannot read it by rebinding its own name.
package cityweb
