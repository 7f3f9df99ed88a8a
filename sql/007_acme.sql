-- SPDX-License-Identifier: Apache-2.0
-- ACME (RFC 8555): accounts, the keys that bind them, orders, authorizations,
-- challenges, and what every attempt to validate one saw.
--
-- They are of the database alone.  That an order was answered with a certificate
-- stands in the journal too, with the certificate: row and order change in one
-- transaction, live or replayed.
--
-- An id is what a URL bears: 22 characters, 128 random bits.  num is the order of
-- making, for pages.  Statuses are the numbers of policy/acme_state.h.

-- A MAC key is not here: it is made of the kid (jose/eab.h).
CREATE TABLE acme_eab (
	num               INTEGER PRIMARY KEY CHECK (num > 0),
	kid               TEXT NOT NULL UNIQUE,
	directory         TEXT NOT NULL, -- a profile's name
	names             TEXT NOT NULL, -- JSON: patterns that the accounts' names must fit; empty: any
	accounts_max      INTEGER NOT NULL, -- how many accounts it may bind
	accounts_n        INTEGER NOT NULL DEFAULT 0,
	certificates_max  INTEGER NOT NULL, -- of all its accounts together; 0: no limit
	certificates_n    INTEGER NOT NULL DEFAULT 0,
	expires_at        INTEGER NOT NULL, -- from then on it binds no more
	ends_at           INTEGER NOT NULL, -- from then on its accounts order no more; 0: never
	created_at        INTEGER NOT NULL,
	created_by        TEXT NOT NULL,
	request_id        TEXT NOT NULL,
	revoked_at        INTEGER, -- NULL: it is not
	revoked_by        TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE acme_account (
	num        INTEGER PRIMARY KEY CHECK (num > 0),
	id         TEXT NOT NULL UNIQUE,
	directory  TEXT NOT NULL,
	status     INTEGER NOT NULL,
	thumbprint BLOB NOT NULL, -- RFC 7638, SHA-256
	key        TEXT NOT NULL, -- JWK
	key_hash   BLOB NOT NULL, -- SHA-256 of the SubjectPublicKeyInfo
	contact    TEXT NOT NULL, -- JSON array of URLs
	terms_at   INTEGER, -- when the terms of service were agreed to
	eab_num    INTEGER REFERENCES acme_eab (num),
	eab        TEXT NOT NULL DEFAULT '', -- the binding as it was verified, JSON
	created_at INTEGER NOT NULL,
	created_from TEXT NOT NULL, -- address
	ended_at   INTEGER,
	ended_by   TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX acme_account_key ON acme_account (directory, thumbprint);
CREATE INDEX acme_account_key_hash ON acme_account (key_hash);
CREATE INDEX acme_account_eab ON acme_account (eab_num);

CREATE TABLE acme_order (
	num            INTEGER PRIMARY KEY CHECK (num > 0),
	id             TEXT NOT NULL UNIQUE,
	account_num    INTEGER NOT NULL REFERENCES acme_account (num),
	status         INTEGER NOT NULL,
	profile        TEXT NOT NULL,
	profile_asked  INTEGER NOT NULL, -- the client named it
	created_at     INTEGER NOT NULL,
	expires_at     INTEGER NOT NULL,
	not_before     INTEGER, -- as asked for
	not_after      INTEGER,
	replaces       TEXT NOT NULL DEFAULT '', -- RFC 9773 certificate identifier
	error          TEXT NOT NULL DEFAULT '', -- problem document
	certificate_id INTEGER -- NULL: none yet
) STRICT;

CREATE INDEX acme_order_account ON acme_order (account_num, status, num);
CREATE INDEX acme_order_expires ON acme_order (status, expires_at);
CREATE INDEX acme_order_replaces ON acme_order (replaces) WHERE replaces <> '';
CREATE INDEX acme_order_certificate ON acme_order (certificate_id);
CREATE INDEX acme_order_status ON acme_order (status, num);

CREATE TABLE acme_authz (
	num         INTEGER PRIMARY KEY CHECK (num > 0),
	id          TEXT NOT NULL UNIQUE,
	account_num INTEGER NOT NULL REFERENCES acme_account (num),
	type        INTEGER NOT NULL, -- GeneralName's tag
	value       TEXT NOT NULL,    -- without "*."
	wildcard    INTEGER NOT NULL,
	subdomains  INTEGER NOT NULL, -- RFC 9444: names below it too
	status      INTEGER NOT NULL,
	created_at  INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX acme_authz_name ON acme_authz (account_num, type, value, status);
CREATE INDEX acme_authz_expires ON acme_authz (status, expires_at);

-- The identifiers of an order, and what authorizes each.
CREATE TABLE acme_order_name (
	order_num INTEGER NOT NULL REFERENCES acme_order (num) ON DELETE CASCADE,
	position  INTEGER NOT NULL,
	type      INTEGER NOT NULL,
	value     TEXT NOT NULL, -- with "*." where it is a wildcard
	authz_num INTEGER NOT NULL REFERENCES acme_authz (num),
	PRIMARY KEY (order_num, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX acme_order_name_authz ON acme_order_name (authz_num, order_num);
CREATE INDEX acme_order_name_value ON acme_order_name (value, type, order_num);

CREATE TABLE acme_challenge (
	num          INTEGER PRIMARY KEY CHECK (num > 0),
	id           TEXT NOT NULL UNIQUE,
	authz_num    INTEGER NOT NULL REFERENCES acme_authz (num) ON DELETE CASCADE,
	type         INTEGER NOT NULL, -- enum challenge bit
	token        TEXT NOT NULL,
	status       INTEGER NOT NULL,
	validated_at INTEGER,
	error        TEXT NOT NULL DEFAULT '' -- problem document
) STRICT;

CREATE INDEX acme_challenge_authz ON acme_challenge (authz_num, type);
CREATE INDEX acme_challenge_status ON acme_challenge (status, num);

-- What a validation saw: for "hanaper acme why".
CREATE TABLE acme_attempt (
	num         INTEGER PRIMARY KEY CHECK (num > 0),
	at          INTEGER NOT NULL,
	account_num INTEGER, -- NULL: a test by an administrator
	type        INTEGER NOT NULL,
	value       TEXT NOT NULL,
	challenge   INTEGER NOT NULL, -- enum challenge bit
	result      TEXT NOT NULL, -- "valid", or the problem's type
	detail      TEXT NOT NULL,
	transcript  TEXT NOT NULL, -- JSON array
	seen        TEXT NOT NULL  -- the first octets received, escaped: for administrators alone
) STRICT;

CREATE INDEX acme_attempt_value ON acme_attempt (value, num);
CREATE INDEX acme_attempt_at ON acme_attempt (at);

-- Certificates that are to be renewed before their time (RFC 9773).
CREATE TABLE renewal (
	certificate_id INTEGER PRIMARY KEY REFERENCES certificate (id),
	start_at       INTEGER NOT NULL,
	end_at         INTEGER NOT NULL,
	ordered_at     INTEGER NOT NULL,
	ordered_by     TEXT NOT NULL,
	reason         TEXT NOT NULL -- in words, or empty
) STRICT;
