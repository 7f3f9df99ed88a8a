-- SPDX-License-Identifier: Apache-2.0
-- An order that has proved nothing keeps no other from replacing a certificate: however
-- many there are, the search does not walk over them.  1 and 5 are ACME_PENDING and
-- ACME_INVALID (policy/acme_state.h).
DROP INDEX acme_order_replaces;
CREATE INDEX acme_order_replaces ON acme_order (replaces)
	WHERE replaces <> '' AND status <> 1 AND status <> 5;
