// SPDX-License-Identifier: Apache-2.0

// Package rollout brings one released object to many boxes, wave by wave, and stops by itself when it goes wrong.
//
// A [Rollout] is a value: people's acts, the boxes' reports and the clock go in, and out come the boxes that are to be offered the object now and those whose offer is
// to be withdrawn. It keeps no file, signs nothing and knows no network; the director does that.
//
// What counts as a failure is what field reports of other systems ask for: not only a box that says "failed", but also one that took the offer and then fell silent;
// and the share is taken of the boxes that were attempted, not of all that there are, so that a small bad wave is seen as bad. A box that could not be reached before
// its offer is no failure: it waits, and stays on the list of laggards when the rollout is complete.
package rollout
