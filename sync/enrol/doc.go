// SPDX-License-Identifier: Apache-2.0

// Package enrol is how a box comes into a city's fleet without a PC at the branch, and how it keeps its certificate: the provisioning file on the first partition of its
// card, and the messages that it and the fleet exchange on enrol/up and enrol/down (cmd/fleet/README.md, "A new box").
//
// The file is a [File], signed by the city's authority (Ed25519, X.509) as a DSSE envelope. Nothing on a new box can check that authority: what the technician compares is
// the file's three words ([File.Print]), on the panel and on the letter, which stand for the authority, the update root and the box. The file holds a key and a certificate of a few
// days, good for one thing: to ask for a certificate of a key that the box has drawn itself. The request carries a proof over the one-time code that came by another way and
// is typed on the pad, so that whoever has the file alone gets nothing; the fleet gives one certificate for it, bears five wrong codes, and refuses a code of yesterday's file.
//
// [Request] and [Answer] renew it later: the proof is then the old key's signature. All checks of the box are here (Open, Answer.CertificateFor); the package draws no key,
// sends nothing, and stores nothing but through [Folder], which both sides of the box keep their part in.
package enrol
