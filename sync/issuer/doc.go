// SPDX-License-Identifier: Apache-2.0

// Package issuer is the issuer link: PIN reset, new certificate, renewal and suspension release, which a third-party device cannot do to a real card by itself. An authority
// behind city hall authorises one operation on one card end to end, the card itself says what was done, and the PIN goes from the key-pad to the card only.
//
//	box ── Open ──► authority       may it be done at all, is anybody there      (nothing is typed yet)
//	    ◄─ Ready ─                  a nonce, and for how long
//	    ── Request ─►               the card's proof of itself, over that nonce
//	    ◄─ Pending ─                a second person must release it (four eyes)
//	    ◄─ Grant ──                 what the card wants to hear before it obeys, for this one operation
//	    ── Made ──►                 a new key, with the card's proof that it lies in this card
//	    ◄─ Issued ─                 the certificate, and what the card wants to hear before it takes it
//	    ── Result ─►                the card's proof of what it did, or the box's word that it cannot tell
//	    ◄─ Receipt ─                what the authority's book says now
//
// Nothing takes effect on the card but by one last command, ACTIVATE, at once and whole. So an operation that is cut is done or undone, never half, and the card says which.
//
// The package has the messages, each of one fixed size without any text; their sealing (DSSE with Ed25519 outside, HPKE of RFC 9180 inside); what cards and authorities
// compute; and Desk, the authority's side as a pure machine. The box's side is device/issue. README.md beside this file is for the vendor of a real gateway.
//
// It knows no card, no broker and no PIN, and nothing in it pretends to be J-LIS: the cards that obey it are simulated.
package issuer
