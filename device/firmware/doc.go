// SPDX-License-Identifier: Apache-2.0

// Package firmware puts a new firmware in force, as the agent of package update asks: a RAUC bundle (rauc.readthedocs.io, format "verity") goes to the slot that does not
// run, that slot is tried by one start (package slots), and comes into force or is left again. What only root may do is done by others that
// this package asks: the program at the other end of package bundle's socket speaks with RAUC, and two units start the board anew when a file of theirs appears.
//
//	trial     the start with the firmware's one-shot flag
//	restart   an ordinary one: the slot in force
//
// What runs is told by RAUC, not remembered: the notes kept here only say which bundle a slot's content came from, and count for as long as RAUC says that the
// content is still the one of then.
//
// The package does not judge health, knows no signatures, and decides nothing about when.
package firmware
