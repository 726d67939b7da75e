-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- What city hall knows: one row for each facet, one partition for each ISO week
-- (made by the program; facet_other takes weeks without one). No device, no
-- sequence, no time of arrival. A closed week is rewritten in the order of the
-- random ids, because a heap keeps the order of arrival and who came together.
CREATE TABLE facet (
    id           BYTEA NOT NULL CHECK (length(id) = 16),
    kind         TEXT COLLATE "C" NOT NULL,
    week         TEXT COLLATE "C" NOT NULL,
    office_group TEXT COLLATE "C" NOT NULL,
    a            TEXT COLLATE "C" NOT NULL,
    b            TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id, week)
) PARTITION BY LIST (week);
CREATE TABLE facet_other PARTITION OF facet DEFAULT;

-- Which weeks have been put into the order of their ids.
CREATE TABLE settled (week TEXT COLLATE "C" NOT NULL PRIMARY KEY);

-- Weeks that are older than the time facets are kept: counts only.
CREATE TABLE tally (
    kind         TEXT COLLATE "C" NOT NULL,
    week         TEXT COLLATE "C" NOT NULL,
    office_group TEXT COLLATE "C" NOT NULL,
    a            TEXT COLLATE "C" NOT NULL,
    b            TEXT COLLATE "C" NOT NULL,
    n            BIGINT NOT NULL,
    PRIMARY KEY (kind, week, office_group, a, b)
);

-- What the transport needs so that nothing counts twice: which numbers of a
-- device's epoch are done. The digest is keyed (the key is not in this
-- database), so that rows here cannot be matched with facets; rows below the
-- watermark are deleted but for the last few.
CREATE TABLE transport (
    device TEXT COLLATE "C" NOT NULL,
    epoch  BIGINT NOT NULL,
    seq    BIGINT NOT NULL,
    n      BIGINT NOT NULL, -- how many numbers, the last is seq; their digests stand one behind the other
    digest BYTEA  NOT NULL, -- empty: not known any more
    reject TEXT   NOT NULL, -- empty: stored; else the code it was refused with
    PRIMARY KEY (device, epoch, seq)
) PARTITION BY HASH (device);
-- +goose StatementBegin
DO $$ BEGIN FOR i IN 0..7 LOOP
    EXECUTE format('CREATE TABLE transport_%s PARTITION OF transport FOR VALUES WITH (MODULUS 8, REMAINDER %s)
        WITH (autovacuum_vacuum_scale_factor = 0.05)', i, i);
END LOOP; END $$;
-- +goose StatementEnd
CREATE INDEX transport_reject ON transport (device, epoch, seq) WHERE reject <> '';

-- upto: every number from 1 to it is done. durable: the same in a verified
-- backup. top: the highest number seen.
CREATE TABLE watermark (
    device  TEXT COLLATE "C" NOT NULL,
    epoch   BIGINT NOT NULL,
    upto    BIGINT NOT NULL,
    durable BIGINT NOT NULL,
    top     BIGINT NOT NULL,
    PRIMARY KEY (device, epoch)
) WITH (fillfactor = 50); -- room beside each row for its next version

-- Presence. contact is in Unix seconds, rounded down to the quarter of an hour
-- and moved by presence messages only, never by a record. The rest is what the
-- device says of itself (topic reported); waiting is how many records it holds.
CREATE TABLE device (
    device   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    online   BIGINT NOT NULL,
    session  BIGINT NOT NULL,
    contact  BIGINT NOT NULL,
    firmware TEXT   NOT NULL DEFAULT '',
    policy   TEXT   NOT NULL DEFAULT '',
    clock    TEXT   NOT NULL DEFAULT '',
    waiting  BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE alarm (
    kind   TEXT COLLATE "C" NOT NULL,
    device TEXT COLLATE "C" NOT NULL, -- empty: not of one device
    count  BIGINT NOT NULL,
    day    TEXT   NOT NULL, -- of the last one, YYYY-MM-DD
    seen   BIGINT NOT NULL DEFAULT 0, -- how many of them a person has acknowledged
    PRIMARY KEY (kind, device)
);

-- Writers that work side by side add to a part of their own.
CREATE TABLE counter (
    name  TEXT COLLATE "C" NOT NULL,
    part  BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (name, part)
) WITH (fillfactor = 20);

CREATE TABLE setting (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE account (
    name   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    role   TEXT   NOT NULL CHECK (role IN ('viewer', 'auditor', 'admin')),
    hash   TEXT   NOT NULL, -- Argon2id in PHC form
    misses BIGINT NOT NULL DEFAULT 0,
    locked BIGINT NOT NULL DEFAULT 0 -- Unix seconds until which no password is tried
);

-- Log-in sessions; token is the digest of what the browser holds.
CREATE TABLE session (
    token   BYTEA  NOT NULL PRIMARY KEY,
    data    BYTEA  NOT NULL,
    expires BIGINT NOT NULL
);

-- Who looked at, exported or changed what. Each row's hash covers the one before it.
CREATE TABLE audit (
    n      BIGINT NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL, -- Unix seconds
    who    TEXT   NOT NULL,
    action TEXT   NOT NULL,
    what   TEXT   NOT NULL,
    hash   BYTEA  NOT NULL
);

-- A case that goes on elsewhere. key is a digest: the number itself is not kept.
CREATE TABLE claim (
    key     BYTEA  NOT NULL PRIMARY KEY,
    body    BYTEA  NOT NULL,
    expires BIGINT NOT NULL
);
