-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- Weeks that are older than the time facets are kept: counts only.
CREATE TABLE tally (
    kind         TEXT    NOT NULL,
    week         TEXT    NOT NULL,
    office_group TEXT    NOT NULL,
    a            TEXT    NOT NULL,
    b            TEXT    NOT NULL,
    n            INTEGER NOT NULL,
    PRIMARY KEY (kind, week, office_group, a, b)
) STRICT, WITHOUT ROWID;

-- Numbers that came in order and were stored share a row: n of them, the last is
-- seq, their digests stand one behind the other.
ALTER TABLE transport ADD COLUMN n INTEGER NOT NULL DEFAULT 1;

-- What a device says of itself (topic reported).
ALTER TABLE device ADD COLUMN firmware TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN policy   TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN clock    TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN waiting  INTEGER NOT NULL DEFAULT 0; -- records that it holds

-- seen: how many of them a person has acknowledged.
ALTER TABLE alarm ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;

-- Writers that work side by side add to a part of their own.
CREATE TABLE counter_new (
    name  TEXT    NOT NULL,
    part  INTEGER NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name, part)
) STRICT, WITHOUT ROWID;
INSERT INTO counter_new SELECT name, 0, value FROM counter;
DROP TABLE counter;
ALTER TABLE counter_new RENAME TO counter;

CREATE TABLE account (
    name TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'auditor', 'admin')),
    hash TEXT NOT NULL, -- Argon2id in PHC form
    misses INTEGER NOT NULL DEFAULT 0,
    locked INTEGER NOT NULL DEFAULT 0 -- Unix seconds until which no password is tried
) STRICT, WITHOUT ROWID;

-- Log-in sessions; token is the digest of what the browser holds.
CREATE TABLE session (
    token   BLOB    NOT NULL PRIMARY KEY,
    data    BLOB    NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who looked at, exported or changed what. Each row's hash covers the one before it.
CREATE TABLE audit (
    n      INTEGER NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL, -- Unix seconds
    who    TEXT    NOT NULL,
    action TEXT    NOT NULL,
    what   TEXT    NOT NULL,
    hash   BLOB    NOT NULL
) STRICT;

-- A case that goes on elsewhere. key is a digest: the number itself is not kept.
CREATE TABLE claim (
    key     BLOB    NOT NULL PRIMARY KEY,
    body    BLOB    NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
