// SPDX-License-Identifier: Apache-2.0

// Package claim is the claim number (受付番号): what a resident takes home from an unfinished or two-visit case, so that this or another office of the city can go on with
// it. It is short, is read out and typed in, and names nobody.
//
// A number has seven characters of an alphabet of 23 in which no two look alike (of 8 and B, 5 and S, 2 and Z, 6 and G only the digit; none of 0 O D Q, 1 I L, U V): two of the box that gave it, four at random, one check character.
// The check is a weighted sum modulo 23. Since 23 is a prime and the seven weights differ, every wrong character and every two that are swapped, next to each other or not, are
// noticed; a test goes through all of them.
//
// Behind a number lies a State: procedure, applicant kind, step, way, the days of its issue and expiry, a revision; closed sets and days, no identity. The box that gave it keeps it, so the
// same office resumes without a line; Put brings it to city hall, where Get asks for it from any other box of the city. City hall signs its answers, for the network side of the box is not
// trusted. A number that is unknown, expired or closed has one answer, so that guessing learns nothing, and Throttle and Guard slow it down at both ends.
//
// The package stores nothing and sends nothing.
package claim
