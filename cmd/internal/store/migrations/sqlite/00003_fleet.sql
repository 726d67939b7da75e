-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- A box of the fleet and what it is to run. desired is the signed assignment of generation gen; earlier holds, for each offer that is not decided, the path
-- that it took the place of.
CREATE TABLE box (
    device   TEXT    NOT NULL PRIMARY KEY,
    office   TEXT    NOT NULL,
    retired  INTEGER NOT NULL DEFAULT 0,
    gen      INTEGER NOT NULL DEFAULT 0,
    assigned TEXT    NOT NULL DEFAULT '{}',
    earlier  TEXT    NOT NULL DEFAULT '{}',
    expires  INTEGER NOT NULL DEFAULT 0, -- of desired, Unix seconds
    desired  BLOB    NOT NULL DEFAULT x'',
    reported TEXT    NOT NULL DEFAULT '',
    heard    INTEGER NOT NULL DEFAULT 0  -- Unix seconds, to the quarter of an hour
) STRICT, WITHOUT ROWID;

-- rev rises with every change: who has an older one changes nothing.
CREATE TABLE rollout (
    id    TEXT    NOT NULL PRIMARY KEY,
    rev   INTEGER NOT NULL,
    final INTEGER NOT NULL,
    doc   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
