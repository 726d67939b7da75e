-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- What a device found when it looked at its parts, as it says it: 'ok', 'RD2 ST3'; '' if it has not looked or is too old to.
ALTER TABLE device ADD COLUMN checked TEXT NOT NULL DEFAULT '';
