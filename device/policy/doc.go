// SPDX-License-Identifier: Apache-2.0

// Package policy holds the rules of municipalities as data: a national base and one file per municipality laid over it, in TOML that a city
// officer can read and change (README.md is written for that officer). It reads them strictly, checks them, hashes them in a canonical
// form for signing, and compiles them for package procedure, which decides cases. The rules are those of the five pages under [sources];
// every rule names the lines of its page.
//
// A rule's condition names circumstances and, for each, the words it allows; all must hold; the first rule that holds decides. There is no
// expression language. Two kept ones were weighed, CEL and CUE: both bring a parser, a type checker and an evaluator into the process that
// holds PINs, and both can say things whose reach no program can decide. Because every circumstance here has a short closed list of words,
// the linter decides exactly, and not by trying, which rules can never be reached and which contradict each other; the compiled rules are
// bit masks; and an officer needs one idea.
//
// The package decides nothing itself, knows no card and no clock, and fetches no file: who brings a new policy is another package's matter.
package policy
