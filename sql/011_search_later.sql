-- SPDX-License-Identifier: Apache-2.0
-- Words of certificates that are not in certificate_search yet: a row there costs as
-- much as all the rest of an issue, and a hundred at once hardly more than one.
CREATE TABLE certificate_unsearched (
	certificate_id INTEGER PRIMARY KEY REFERENCES certificate (id),
	text           TEXT NOT NULL
) STRICT;
