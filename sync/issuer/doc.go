// SPDX-License-Identifier: Apache-2.0

// Package issuer holds the messages of the issuer link: PIN reset, new certificate, renewal and suspension release, which a third-party device cannot do to a real card by
// itself. An issuer at city hall authorises the card operation end to end: the box sends the card's challenge in a Request, the issuer answers with the card commands
// in an Answer or with a Refusal, and the box says how it ended in a Result. The messages travel in issuer frames over the wall and over MQTT; the PIN is in
// none of them, it goes from the key-pad to the card only.
//
// The package is the shape of these messages and their strict coding: canonical JSON, everything else refused. It runs no protocol, signs and verifies nothing, and knows no
// card. Nothing in it pretends to be J-LIS: a municipality's gateway, or the project's simulated one, stands at the other end.
package issuer
