/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alpn_certificate - is this the certificate that proves tls-alpn-01 (RFC 8737 3,
 * RFC 8738 6)?  Pure, but for GnuTLS.
 */
#ifndef PROBE_ALPN_CERTIFICATE_H
#define PROBE_ALPN_CERTIFICATE_H

#include "base/err.h"
#include "base/sets.h"

#define ALPN_CERTIFICATE_DIGEST 32 /* octets: SHA-256 */

/*
 * Self-issued, signed by its own key (RSA-PSS: perhaps), one subjectAltName and that of
 * 'type' and 'name' alone, and acmeIdentifier once, critical, with the digest of the key
 * authorization.  When it is valid does not count.  ERR_PROBE_PROOF: what is wrong.
 */
MUST_CHECK bool alpn_certificate_proves(struct bytes der, enum name_type type,
    const char *name, const uint8_t digest[static ALPN_CERTIFICATE_DIGEST],
    struct err *e);

#endif
