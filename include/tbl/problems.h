/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way in which a request can end badly, written once.
 *
 * PROBLEM(NAME, HTTP status, type, title): ERR_NAME is the code inside the
 * daemon (base/err.h); a client sees status, title and
 * "urn:hanaper:problem:" type as a problem document (RFC 9457).
 */
/* clang-format off */
PROBLEM(MALFORMED,       400, "malformed",       "The request is malformed")
PROBLEM(BAD_CSR,         400, "bad-csr",         "The CSR is unacceptable")
PROBLEM(BAD_KEY,         400, "bad-key",         "The public key is unacceptable")
PROBLEM(UNAUTHENTICATED, 401, "unauthenticated", "A client certificate is needed")
PROBLEM(TOKEN_UNKNOWN,   401, "token-unknown",   "An enrolment token is needed")
PROBLEM(FORBIDDEN,       403, "forbidden",       "No grant allows this")
PROBLEM(NOT_RENEWABLE,   403, "not-renewable",   "This certificate may not be renewed")
PROBLEM(NOT_FOUND,       404, "not-found",       "There is no such thing here")
PROBLEM(METHOD,          405, "method",          "The method is not allowed here")
PROBLEM(NOT_ACCEPTABLE,  406, "not-acceptable",  "No such representation")
PROBLEM(TIMEOUT,         408, "timeout",         "The request took too long")
PROBLEM(CONFLICT,        409, "conflict",        "The state of the resource forbids this")
PROBLEM(ALREADY_REVOKED, 409, "already-revoked", "The certificate is revoked already")
PROBLEM(TOKEN_USED,      409, "token-used",      "The enrolment token is used up")
PROBLEM(TOKEN_EXPIRED,   409, "token-expired",   "The enrolment token has expired")
PROBLEM(TOKEN_WITHDRAWN, 409, "token-withdrawn", "The enrolment token was withdrawn")
PROBLEM(CONFIGURATION,   409, "configuration",   "The configuration was not taken up; the one before serves on")
PROBLEM(TOO_LARGE,       413, "too-large",       "The request is too large")
PROBLEM(MEDIA_TYPE,      415, "media-type",      "The content type is not accepted here")
PROBLEM(POLICY,          422, "policy",          "The profile or an issuer's constraint refuses this")
PROBLEM(RATE_LIMITED,    429, "rate-limited",    "Too many requests")
PROBLEM(INTERNAL,        500, "internal",        "The server failed")
PROBLEM(IO,              503, "io",              "The storage failed; nothing was changed")
PROBLEM(UNAVAILABLE,     503, "unavailable",     "The service cannot do this now")
/* clang-format on */
