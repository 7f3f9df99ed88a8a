/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way in which a request can end badly, written once.
 *
 * PROBLEM(NAME, HTTP status, type, ACME type, HTTP status there, title): ERR_NAME
 * is the code inside the daemon (base/err.h); a client sees status, title and
 * "urn:hanaper:problem:" type as a problem document (RFC 9457); an ACME client
 * its own status and "urn:ietf:params:acme:error:" type (RFC 8555 6.7).
 */
/* clang-format off */
PROBLEM(MALFORMED,           400, "malformed",            "malformed",              400, "The request is malformed")
PROBLEM(BAD_CSR,             400, "bad-csr",              "badCSR",                 400, "The CSR is unacceptable")
PROBLEM(BAD_KEY,             400, "bad-key",              "badPublicKey",           400, "The public key is unacceptable")
PROBLEM(UNAUTHENTICATED,     401, "unauthenticated",      "unauthorized",           401, "A valid client certificate is needed")
PROBLEM(TOKEN_UNKNOWN,       401, "token-unknown",        "unauthorized",           401, "An enrolment token is needed")
PROBLEM(FORBIDDEN,           403, "forbidden",            "unauthorized",           403, "No grant allows this")
PROBLEM(NOT_RENEWABLE,       403, "not-renewable",        "unauthorized",           403, "This certificate may not be renewed")
PROBLEM(NOT_FOUND,           404, "not-found",            "malformed",              404, "There is no such thing here")
PROBLEM(METHOD,              405, "method",               "malformed",              405, "The method is not allowed here")
PROBLEM(NOT_ACCEPTABLE,      406, "not-acceptable",       "malformed",              406, "No such representation")
PROBLEM(TIMEOUT,             408, "timeout",              "malformed",              408, "The request took too long")
PROBLEM(CONFLICT,            409, "conflict",             "malformed",              409, "The state of the resource forbids this")
PROBLEM(ALREADY_REVOKED,     409, "already-revoked",      "alreadyRevoked",         400, "The certificate is revoked already")
PROBLEM(TOKEN_USED,          409, "token-used",           "unauthorized",           403, "The enrolment token is used up")
PROBLEM(TOKEN_EXPIRED,       409, "token-expired",        "unauthorized",           403, "The enrolment token has expired")
PROBLEM(TOKEN_WITHDRAWN,     409, "token-withdrawn",      "unauthorized",           403, "The enrolment token was withdrawn")
PROBLEM(CONFIGURATION,       409, "configuration",        "serverInternal",         500, "The configuration was not taken up; the one before serves on")
PROBLEM(TOO_LARGE,           413, "too-large",            "malformed",              413, "The request is too large")
PROBLEM(TARGET_TOO_LONG,     414, "target-too-long",      "malformed",              414, "The request target is too long")
PROBLEM(MEDIA_TYPE,          415, "media-type",           "malformed",              415, "The content type is not accepted here")
PROBLEM(POLICY,              422, "policy",               "rejectedIdentifier",     400, "The profile or an issuer's constraint refuses this")
PROBLEM(RATE_LIMITED,        429, "rate-limited",         "rateLimited",            429, "Too many requests")
PROBLEM(HEAD_TOO_LARGE,      431, "head-too-large",       "malformed",              431, "The request's header is too large")
PROBLEM(INTERNAL,            500, "internal",             "serverInternal",         500, "The server failed")
PROBLEM(IO,                  503, "io",                   "serverInternal",         503, "The storage failed")
PROBLEM(UNAVAILABLE,         503, "unavailable",          "serverInternal",         503, "The service cannot do this now")
/* What is said to ACME clients first of all. */
PROBLEM(BAD_NONCE,           400, "bad-nonce",            "badNonce",               400, "The nonce is used up or not ours")
PROBLEM(BAD_ALGORITHM,       400, "bad-algorithm",        "badSignatureAlgorithm",  400, "The signature algorithm is not supported")
PROBLEM(ACCOUNT_UNKNOWN,     400, "account-unknown",      "accountDoesNotExist",    400, "There is no such account")
PROBLEM(ACCOUNT_ENDED,       401, "account-ended",        "unauthorized",           401, "The account is no longer valid")
PROBLEM(EXTERNAL_ACCOUNT,    403, "external-account",     "externalAccountRequired", 403, "The account must be bound to an external one")
PROBLEM(USER_ACTION,         403, "user-action",          "userActionRequired",     403, "The terms of service must be agreed to")
PROBLEM(BAD_CONTACT,         400, "bad-contact",          "invalidContact",         400, "A contact is unacceptable")
PROBLEM(CONTACT_SCHEME,      400, "contact-scheme",       "unsupportedContact",     400, "A contact is of an unsupported kind")
PROBLEM(BAD_REASON,          400, "bad-reason",           "badRevocationReason",    400, "The revocation reason is not allowed")
PROBLEM(IDENTIFIER_TYPE,     400, "identifier-type",      "unsupportedIdentifier",  400, "An identifier is of an unsupported kind")
PROBLEM(IDENTIFIER,          400, "identifier",           "rejectedIdentifier",     400, "No certificate is issued for an identifier")
PROBLEM(PREAUTHORIZATION,    403, "pre-authorization",    "rejectedIdentifier",     403, "No authorization is given for the identifier")
PROBLEM(ORDER_NOT_READY,     403, "order-not-ready",      "orderNotReady",          403, "The order is not ready")
PROBLEM(ALREADY_REPLACED,    409, "already-replaced",     "alreadyReplaced",        409, "The certificate has been replaced already")
PROBLEM(BAD_PROFILE,         400, "bad-profile",          "invalidProfile",         400, "There is no such profile here")
PROBLEM(CAA,                 403, "caa",                  "caa",                    403, "A CAA record forbids it")
PROBLEM(PROBE_DNS,           400, "dns",                  "dns",                    400, "The DNS gave no answer")
PROBLEM(PROBE_CONNECTION,    400, "connection",           "connection",             400, "The name could not be connected to")
PROBLEM(PROBE_TLS,           400, "tls",                  "tls",                    400, "TLS failed")
PROBLEM(PROBE_RESPONSE,      403, "incorrect-response",   "incorrectResponse",      403, "The answer is not the one asked for")
PROBLEM(PROBE_PROOF,         403, "unproven",             "unauthorized",           403, "Control of the identifier was not proved")
/* clang-format on */
