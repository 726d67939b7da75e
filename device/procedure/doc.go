// SPDX-License-Identifier: Apache-2.0

// Package procedure decides what a counter may do in a case: facts in, a decision out, by the rules of one municipality as package policy
// holds them. Deciding is pure and total: no clock, no file, no network, and every case that can be read has a decision, even if it is
// that the page does not say. Dates are days of the Japanese calendar; windows, ages and ends of validity are counted to the day.
//
// The package also reads cases strictly (an unknown fact or value, a day that does not exist and facts that contradict each other are
// errors naming them), compares a decision with what is expected of it, explains it in words, and says which questions are still open.
//
// The order of a decision: the facts become a policy.Situation, one value for each circumstance; a legal representative is admitted or
// acts as a proxy; the first gate that holds decides, else the first path; its list of papers is met, or its fall-back is taken; what
// follows from dates and PIN forms is worked out; then every answer row that holds adds its keys and messages. Rows say all of that except
// the arithmetic.
//
// It does not hold rules, does not talk to a card, and never sees a resident's PIN: candidates are the test values of cases.
package procedure
