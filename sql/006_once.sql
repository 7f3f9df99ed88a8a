-- SPDX-License-Identifier: Apache-2.0
-- Answers that a client may ask for again (Idempotency-Key), for ten minutes.

CREATE TABLE once (
	key     BLOB PRIMARY KEY CHECK (length(key) = 32), -- SHA-256 of caller and key
	request BLOB NOT NULL CHECK (length(request) = 32), -- SHA-256 of what was asked
	serial  BLOB NOT NULL,
	at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX once_at ON once (at);
