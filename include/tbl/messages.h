/* SPDX-License-Identifier: Apache-2.0 */
/* Every message between roles: MESSAGE(NAME, number, from, to). */
/* clang-format off */
MESSAGE(CONF,            1, "parent", "all")     /* conf_wire: the whole configuration */
MESSAGE(LISTENER,        2, "parent", "front")   /* a listening socket comes along */
MESSAGE(READY,           3, "all",    "parent")  /* this role serves */
MESSAGE(STOP,            4, "parent", "all")     /* finish what was accepted, then end */
MESSAGE(FAILED,          5, "all",    "parent")  /* why this role ends: code, text */
MESSAGE(START,           6, "parent", "all")     /* CONF and all LISTENERs were sent: begin */
MESSAGE(RELOAD,         40, "parent", "all")     /* a configuration to come; it does not count yet */
MESSAGE(RELOAD_APPLY,   41, "parent", "all")     /* all took it: from here on it counts */
MESSAGE(RELOADED,       42, "all",    "parent")  /* taken, or applied, or why not */
MESSAGE(RELOAD_ASK,     43, "core",   "parent")  /* a client asks for it */
MESSAGE(RELOAD_TOLD,    44, "parent", "core")    /* what became of it */
MESSAGE(PING,           45, "parent", "all")     /* is the loop alive? */
MESSAGE(PONG,           46, "all",    "parent")
MESSAGE(HTTP_REQUEST,   10, "front",  "core")
MESSAGE(HTTP_RESPONSE,  11, "core",   "front")
MESSAGE(PUBLISH,        12, "core",   "front")   /* a file under pub/ is new */
MESSAGE(TLS_CSR,        13, "front",  "core")    /* a certificate for the api listener, please */
MESSAGE(TLS_CERT,       14, "core",   "front")
MESSAGE(HTTP_LOCAL,     16, "front",  "core")    /* HTTP_REQUEST from the local socket; its connection comes along */
MESSAGE(FORGET,         15, "core",   "front")   /* answers that front keeps count no more */
MESSAGE(SIGN_CERT,      20, "core",   "signer")
MESSAGE(CERT_SIGNED,    21, "signer", "core")
MESSAGE(REVOKE,         22, "core",   "signer")
MESSAGE(REVOKED,        23, "signer", "core")
MESSAGE(CRL_BEGIN,      24, "core",   "signer")
MESSAGE(CRL_MORE,       25, "core",   "signer")  /* another part, please */
MESSAGE(CRL_PART,       27, "signer", "core")
MESSAGE(CRL_SIGNED,     28, "signer", "core")
MESSAGE(SIGN_OCSP,      29, "core",   "signer")
MESSAGE(OCSP_SIGNED,    30, "signer", "core")
MESSAGE(JOURNAL_READ,   31, "core",   "signer")  /* the records from this number on */
MESSAGE(JOURNAL_RECORD, 32, "signer", "core")
MESSAGE(JOURNAL_END,    33, "signer", "core")
MESSAGE(REFUSED,        34, "signer", "core")    /* answers any of the above */
MESSAGE(PROBE,          50, "core",   "prober")  /* validate a challenge, look at CAA */
MESSAGE(PROBED,         51, "prober", "core")
/* clang-format on */
