-- SPDX-License-Identifier: Apache-2.0
-- Who decided what, and when.  Rows are only added; ids have no gap.

CREATE TABLE audit (
	id         INTEGER PRIMARY KEY CHECK (id > 0),
	at         INTEGER NOT NULL,
	kind       INTEGER NOT NULL, -- tbl/audits.h
	seq        INTEGER UNIQUE, -- of the journal's record; NULL: came with none
	request_id TEXT NOT NULL,
	identity   TEXT NOT NULL,
	profile    TEXT NOT NULL,
	issuer     TEXT NOT NULL,
	names      TEXT NOT NULL, -- "dns:a.internal ip:10.0.0.1"
	serial     TEXT NOT NULL, -- hex
	object     TEXT NOT NULL,
	result     TEXT NOT NULL,
	reason     TEXT NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_kind ON audit (kind, at);
CREATE INDEX audit_identity ON audit (identity, at);
CREATE INDEX audit_serial ON audit (serial, at) WHERE serial <> '';

-- Records up to this one were taken in by a schema without this table.
INSERT INTO meta (key, num) SELECT 'audit', num FROM meta WHERE key = 'seq';
