/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every door of the house.  An endpoint is its own file in src/api and one row.
 *
 * ROUTE(method, path, listeners, gate, body max, body kinds, side, handler):
 * front's handlers are front_HANDLER, core's are core_HANDLER.
 */
/* clang-format off */
ROUTE("GET",  "/ca/*",                           ON_API | ON_HTTP | ON_UNIX, GATE_OPEN,       0,        BODY_NONE,            SIDE_FRONT, published)
ROUTE("GET",  "/crl/*",                          ON_API | ON_HTTP | ON_UNIX, GATE_OPEN,       0,        BODY_NONE,            SIDE_FRONT, published)
ROUTE("POST", "/ocsp",                           ON_HTTP | ON_UNIX,          GATE_OPEN,       KIB(16),  BODY_OCSP,            SIDE_KEPT,  ocsp_post)
ROUTE("GET",  "/ocsp/*",                         ON_HTTP | ON_UNIX,          GATE_OPEN,       0,        BODY_NONE,            SIDE_KEPT,  ocsp_get)
ROUTE("POST", "/v1/certificates",                ON_API | ON_UNIX,           GATE_IDENTITY,   KIB(64),  BODY_JSON | BODY_CSR, SIDE_CORE,  certificate_issue)
ROUTE("POST", "/v1/explain",                     ON_API | ON_UNIX,           GATE_IDENTITY,   KIB(64),  BODY_JSON | BODY_CSR, SIDE_CORE,  explain)
ROUTE("GET",  "/v1/certificates",                ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  certificate_list)
ROUTE("GET",  "/v1/certificates/:serial",        ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  certificate_get)
ROUTE("POST", "/v1/certificates/:serial/revoke", ON_API | ON_UNIX,           GATE_REVOKE_OWN, KIB(4),   BODY_JSON,            SIDE_CORE,  certificate_revoke)
ROUTE("POST", "/v1/renew",                       ON_API,                     GATE_RENEW,      KIB(64),  BODY_JSON | BODY_CSR, SIDE_CORE,  renew)
ROUTE("POST", "/v1/renewals",                    ON_API | ON_UNIX,           GATE_ADMIN,      KIB(16),  BODY_JSON,            SIDE_CORE,  renewal_order)
ROUTE("GET",  "/v1/renewal-info/:id",            ON_API | ON_UNIX,           GATE_OPEN,       0,        BODY_NONE,            SIDE_CORE,  renewal_info)
ROUTE("GET",  "/v1/profiles",                    ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  profiles)
ROUTE("GET",  "/v1/issuers",                     ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  issuers)
ROUTE("POST", "/v1/issuers/:name/revoke",        ON_UNIX,                    GATE_ADMIN,      KIB(1),   BODY_JSON,            SIDE_CORE,  issuer_revoke)
ROUTE("GET",  "/v1/whoami",                      ON_API | ON_UNIX,           GATE_IDENTITY,   0,        BODY_NONE,            SIDE_CORE,  whoami)
ROUTE("POST", "/v1/tokens",                      ON_API | ON_UNIX,           GATE_ADMIN,      KIB(64),  BODY_JSON,            SIDE_CORE,  token_create)
ROUTE("GET",  "/v1/tokens",                      ON_API | ON_UNIX,           GATE_ADMIN,      0,        BODY_NONE,            SIDE_CORE,  token_list)
ROUTE("DELETE", "/v1/tokens/:id",                ON_API | ON_UNIX,           GATE_ADMIN,      0,        BODY_NONE,            SIDE_CORE,  token_withdraw)
ROUTE("POST", "/v1/acme/eab",                    ON_API | ON_UNIX,           GATE_ADMIN,      KIB(16),  BODY_JSON,            SIDE_CORE,  acme_eab_make)
ROUTE("GET",  "/v1/acme/eab",                    ON_API | ON_UNIX,           GATE_ADMIN,      0,        BODY_NONE,            SIDE_CORE,  acme_eab_list)
ROUTE("DELETE", "/v1/acme/eab/:kid",             ON_API | ON_UNIX,           GATE_ADMIN,      0,        BODY_NONE,            SIDE_CORE,  acme_eab_revoke)
ROUTE("GET",  "/v1/acme/accounts",               ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  acme_account_list)
ROUTE("POST", "/v1/acme/accounts/:id/revoke",    ON_API | ON_UNIX,           GATE_ADMIN,      KIB(1),   BODY_JSON,            SIDE_CORE,  acme_account_revoke)
ROUTE("GET",  "/v1/acme/orders",                 ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  acme_order_list)
ROUTE("GET",  "/v1/acme/attempts",               ON_API | ON_UNIX,           GATE_ADMIN,      0,        BODY_NONE,            SIDE_CORE,  acme_attempt_list)
ROUTE("POST", "/v1/acme/test",                   ON_API | ON_UNIX,           GATE_ADMIN,      KIB(4),   BODY_JSON,            SIDE_CORE,  acme_test)
ROUTE("POST", "/v1/enroll",                      ON_API | ON_UNIX,           GATE_OPEN,       KIB(64),  BODY_JSON | BODY_CSR, SIDE_CORE,  enroll)
ROUTE("GET",  "/v1/audit",                       ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  audit)
ROUTE("GET",  "/v1/stats",                       ON_API | ON_UNIX,           GATE_READ,       0,        BODY_NONE,            SIDE_CORE,  stats)
ROUTE("GET",  "/metrics",                        ON_METRICS | ON_UNIX,       GATE_OPEN,       0,        BODY_NONE,            SIDE_CORE,  metrics)
ROUTE("POST", "/v1/reload",                      ON_API | ON_UNIX,           GATE_ADMIN,      KIB(1),   BODY_JSON,            SIDE_CORE,  reload)
ROUTE("GET",  "/healthz",                        ON_API | ON_METRICS | ON_UNIX, GATE_OPEN,    0,        BODY_NONE,            SIDE_FRONT, healthz)
ROUTE("GET",  "/readyz",                         ON_API | ON_METRICS | ON_UNIX, GATE_OPEN,    0,        BODY_NONE,            SIDE_CORE,  readyz)
ROUTE("GET",  "/acme/*",                         ON_API | ON_UNIX,           GATE_OPEN,       0,        BODY_NONE,            SIDE_CORE,  acme)
ROUTE("POST", "/acme/*",                         ON_API | ON_UNIX,           GATE_OPEN,       KIB(128), BODY_ANY,             SIDE_CORE,  acme)
/* clang-format on */
