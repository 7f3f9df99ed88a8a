-- SPDX-License-Identifier: Apache-2.0
-- What was issued, what is revoked, which CRLs were made.
--
-- Rows are written from journal records, in the journal's order: the id of a
-- certificate and of a revocation is the seq of its record, so that a database
-- that was rebuilt from the journal has the same ids.

CREATE TABLE meta (
	key    TEXT PRIMARY KEY NOT NULL,
	num    INTEGER NOT NULL DEFAULT 0,
	octets BLOB
) STRICT, WITHOUT ROWID;

INSERT INTO meta (key, num) VALUES ('schema', 0), ('seq', 0), ('root', 0);

CREATE TABLE issuer (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE certificate (
	id         INTEGER PRIMARY KEY CHECK (id > 0),
	issuer_id  INTEGER NOT NULL REFERENCES issuer (id),
	serial     BLOB NOT NULL, -- magnitude
	profile    TEXT NOT NULL,
	cn         TEXT NOT NULL, -- empty: none
	not_before INTEGER NOT NULL,
	not_after  INTEGER NOT NULL, -- inclusive
	issued_at  INTEGER NOT NULL,
	requester  TEXT NOT NULL,
	request_id TEXT NOT NULL,
	key_hash   BLOB NOT NULL, -- SHA-256 of the SubjectPublicKeyInfo
	note       BLOB NOT NULL  -- JSON or empty
) STRICT;

CREATE UNIQUE INDEX certificate_serial ON certificate (serial, issuer_id);
CREATE INDEX certificate_not_after ON certificate (not_after);

-- In the certificate's order.  Type: GeneralName's tag; -1 is the CN, which lies
-- here too, so that one index finds both and mostly on one page.
CREATE TABLE certificate_name (
	certificate_id INTEGER NOT NULL REFERENCES certificate (id),
	position       INTEGER NOT NULL,
	type           INTEGER NOT NULL,
	value          TEXT NOT NULL,
	PRIMARY KEY (certificate_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX certificate_name_value ON certificate_name (value, type, certificate_id);

-- Apart: the octets are read one at a time and would push the rest out of the cache.
CREATE TABLE certificate_der (
	certificate_id INTEGER PRIMARY KEY REFERENCES certificate (id),
	der            BLOB NOT NULL
) STRICT;

-- A revocation may name a serial that has no certificate here: no foreign key.
CREATE TABLE revocation (
	id             INTEGER PRIMARY KEY CHECK (id > 0),
	issuer_id      INTEGER NOT NULL REFERENCES issuer (id),
	serial         BLOB NOT NULL,
	certificate_id INTEGER UNIQUE, -- NULL: none here
	seq            INTEGER NOT NULL, -- of the record that gave it its present reason
	not_after      INTEGER NOT NULL, -- of the certificate
	revoked_at     INTEGER NOT NULL,
	reason         INTEGER NOT NULL,
	serial_octets  INTEGER NOT NULL, -- of the serial's INTEGER on a CRL
	requester      TEXT NOT NULL,
	request_id     TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX revocation_serial ON revocation (serial, issuer_id);
CREATE INDEX revocation_not_after
	ON revocation (issuer_id, not_after, serial_octets, reason);

-- Sums over revocation by the UTC day of not_after, so that the size of a CRL is
-- known without a walk through its entries.
CREATE TABLE revocation_day (
	issuer_id     INTEGER NOT NULL REFERENCES issuer (id),
	day           INTEGER NOT NULL,
	entries       INTEGER NOT NULL,
	serial_octets INTEGER NOT NULL,
	with_reason   INTEGER NOT NULL,
	last_id       INTEGER NOT NULL,
	PRIMARY KEY (issuer_id, day)
) STRICT, WITHOUT ROWID;

-- Keys that were revoked for keyCompromise.
CREATE TABLE compromised_key (
	key_hash BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE crl (
	issuer_id   INTEGER NOT NULL REFERENCES issuer (id),
	number      INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	this_update INTEGER NOT NULL,
	next_update INTEGER NOT NULL,
	entries     INTEGER NOT NULL,
	PRIMARY KEY (issuer_id, number)
) STRICT, WITHOUT ROWID;
