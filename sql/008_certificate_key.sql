-- SPDX-License-Identifier: Apache-2.0
-- Is this the key of a certificate (RFC 8555 11.1)?  A few octets find it; all are compared then.
CREATE INDEX certificate_key ON certificate (substr(key_hash, 1, 8));
