/* SPDX-License-Identifier: Apache-2.0 */
/* cert_file - the certificates of a PEM file, as an issuer has them. */
#ifndef X509_CERT_FILE_H
#define X509_CERT_FILE_H

#include "x509/cert.h"

/*
 * The issuer's own first, then those between it and the root: 1 to 'max', each to be
 * freed with cert_free().  The error names the file.  ERR_NOT_FOUND; ERR_MALFORMED: also
 * for something else in it than certificates.
 */
MUST_CHECK bool cert_file_read(const char *path, size_t max, struct cert **ret,
    size_t *ret_n, struct err *e);

#endif
