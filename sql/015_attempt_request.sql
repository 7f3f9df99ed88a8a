-- SPDX-License-Identifier: Apache-2.0
-- The request by which the validation began; '' where that was before a stop.
ALTER TABLE acme_attempt ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
