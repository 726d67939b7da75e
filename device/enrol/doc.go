// SPDX-License-Identifier: Apache-2.0

// Package enrol is a new box at its window: it reads the provisioning file that came on the card (package sync/enrol), shows the three words
// that a person compares with the letter, takes the one-time code on the key-pad, and keeps the box's configuration when the fleet has given its certificate. Whoever sets it up needs
// no PC; every failure has its screen, with the cause and the next step.
//
// The network side draws the private key and never shows it; this side makes the proof over its request by the code, which never crosses the wall. A request is kept before it is sent,
// so that a power cut asks nobody for the code twice, and the configuration is the last thing that is kept: with it a box has been enrolled, without it it has not.
//
// The way back is [Forget]: a box that its fleet has ordered to be wiped (package device; cmd/fleet/README.md) erases everything of this side, tells city hall by the network side's still
// standing line, lets that side forget key and certificate, and is then as from its maker. From its beginning a mark lies in the folder: whoever starts with it goes on, and nothing else.
//
// [Run] owns key-pad, panel and wall until then. The package opens no hardware, speaks to no network and knows no PIN: a one-time code is no secret to the person who types it, and it is
// shown.
package enrol
