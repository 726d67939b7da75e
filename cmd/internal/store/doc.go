// SPDX-License-Identifier: Apache-2.0

// Package store is city hall's database of case records: SQLite (pure Go, WAL,
// synchronous=FULL) in a file, or PostgreSQL by URL, with the migrations of both
// embedded (goose). It keeps two things strictly apart. The facets are what city
// hall may know, with no device, no sequence and no time of arrival, in the order
// of their random ids. The transport table knows which numbers of which device's
// epoch are done, so that nothing counts twice, and forgets them behind the
// watermark. Both change in one transaction; when Apply has returned, the batch
// is on disk.
//
// With PostgreSQL several collectors write at once: who has a watermark's row
// locks it, everybody in the same order. Facets lie in one partition for each
// ISO week. A heap keeps the order of arrival, so a week is rewritten in the
// order of its ids when what counters may hold back has come; until then a
// person who may read the server's own columns (ctid, xmin) could see it.
//
// Facets become counts after some weeks, and counts are deleted after some
// years (Sweep). Release says what of the counts may be shown.
//
// The package does not decode what comes from the wire (the collector's gate
// does) and does not sign or send acknowledgements.
package store
