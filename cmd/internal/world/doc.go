// SPDX-License-Identifier: Apache-2.0

// Package world is everything around one simulated box: the glass of its e-ink
// panel, the fingers on its keys, the cards in the resident's pocket, the power,
// the line to the broker, the broker, and city hall with its collector and its
// database. The box itself runs in two child processes, started again at every
// boot on the same storage, and is reached through package wire; cutting the
// power is SIGKILL. The wall between the children is the firmware's own.
//
// A world lives in one folder: city hall's database and keys, the cards' states,
// the picture on the glass, and a folder that is the box's own SD card.
//
// The package knows nothing of cases, screens or PINs beyond the sample cards,
// and serves nobody: package frontpanel does.
package world
