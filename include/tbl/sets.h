/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sets that configuration, database, wire and people share, written once.
 * A number is stored and travels: it is never given to another member.
 */
/* clang-format off */
#ifdef KEY_ALG /* KEY_ALG(NAME, number, word, bits or 0: any, from rsa-N) */
KEY_ALG(ECDSA_P256, 1, "ecdsa-p256", 256)
KEY_ALG(ECDSA_P384, 2, "ecdsa-p384", 384)
KEY_ALG(ECDSA_P521, 3, "ecdsa-p521", 521)
KEY_ALG(ED25519,    4, "ed25519",    256)
KEY_ALG(ED448,      5, "ed448",      456)
KEY_ALG(RSA,        6, "rsa",        0)
#endif
#ifdef USAGE /* USAGE(NAME, bit, words in configuration, OID as dotted text) */
USAGE(SERVER_AUTH,  0, "server auth",  "1.3.6.1.5.5.7.3.1")
USAGE(CLIENT_AUTH,  1, "client auth",  "1.3.6.1.5.5.7.3.2")
USAGE(OCSP_SIGNING, 2, "ocsp signing", "1.3.6.1.5.5.7.3.9")
#endif
#ifdef NAME_TYPE /* NAME_TYPE(NAME, GeneralName tag, word) RFC 5280 4.2.1.6 */
NAME_TYPE(EMAIL, 1, "email")
NAME_TYPE(DNS,   2, "dns")
NAME_TYPE(URI,   6, "uri")
NAME_TYPE(IP,    7, "ip")
#endif
#ifdef REASON /* REASON(NAME, CRLReason number, word) RFC 5280 5.3.1 */
REASON(UNSPECIFIED,            0, "unspecified")
REASON(KEY_COMPROMISE,         1, "keyCompromise")
REASON(CA_COMPROMISE,          2, "cACompromise")
REASON(AFFILIATION_CHANGED,    3, "affiliationChanged")
REASON(SUPERSEDED,             4, "superseded")
REASON(CESSATION_OF_OPERATION, 5, "cessationOfOperation")
REASON(PRIVILEGE_WITHDRAWN,    9, "privilegeWithdrawn")
#endif
#ifdef RIGHT /* RIGHT(NAME, bit, word): what a grant may give */
RIGHT(ISSUE,  0, "issue")
RIGHT(RENEW,  1, "renew")
RIGHT(REVOKE, 2, "revoke")
RIGHT(READ,   3, "read")
RIGHT(ADMIN,  4, "admin")
#endif
#ifdef CHALLENGE /* CHALLENGE(NAME, bit, word): RFC 8555 8, RFC 8737, the drafts */
CHALLENGE(HTTP_01,        0, "http-01")
CHALLENGE(DNS_01,         1, "dns-01")
CHALLENGE(TLS_ALPN_01,    2, "tls-alpn-01")
CHALLENGE(DNS_ACCOUNT_01, 3, "dns-account-01")
CHALLENGE(DNS_PERSIST_01, 4, "dns-persist-01")
#endif
/* clang-format on */
