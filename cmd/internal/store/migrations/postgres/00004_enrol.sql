-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- A provisioning file that was written. secret is made of the one-time code (slowly) and proves one request; it is emptied when the file is used up.
CREATE TABLE provision (
    serial  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    device  TEXT NOT NULL,
    secret  BYTEA  NOT NULL,
    expires BIGINT NOT NULL, -- Unix seconds
    misses  BIGINT NOT NULL DEFAULT 0,
    used    BIGINT NOT NULL DEFAULT 0
);

-- A certificate that was given to a box; the newest that is not revoked may ask for the next.
CREATE TABLE certificate (
    serial  TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- hexadecimal
    device  TEXT NOT NULL,
    der     BYTEA  NOT NULL,
    until   BIGINT NOT NULL, -- Unix seconds
    revoked BIGINT NOT NULL DEFAULT 0 -- Unix seconds
);
CREATE INDEX certificate_device ON certificate (device);
