/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of decision that is told to an auditor, written once.
 *
 * AUDIT(NAME, number, word, level, when): the number is stored and never given
 * to another kind; the word is that of the log line, the API and the command.
 * When: AUDIT_RECORD comes with the journal's record, AUDIT_ROUND with what the
 * round writes, AUDIT_SOON waits for the next write, or a second.
 */
/* clang-format off */
AUDIT(STARTED,          1, "started",         LOG_INFO, AUDIT_SOON)
AUDIT(STOPPED,          2, "stopped",         LOG_INFO, AUDIT_SOON)
AUDIT(CONFIGURED,       3, "configured",      LOG_INFO, AUDIT_SOON)
AUDIT(ISSUED,           4, "issued",          LOG_INFO, AUDIT_RECORD)
AUDIT(RENEWED,          5, "renewed",         LOG_INFO, AUDIT_RECORD)
AUDIT(REVOKED,          6, "revoked",         LOG_INFO, AUDIT_RECORD)
AUDIT(REFUSED,          7, "refused",         LOG_WARN, AUDIT_SOON)
AUDIT(TOKEN_MADE,       8, "token-made",      LOG_INFO, AUDIT_ROUND)
AUDIT(TOKEN_USED,       9, "token-used",      LOG_INFO, AUDIT_ROUND)
AUDIT(TOKEN_WITHDRAWN, 10, "token-withdrawn", LOG_INFO, AUDIT_ROUND)
AUDIT(DROPPED,         11, "dropped",         LOG_WARN, AUDIT_SOON)
AUDIT(RESTORED,        12, "restored",        LOG_WARN, AUDIT_SOON)
AUDIT(EAB_MADE,        13, "eab-made",        LOG_INFO, AUDIT_ROUND)
AUDIT(EAB_USED,        14, "eab-used",        LOG_INFO, AUDIT_ROUND)
AUDIT(EAB_REVOKED,     15, "eab-revoked",     LOG_INFO, AUDIT_ROUND)
AUDIT(ACCOUNT_MADE,    16, "account-made",    LOG_INFO, AUDIT_ROUND)
AUDIT(ACCOUNT_CHANGED, 17, "account-changed", LOG_INFO, AUDIT_ROUND)
AUDIT(ACCOUNT_ENDED,   18, "account-ended",   LOG_INFO, AUDIT_ROUND)
AUDIT(RENEWALS_ORDERED, 19, "renewals-ordered", LOG_INFO, AUDIT_ROUND)
AUDIT(ORDER_MADE,      22, "order-made",      LOG_INFO, AUDIT_ROUND)
/* clang-format on */
