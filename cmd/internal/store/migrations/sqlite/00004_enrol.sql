-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- A provisioning file that was written. secret is made of the one-time code (slowly) and proves one request; it is emptied when the file is used up.
CREATE TABLE provision (
    serial  TEXT    NOT NULL PRIMARY KEY,
    device  TEXT    NOT NULL,
    secret  BLOB    NOT NULL,
    expires INTEGER NOT NULL, -- Unix seconds
    misses  INTEGER NOT NULL DEFAULT 0,
    used    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A certificate that was given to a box; the newest that is not revoked may ask for the next.
CREATE TABLE certificate (
    serial  TEXT    NOT NULL PRIMARY KEY, -- hexadecimal
    device  TEXT    NOT NULL,
    der     BLOB    NOT NULL,
    until   INTEGER NOT NULL, -- Unix seconds
    revoked INTEGER NOT NULL DEFAULT 0 -- Unix seconds
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_device ON certificate (device);
