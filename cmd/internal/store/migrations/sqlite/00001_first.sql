-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- What city hall knows: one row for each facet. No device, no sequence, no
-- time of arrival, and WITHOUT ROWID, because a row id would number the rows in
-- the order in which they came. The rows lie in the order of their random id.
CREATE TABLE facet (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind         TEXT NOT NULL,
    week         TEXT NOT NULL,
    office_group TEXT NOT NULL,
    a            TEXT NOT NULL,
    b            TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX facet_counts ON facet (kind, week, a, b, office_group);

-- What the transport needs so that nothing counts twice: which numbers of a
-- device's epoch are done. The digest is keyed (the key is not in this
-- database), so that rows here cannot be matched with facets; rows below the
-- watermark are deleted but for the last few.
CREATE TABLE transport (
    device TEXT    NOT NULL,
    epoch  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    digest BLOB    NOT NULL, -- empty: not known any more
    reject TEXT    NOT NULL, -- empty: stored; else the code it was refused with
    PRIMARY KEY (device, epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX transport_reject ON transport (device, epoch, seq) WHERE reject <> '';

-- upto: every number from 1 to it is done. durable: the same in a verified
-- backup. top: the highest number seen.
CREATE TABLE watermark (
    device  TEXT    NOT NULL,
    epoch   INTEGER NOT NULL,
    upto    INTEGER NOT NULL,
    durable INTEGER NOT NULL,
    top     INTEGER NOT NULL,
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;

-- Presence. contact is in Unix seconds, rounded down to the quarter of an hour
-- and moved by presence messages only, never by a record.
CREATE TABLE device (
    device  TEXT    NOT NULL PRIMARY KEY,
    online  INTEGER NOT NULL,
    session INTEGER NOT NULL,
    contact INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
    kind   TEXT    NOT NULL,
    device TEXT    NOT NULL, -- empty: not of one device
    count  INTEGER NOT NULL,
    day    TEXT    NOT NULL, -- of the last one, YYYY-MM-DD
    PRIMARY KEY (kind, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE setting;
DROP TABLE counter;
DROP TABLE alarm;
DROP TABLE device;
DROP TABLE watermark;
DROP TABLE transport;
DROP TABLE facet;
