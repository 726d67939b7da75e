// SPDX-License-Identifier: Apache-2.0

// Package slots keeps which of the card's two slots the board starts: the back-end that RAUC asks and tells (its "custom" boot loader
// interface) over the Raspberry Pi's tryboot. autoboot.txt on the card's first partition names the slot in force and the one for a
// trial; a restart with the argument "0 tryboot" takes the second, once, whatever becomes of it (raspberrypi/documentation,
// config_txt/autoboot.adoc). So a slot that does not come up is left by the next start without anybody's help.
//
// A slot becomes the one in force in one place only: SetState(good) of the slot that runs on trial, by one write of one sector. Everything
// before that is a note on the data partition, which a cut of power may lose at any moment and which says nothing about what starts.
//
//	next     written by SetPrimary: the slot to try
//	armed    written by Arm, right before the restart with the flag
//	why      left by Settle when an armed trial did not come about, or by Refuse when it did and was not well; dropped by Told
//
// It does not restart the board, does not judge what is well (see Profile for what is compared) and knows nothing of bundles and signatures. It
// cannot help against a kernel that hangs before the watchdog is armed, or a slot in force that breaks later: the firmware has no counter.
package slots
