-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The card of each case: the first that proved itself in it. A renewal asks for no PIN at the card, so nothing else says that the one which lies there is still the holder's.
CREATE TABLE tied (
    case_id BLOB NOT NULL PRIMARY KEY CHECK (length(case_id) = 16),
    number  BLOB NOT NULL CHECK (length(number) = 8)
) STRICT, WITHOUT ROWID;
