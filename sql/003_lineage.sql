-- SPDX-License-Identifier: Apache-2.0
-- Which certificate renews which.
--
-- A certificate that renews none has no row and is the first of its lineage.
-- A chain of short-lived certificates gets very long: nothing here is walked
-- for its whole length but where a key of the family was compromised.

CREATE TABLE lineage (
	certificate_id INTEGER PRIMARY KEY REFERENCES certificate (id),
	parent_id      INTEGER NOT NULL REFERENCES certificate (id),
	first_id       INTEGER NOT NULL REFERENCES certificate (id),
	not_after      INTEGER NOT NULL -- of the certificate
) STRICT;

CREATE INDEX lineage_first ON lineage (first_id, not_after);

-- Certificates that were revoked for keyCompromise, by the first of their lineage.
CREATE TABLE lineage_compromised (
	first_id       INTEGER NOT NULL,
	certificate_id INTEGER NOT NULL,
	PRIMARY KEY (first_id, certificate_id)
) STRICT, WITHOUT ROWID;

INSERT INTO lineage_compromised (first_id, certificate_id)
	SELECT certificate_id, certificate_id FROM revocation
	WHERE reason = 1 AND certificate_id IS NOT NULL;
