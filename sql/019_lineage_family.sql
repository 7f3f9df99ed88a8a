-- SPDX-License-Identifier: Apache-2.0
-- A lineage is of renewals and of what a certificate's holder got for his own names (ca/descent.h).
-- Renewals alone, from the first of them: that is what a holder may take back without a grant.
ALTER TABLE lineage ADD COLUMN family_id INTEGER NOT NULL DEFAULT 0;
UPDATE lineage SET family_id = first_id; -- so far there were renewals alone
