-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- A box of the fleet and what it is to run. desired is the signed assignment of generation gen; earlier holds, for each offer that is not decided, the path
-- that it took the place of.
CREATE TABLE box (
    device   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    office   TEXT   NOT NULL,
    retired  BIGINT NOT NULL DEFAULT 0,
    gen      BIGINT NOT NULL DEFAULT 0,
    assigned TEXT   NOT NULL DEFAULT '{}',
    earlier  TEXT   NOT NULL DEFAULT '{}',
    expires  BIGINT NOT NULL DEFAULT 0, -- of desired, Unix seconds
    desired  BYTEA  NOT NULL DEFAULT '',
    reported TEXT   NOT NULL DEFAULT '',
    heard    BIGINT NOT NULL DEFAULT 0  -- Unix seconds, to the quarter of an hour
);

-- rev rises with every change: who has an older one changes nothing.
CREATE TABLE rollout (
    id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    rev   BIGINT NOT NULL,
    final BIGINT NOT NULL,
    doc   TEXT   NOT NULL
);
