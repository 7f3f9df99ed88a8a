-- SPDX-License-Identifier: Apache-2.0
-- What an account has had authorized and not ordered is bounded: it is looked for among
-- those that pend, which are few.  1 is PENDING (tbl/acme_states.h).
CREATE INDEX acme_authz_pending ON acme_authz (account_num) WHERE status = 1;
