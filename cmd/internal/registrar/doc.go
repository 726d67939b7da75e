// SPDX-License-Identifier: Apache-2.0

// Package registrar gives boxes their certificates: it writes provisioning files, answers the requests of package enrol, and signs the list of what is revoked. The
// authority is one Ed25519 key beside the director's; a certificate lives for two years and may be renewed when half of that is over, by the old key.
//
// A file gives one certificate, to whoever knows its one-time code. Five wrong codes use it up. What was given is in the database before the box hears of it, and the same
// request gets the same certificate again, so that an answer that was lost costs nothing. The broker must ask for certificates of this authority and read the list.
//
// It does not look at a box: that the key is in the right box the technician sees by the words on its panel.
package registrar
