-- SPDX-License-Identifier: Apache-2.0
-- An account may have made very many orders, nearly all of them ended in vain:
-- neither its list nor the search for who replaces a certificate walks over those.
-- 5 is ACME_INVALID (policy/acme_state.h).
CREATE INDEX acme_order_of_account ON acme_order (account_num, num);
CREATE INDEX acme_order_live ON acme_order (account_num, num) WHERE status <> 5;
DROP INDEX acme_order_replaces;
CREATE INDEX acme_order_replaces ON acme_order (replaces, num) WHERE replaces <> '' AND status <> 5;
