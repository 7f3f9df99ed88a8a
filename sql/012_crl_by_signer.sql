-- SPDX-License-Identifier: Apache-2.0
-- The signer makes a CRL from what its journal tells: nothing is read for it here.
DROP INDEX revocation_bucket;
ALTER TABLE revocation DROP COLUMN bucket;

-- The last delta CRL of an issuer lies beside its shards, as 0 of 0.
ALTER TABLE crl_shard ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
