-- SPDX-License-Identifier: Apache-2.0
-- What accounts hold without proof is bounded, by names.  An order's count until all of
-- them are proved: they stay counted where it ends in vain, for its rows are still there.
-- The sum, and of authorizations those that no order has named and nobody has proved yet, is
-- in meta: a new order asks for it.  1 is ACME_PENDING, 4 is ACME_VALID, 5 is ACME_INVALID
-- (policy/acme_state.h).
ALTER TABLE acme_order ADD COLUMN unproved INTEGER NOT NULL DEFAULT 0;
UPDATE acme_order SET unproved =
	(SELECT count(*) FROM acme_order_name n WHERE n.order_num = acme_order.num)
	WHERE status < 4 AND status = 1;

-- "Loose" ends with a proof, too; until now only with an order.
UPDATE acme_authz SET loose = 0 WHERE loose = 1 AND status = 4;

-- Of orders that end well none gets here.
CREATE INDEX acme_order_vain ON acme_order (account_num, created_at, unproved)
	WHERE status = 5 AND unproved > 0;

INSERT INTO meta (key, num) VALUES ('acme-unproved',
	(SELECT COALESCE(sum(unproved), 0) FROM acme_order WHERE status < 4)
	+ (SELECT count(*) FROM acme_authz WHERE loose = 1));

CREATE TRIGGER acme_order_unproved_made AFTER INSERT ON acme_order
	WHEN new.unproved > 0 BEGIN
	UPDATE meta SET num = num + new.unproved WHERE key = 'acme-unproved';
END;
CREATE TRIGGER acme_order_unproved_moved AFTER UPDATE OF unproved ON acme_order
	WHEN new.unproved <> old.unproved BEGIN
	UPDATE meta SET num = num + new.unproved - old.unproved WHERE key = 'acme-unproved';
END;
CREATE TRIGGER acme_order_unproved_gone AFTER DELETE ON acme_order
	WHEN old.unproved > 0 BEGIN
	UPDATE meta SET num = num - old.unproved WHERE key = 'acme-unproved';
END;
CREATE TRIGGER acme_authz_loose_made AFTER INSERT ON acme_authz
	WHEN new.loose = 1 BEGIN
	UPDATE meta SET num = num + 1 WHERE key = 'acme-unproved';
END;
CREATE TRIGGER acme_authz_loose_moved AFTER UPDATE OF loose ON acme_authz
	WHEN new.loose <> old.loose BEGIN
	UPDATE meta SET num = num + new.loose - old.loose WHERE key = 'acme-unproved';
END;
CREATE TRIGGER acme_authz_loose_gone AFTER DELETE ON acme_authz
	WHEN old.loose = 1 BEGIN
	UPDATE meta SET num = num - 1 WHERE key = 'acme-unproved';
END;
