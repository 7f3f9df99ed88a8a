-- SPDX-License-Identifier: Apache-2.0
-- Enrolment tokens.  They are of the database alone; that one was used stands in
-- the journal too, with the certificate that it was used for.

CREATE TABLE token (
	num          INTEGER PRIMARY KEY CHECK (num > 0), -- in the order of making
	id           BLOB NOT NULL UNIQUE, -- first half of the secret's SHA-256
	rest         BLOB NOT NULL,        -- its second half
	profile      TEXT NOT NULL,
	uses         INTEGER NOT NULL,
	uses_left    INTEGER NOT NULL CHECK (uses_left >= 0 AND uses_left <= uses),
	expires_at   INTEGER NOT NULL, -- from then on it counts no more
	created_at   INTEGER NOT NULL,
	created_by   TEXT NOT NULL,
	request_id   TEXT NOT NULL,
	withdrawn_at INTEGER, -- NULL: it is not
	withdrawn_by TEXT NOT NULL DEFAULT '',
	metadata     TEXT NOT NULL -- JSON or empty
) STRICT;

CREATE TABLE token_name (
	token_num INTEGER NOT NULL REFERENCES token (num),
	position  INTEGER NOT NULL,
	type      INTEGER NOT NULL,
	value     TEXT NOT NULL,
	PRIMARY KEY (token_num, position)
) STRICT, WITHOUT ROWID;
