// SPDX-License-Identifier: Apache-2.0

// Package frontpanel serves one simulated box to people and to tests: a page
// that draws it with its glass, keys, card slot and lamp, and a JSON interface
// that does what hands can do. Everything is embedded, there is no build step,
// and nothing is loaded from elsewhere.
//
//	GET  /api/panel.png          the glass, as an eye would see it now
//	GET  /api/panel.txt          the screen in words, one line each, as a voice would read it
//	GET  /api/state              what a person in front of the box could know
//	GET  /api/events             server-sent events "state", "panel", "world", "cityhall"
//	POST /api/key                {"key":"5"}, {"key":"clear","hold_ms":2100}, {"down":["1","5"]}, {"up":["1"]}
//	GET  /api/cards              the sample cards with their PINs
//	POST /api/card               {"insert":"adult"}, {"remove":true}, {"fresh":"adult"}
//	POST /api/line, /api/broker  {"up":false}
//	POST /api/lid                {"open":true}
//	POST /api/power              {"cut":true}
//	POST /api/clock              {"advance":"90s"}
//	POST /api/issuer             {"release":"0417"}, {"refuse":"0417","by":"B"}: the second person at the simulated issuer
//	GET  /api/cityhall/records   the facets that city hall holds, in the order of their random id
//	GET  /api/world              switches, card, keys, clerk codes of the demo, who waits at the simulated issuer, the box's clock
//	GET  /cityhall/              city hall's own page
//
// A call that cannot be understood is answered 400, one that cannot be done as
// things stand 409, each with {"error":{"what","where","do"}}. Only this
// machine's loopback names are served, so that no page elsewhere can reach the
// box by rebinding its own name; POST takes JSON only, which no other origin can
// send without asking first.
//
// It has no log-in. It is no part of the firmware.
package frontpanel
