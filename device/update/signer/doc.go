// SPDX-License-Identifier: Apache-2.0

// Package signer makes what package update verifies: TUF metadata, manifests with their chunks, and assignments. It stands on the fleet's side, where the keys are;
// the firmware does not contain it.
//
// A [Repository] is the state of one city's depot: who may sign what, which objects are released, and the newest metadata as named blobs. It keeps no files and
// knows no network; package depot stores and serves the blobs. Signing asks a [Key] only, so a key can lie in a file, a token or another room: what is signed is
// the canonical JSON of TUF, made by go-tuf.
package signer
