/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What certificates are searched by, written once; beside these metadata.KEY.
 *
 * FILTER(name, how, when): the name is that of the API's query and, with '-' for '_',
 * of the command's option; how its value is read (api/certificate_walk.c).  When: the
 * command takes a span in a time's place, AGO or AHEAD of now; NEVER: it is no time.
 */
/* clang-format off */
FILTER(q,              text,   NEVER)
FILTER(dns,            lower,  NEVER)
FILTER(ip,             text,   NEVER)
FILTER(uri,            text,   NEVER)
FILTER(email,          text,   NEVER)
FILTER(cn,             text,   NEVER)
FILTER(profile,        text,   NEVER)
FILTER(requester,      text,   NEVER)
FILTER(issuer,         text,   NEVER)
FILTER(status,         status, NEVER)
FILTER(expires_before, time,   AHEAD)
FILTER(expires_after,  time,   AHEAD)
FILTER(issued_before,  time,   AGO)
FILTER(issued_after,   time,   AGO)
/* clang-format on */
