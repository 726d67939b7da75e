// SPDX-License-Identifier: Apache-2.0

// Package director tells every box of a city what it is to run, and learns what it runs. It takes what boxes say (presence, reported), moves the rollouts on, signs one
// assignment for each box that is due, publishes it retained, and hands the boxes' requests to the depot.
//
// What should be is derived, again at every tick, from the rollouts and the boxes in the database: an offer that was noted and not yet signed when the power went is
// signed at the next tick, and an offer whose rollout has ended is taken back by the next assignment. Generations are counted in the database, so a director that was
// put back from an old copy, or a second one beside it, is stopped by it. The broker's retained messages are a cache: a box that reports an older generation than it
// should have is told again.
//
// The director's key chooses among what the other roles have signed. Whoever steals it can hold a city's boxes at versions that the city once released, and cannot
// install anything else.
package director
