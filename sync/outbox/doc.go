// SPDX-License-Identifier: Apache-2.0

// Package outbox is the PIN side's one durable file, a bbolt database (go.etcd.io/bbolt v1.5.0): the records that city hall does not have yet, the journal of the
// open case, and a few small things that must survive a pulled plug. It loses nothing on a power cut and counts nothing twice:
//
//   - Finish stores a case's records and clears its journal in one transaction. "Done" is shown only after it returns.
//   - Records wait in hold without a number, under their own random one, so that their order says nothing. Release shuffles and numbers them.
//   - Next hands out the oldest numbered records; city hall keeps each (device, epoch, number) once, so a repeat does no harm.
//   - Only Apply of city hall's acknowledgement, given after its own commit, takes a record out of the queue. A broker's PUBACK does not.
//   - A record that city hall rejects moves to the dead list, is counted and never sent again; it does not block the others.
//   - A city hall that comes back from a backup says so by a higher Hall in its receipts; what it lacks is queued again, and a replayed receipt of before confirms nothing.
//   - Weekly counters stay here until they are large enough to point at nobody; CloseWeek turns them into records.
//   - A claim is stored with the case that gave it, so that the same office resumes it without a line.
//
// The file's first creation is a temporary file, synced, renamed, and the folder synced, for a cut during bbolt's own initialisation can leave a broken file. Open first
// checks the structure of the whole file without bbolt, which would panic, fault or loop on a damaged one, then reads every value once. A file with
// anything wrong in it is set aside whole as .bad-<n>, never deleted, a fresh one with a fresh epoch is begun, and Open says so. A large file that is mostly free is packed by Open.
//
// A record on the wire has no device in it, a record in the file has no time: the file keeps days of acknowledgements only.
//
// The package does not verify signatures (record.OpenAck does), knows no network and starts no goroutine.
package outbox
