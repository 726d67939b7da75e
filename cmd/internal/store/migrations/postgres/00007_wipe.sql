-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The newest order to wipe a box. rev rises with every change: who has an older one changes nothing.
CREATE TABLE wipe (
    device TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    rev    BIGINT NOT NULL,
    doc    TEXT   NOT NULL
);
