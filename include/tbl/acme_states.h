/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of ACME objects, the events that move them, and every move that
 * there is (RFC 8555 7.1.6).  A number is stored: never given to another member.
 */
/* clang-format off */
#ifdef ACME_STATUS /* ACME_STATUS(NAME, number, word) */
ACME_STATUS(PENDING,     1, "pending")
ACME_STATUS(PROCESSING,  2, "processing")
ACME_STATUS(READY,       3, "ready")
ACME_STATUS(VALID,       4, "valid")
ACME_STATUS(INVALID,     5, "invalid")
ACME_STATUS(DEACTIVATED, 6, "deactivated")
ACME_STATUS(EXPIRED,     7, "expired")
ACME_STATUS(REVOKED,     8, "revoked")
#endif
#ifdef ACME_EVENT /* ACME_EVENT(NAME, number) */
ACME_EVENT(DEACTIVATE, 1)  /* its owner gives it up */
ACME_EVENT(REVOKE,     2)  /* an administrator ends it */
ACME_EVENT(EXPIRE,     3)  /* its time is over */
ACME_EVENT(START,      4)  /* the client answers a challenge */
ACME_EVENT(PROVE,      5)  /* a challenge is met; of an order: all its authorizations are valid */
ACME_EVENT(FAIL,       6)  /* a challenge is not met; of an order: an authorization is lost */
ACME_EVENT(FINALIZE,   7)  /* the signer is asked */
ACME_EVENT(ISSUE,      8)  /* the certificate is there */
ACME_EVENT(UNSIGNED,   9)  /* the signer did not sign it: a CSR may come again */
#endif
#ifdef ACME_MOVE /* ACME_MOVE(object, from, event, to) */
ACME_MOVE(ACCOUNT,   VALID,      DEACTIVATE, DEACTIVATED)
ACME_MOVE(ACCOUNT,   VALID,      REVOKE,     REVOKED)

ACME_MOVE(ORDER,     PENDING,    PROVE,      READY)
ACME_MOVE(ORDER,     PENDING,    FAIL,       INVALID)
ACME_MOVE(ORDER,     PENDING,    EXPIRE,     INVALID)
ACME_MOVE(ORDER,     READY,      FINALIZE,   PROCESSING)
ACME_MOVE(ORDER,     READY,      FAIL,       INVALID)
ACME_MOVE(ORDER,     READY,      EXPIRE,     INVALID)
ACME_MOVE(ORDER,     PROCESSING, ISSUE,      VALID)
ACME_MOVE(ORDER,     PROCESSING, UNSIGNED,   READY)
ACME_MOVE(ORDER,     PROCESSING, FAIL,       INVALID)

ACME_MOVE(AUTHZ,     PENDING,    PROVE,      VALID)
ACME_MOVE(AUTHZ,     PENDING,    FAIL,       INVALID)
ACME_MOVE(AUTHZ,     PENDING,    EXPIRE,     EXPIRED)
ACME_MOVE(AUTHZ,     PENDING,    DEACTIVATE, DEACTIVATED)
ACME_MOVE(AUTHZ,     VALID,      EXPIRE,     EXPIRED)
ACME_MOVE(AUTHZ,     VALID,      DEACTIVATE, DEACTIVATED)
ACME_MOVE(AUTHZ,     VALID,      REVOKE,     REVOKED)

ACME_MOVE(CHALLENGE, PENDING,    START,      PROCESSING)
ACME_MOVE(CHALLENGE, PROCESSING, PROVE,      VALID)
ACME_MOVE(CHALLENGE, PROCESSING, FAIL,       INVALID)
#endif
/* clang-format on */
