-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The boxes that may ask, each with the public key of its PIN side.
CREATE TABLE box (
    device TEXT NOT NULL PRIMARY KEY,
    key    BLOB NOT NULL CHECK (length(key) = 32)
) STRICT, WITHOUT ROWID;

-- The people who may release: a label of a post, never a person's name.
CREATE TABLE releaser (
    label  TEXT    NOT NULL PRIMARY KEY,
    salt   BLOB    NOT NULL,
    hash   BLOB    NOT NULL, -- Argon2id
    misses INTEGER NOT NULL DEFAULT 0,
    until  INTEGER NOT NULL DEFAULT 0 -- Unix seconds; before it no code is looked at
) STRICT, WITHOUT ROWID;

-- The cards that stand suspended.
CREATE TABLE suspended (
    number BLOB NOT NULL PRIMARY KEY CHECK (length(number) = 8)
) STRICT, WITHOUT ROWID;

-- The book: one row for each operation that was ever opened. What is settled keeps its row, so that a token opens nothing twice.
CREATE TABLE operation (
    token  BLOB    NOT NULL PRIMARY KEY CHECK (length(token) = 16),
    device TEXT    NOT NULL,
    number BLOB    NOT NULL, -- of the card; eight zeros before it has proved itself
    state  TEXT    NOT NULL,
    since  INTEGER NOT NULL, -- Unix seconds of the last change of state
    body   BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX operation_open ON operation (state);
CREATE INDEX operation_card ON operation (number);

-- What should never have happened, for a person to look at.
CREATE TABLE alarm (
    at    INTEGER NOT NULL,
    token BLOB    NOT NULL,
    what  TEXT    NOT NULL
) STRICT;
