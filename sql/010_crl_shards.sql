-- SPDX-License-Identifier: Apache-2.0
-- Lists that each tell a part of an issuer's revocations (x509/crl_shard.h).

-- The last octet of the serial: it says where it lies in any set of shards.
ALTER TABLE revocation ADD COLUMN bucket INTEGER NOT NULL DEFAULT 0;

-- SQLite alone, once: the value of two hexadecimal digits.
UPDATE revocation SET bucket = (
	SELECT 16 * instr('123456789ABCDEF', substr(h, 1, 1))
		+ instr('123456789ABCDEF', substr(h, 2, 1))
	FROM (SELECT substr(hex(serial), -2) AS h)
);

-- All that a shard needs: its list is read from here alone.  What comes in is added at
-- one of 256 places, which stay in memory.
CREATE INDEX revocation_bucket ON revocation
	(issuer_id, bucket, id, not_after, serial_octets, reason, serial, revoked_at);

-- The last list of each shard; those of all are in crl.
CREATE TABLE crl_shard (
	issuer_id   INTEGER NOT NULL REFERENCES issuer (id),
	shards      INTEGER NOT NULL, -- in its set
	shard       INTEGER NOT NULL, -- from 0 on
	number      INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	this_update INTEGER NOT NULL,
	next_update INTEGER NOT NULL,
	entries     INTEGER NOT NULL,
	PRIMARY KEY (issuer_id, shards, shard)
) STRICT, WITHOUT ROWID;

-- The sets of shards that certificates name, and below which URL.
CREATE TABLE crl_place (
	issuer_id INTEGER NOT NULL REFERENCES issuer (id),
	shards    INTEGER NOT NULL,
	place     TEXT NOT NULL,    -- urls.public, then
	not_after INTEGER NOT NULL, -- the last end of these certificates
	PRIMARY KEY (issuer_id, shards, place)
) STRICT, WITHOUT ROWID;
