-- SPDX-License-Identifier: Apache-2.0
-- A commit writes each page that it touched, and each index of a row that moves on is a
-- page or more.  What is open is little: it has an index of its own, which stays small; what
-- has ended is in another, and moves no further.  1 to 3 are the open statuses of
-- an order, 4 and 5 the ended ones, 2 is PROCESSING (policy/acme_state.h).
DROP INDEX acme_order_account;
DROP INDEX acme_order_expires;
DROP INDEX acme_order_status;
DROP INDEX acme_order_certificate;
CREATE INDEX acme_order_open ON acme_order (account_num) WHERE status < 4;
CREATE INDEX acme_order_ended ON acme_order (status, num) WHERE status > 3;
CREATE INDEX acme_order_certificate ON acme_order (certificate_id)
	WHERE certificate_id IS NOT NULL;

-- Housekeeping walks by num, and looks at some rows at a time.
DROP INDEX acme_authz_expires;
DROP INDEX acme_authz_name;
CREATE INDEX acme_authz_name ON acme_authz (account_num, type, value);
DROP INDEX acme_attempt_at;

-- A challenge is found by its authorization: the id of a new one is that of the
-- authorization, a dot and the type.
CREATE TABLE acme_challenge_new (
	num          INTEGER PRIMARY KEY CHECK (num > 0),
	id           TEXT, -- of one that was made before; NULL: as above
	authz_num    INTEGER NOT NULL REFERENCES acme_authz (num) ON DELETE CASCADE,
	type         INTEGER NOT NULL, -- enum challenge bit
	token        TEXT NOT NULL,
	status       INTEGER NOT NULL,
	validated_at INTEGER,
	error        TEXT NOT NULL DEFAULT '' -- problem document
) STRICT;
INSERT INTO acme_challenge_new
	SELECT num, id, authz_num, type, token, status, validated_at, error FROM acme_challenge;
DROP TABLE acme_challenge;
ALTER TABLE acme_challenge_new RENAME TO acme_challenge;
CREATE UNIQUE INDEX acme_challenge_id ON acme_challenge (id) WHERE id IS NOT NULL;
CREATE INDEX acme_challenge_authz ON acme_challenge (authz_num, type);
CREATE INDEX acme_challenge_processing ON acme_challenge (num) WHERE status = 2;
