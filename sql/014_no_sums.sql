-- SPDX-License-Identifier: Apache-2.0
-- The signer counts what is on a CRL (docs/adr/0006): each revocation wrote a page for nothing.
DROP TABLE revocation_day;
