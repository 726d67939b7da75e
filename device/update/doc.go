// SPDX-License-Identifier: Apache-2.0

// Package update decides what the box may install, and fetches it. It runs on the PIN side, which has no network: the network side carries requests and parts
// over the wall (package wall) and may withhold them, nothing else.
//
// Three documents stand between a city's decision and a box:
//
//   - Metadata of The Update Framework (TUF, specification 1.0), verified by go-tuf: root names the keys, targets delegates to one role for each [Kind], snapshot
//     and timestamp say which versions are the current ones. So a stolen key of one role signs nothing of another, an older state is not taken for the newest, and
//     a thief of less than a threshold of keys signs nothing at all.
//   - One [Manifest] for each object: version, order, hardware, size, and the list of its chunks.
//   - One [Assignment] for each box, signed by the director's key that root names: which objects, in which hours, until when. The director chooses among what the
//     roles signed and cannot make anything up.
//
// The payload is cut where its content says so ([Cut]), not at fixed steps, so that two builds share most of their chunks and a box takes what it has from the
// running slot. A [Transfer] needs no notes of its progress: what lies in the file and has the right hash is there. Requests fit themselves to the line: one of 8 KiB
// first, eight of 64 KiB where answers are quick, 32 where they come at once, several chunks in one request, one of 4 KiB on a modem's line; after silence they come later and are smaller.
//
// Versions count against rollback even when the clock is not believed; expiry counts only by a clock that is. Nothing is installed by a clock that is not.
//
// The package does not install, reboot or judge health: that is the agent's, and it does not decide who gets what: that is the fleet's.
package update
