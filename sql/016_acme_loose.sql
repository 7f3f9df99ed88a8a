-- SPDX-License-Identifier: Apache-2.0
-- What an account has had authorized and not ordered is bounded, and counted at each
-- new-authz: the mark keeps those that orders name, which are many, out of the index.
-- Those of before are 0: they end soon.  1 is PENDING (tbl/acme_states.h).
ALTER TABLE acme_authz ADD COLUMN loose INTEGER NOT NULL DEFAULT 0;
CREATE INDEX acme_authz_loose ON acme_authz (account_num) WHERE status = 1 AND loose = 1;
