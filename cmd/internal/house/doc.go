// SPDX-License-Identifier: Apache-2.0

// Package house holds the arrows between the rooms: which package may import which, what the firmware
// must never contain, and what the top level of the tree may hold. The table is the one of the
// architecture: the process that sees PINs has no network, the process with the network has no card,
// and no simulated part is in a firmware binary.
//
// It also holds the pages to the tree: links, paths, targets, commands, flags and tests that they name are there, and every public package has an example.
//
// It has no code, only tests: they ask `go list` what is really imported.
package house
