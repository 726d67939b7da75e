// SPDX-License-Identifier: Apache-2.0

// Package issue is the box's side of one operation of the issuer link (sync/issuer): a pure function from a state and an event to the next state and the effects it wants. It reads no
// clock, no card and no line, draws no number, and knows a PIN only as something that was typed or was not.
//
//	          Ready        proof         Grant          obeyed        typed twice
//	asking ────────► proving ───► requesting ───► allowed ───────► typing ─────────► resetting ─┐
//	  │ nobody there                 │ second person                  (with a PIN)              │
//	  ▼                              ▼ says no                                                  ▼
//	ended                          ended       ◄── certifying ◄── proving the key ◄── making ◄──┤ (with a certificate)
//	                                                  │ Issued                                  │
//	                                                  ▼                                         ▼
//	                                               writing ─────────────────────────────► activating ──► reporting ──► ended
//	                                                                                            │ answer lost
//	                                                                                            ▼
//	                                                                                      waiting for the card
//
// Nobody types before the authority has granted the operation. Everything takes effect on the card by its one last command; the journal says before it that it will be sent, and
// after it what the card said. So a box that starts again knows from its journal alone whether it must ask: the authority only, the card, or nobody.
//
// What is shown while it runs is the session's, who seals and carries messages is device's, and what is decided at the other end is the authority's.
package issue
