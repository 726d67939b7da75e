-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The numbers that the pages show, for people who ask in SQL: written anew once a day, by the same rule as the pages'. Empty: put together over all; week may be a
-- quarter, '2026-Q4'. It is the only table that anybody but the collector may read.
CREATE TABLE published (
    kind         TEXT COLLATE "C" NOT NULL,
    week         TEXT COLLATE "C" NOT NULL,
    office_group TEXT COLLATE "C" NOT NULL,
    a            TEXT COLLATE "C" NOT NULL,
    b            TEXT COLLATE "C" NOT NULL,
    n            BIGINT NOT NULL,
    PRIMARY KEY (kind, week, office_group, a, b)
);
