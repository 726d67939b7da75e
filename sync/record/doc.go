// SPDX-License-Identifier: Apache-2.0

// Package record is the anonymised case record: the only thing about a case that ever leaves the box. A finished case yields facets,
// small records that share no identifier and are numbered only after shuffling, so that nobody can put a case together again. A facet holds its schema, its kind, 16 random
// bytes, the ISO week, the office group and at most two attributes from closed sets; its information content is counted by Kind.Bits and held by a test
// (行政機関等匿名加工情報, rule 62 of the enforcement rules of the Act on the Protection of Personal Information: no identifier, no linking code, no rare value).
//
//	kind  attributes                                       bits
//	po    procedure or class × outcome                     7.08
//	pd    class × duration of the case                     4.64
//	fr    set of frictions                                 4.00
//	la    language of the screens                          2.00
//	pe    PIN × (verify, change, leave-check) × result     5.91
//	st    step × its duration, one step of a case          5.75
//	pt    applicant × how the PIN was known                2.58
//	tb    weekly count of looks at the tries board         5.52
//	wc    class × weekly count of cases                    7.85
//
// Rules, from the city's signed policy, say which of them leave the box, for which office group, and how coarse: by procedure, by class, or as weekly counts of five
// or more, each for a volume at which a cell does not point at a person. Rules.Facets takes a Case apart.
//
// The constructors take enumerations only. There is no string, byte slice, map, interface or time in their signatures, so no name, number, card value or
// clock time can reach a record by mistake; a test over the package's types holds this. JSON is canonical (sorted keys, no white space): a text that is not
// byte for byte what this package would write is refused.
//
// The package also holds what carries records: Batch (box to city hall) and the signed Ack (city hall to box). It stores nothing, sends nothing, and knows no case, card or clock.
package record
