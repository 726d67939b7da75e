// SPDX-License-Identifier: Apache-2.0

// Package authority is the simulated issuer at the other end of the issuer link (sync/issuer): a fake authority with keys from a seed, a made-up register of residents, a book of operations in
// SQLite (goose migrations), and release by a second person's code. It is what a municipality's real gateway would stand in the place of; sync/issuer's README says what such a one must keep.
//
// Nothing in it is of J-LIS: it obeys simulated cards and simulated cards obey it, its certificates are signed by a key that everybody can compute, and every name in them says so.
//
// It speaks issuer frames, by Handle, or over MQTT, by Line. It shows nothing to people and never sees a PIN.
package authority
