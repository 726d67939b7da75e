// SPDX-License-Identifier: Apache-2.0

// Package store is city hall's database of case records: SQLite (pure Go,
// WAL, synchronous=FULL) with its migrations embedded. It keeps two things
// strictly apart. The facets are what city hall may know, with no device, no
// sequence and no time of arrival, in the order of their random ids. The
// transport table knows which numbers of which device's epoch are done, so that
// nothing counts twice, and forgets them behind the watermark. Both change in
// one transaction per batch; when Apply has returned, the batch is on disk.
//
// The package does not decode what comes from the wire (the collector's gate
// does) and does not sign or send acknowledgements.
package store
