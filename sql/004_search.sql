-- SPDX-License-Identifier: Apache-2.0
-- Finding certificates by free words about them and by parts of what names them.
--
-- SQLite alone: FTS5, and json_each() for what an older version has stored.  The
-- statements that use it are in src/store/store_search.c.

CREATE TABLE certificate_metadata (
	certificate_id INTEGER NOT NULL REFERENCES certificate (id),
	key            TEXT NOT NULL,
	value          TEXT NOT NULL,
	PRIMARY KEY (key, value, certificate_id)
) STRICT, WITHOUT ROWID;

-- Each has the id behind it: what is found comes in the order of issue.
CREATE INDEX certificate_profile ON certificate (profile);
CREATE INDEX certificate_requester ON certificate (requester);
CREATE INDEX certificate_issuer ON certificate (issuer_id);
CREATE INDEX certificate_issued_at ON certificate (issued_at);

-- Line by line: the requester, each name once, the values of the metadata.  Only
-- the index is kept, not the text; rows are never taken out again.
CREATE VIRTUAL TABLE certificate_search USING fts5 (
	text, content = '', tokenize = 'trigram'
);

INSERT INTO certificate_metadata (certificate_id, key, value)
	SELECT c.id, m.key, m.value
	FROM certificate c, json_each(CASE WHEN json_valid(CAST(c.note AS TEXT))
		THEN CAST(c.note AS TEXT) ELSE '{}' END, '$.metadata') m
	WHERE m.type = 'text';

INSERT INTO certificate_search (rowid, text)
	SELECT c.id, c.requester || COALESCE((
		SELECT char(10) || group_concat(value, char(10)) FROM (
			SELECT DISTINCT n.value FROM certificate_name n
			WHERE n.certificate_id = c.id
		)
	), '') || COALESCE((
		SELECT char(10) || group_concat(m.value, char(10))
		FROM json_each(CASE WHEN json_valid(CAST(c.note AS TEXT))
			THEN CAST(c.note AS TEXT) ELSE '{}' END, '$.metadata') m
		WHERE m.type = 'text'
	), '')
	FROM certificate c ORDER BY c.id;
