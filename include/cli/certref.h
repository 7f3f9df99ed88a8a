/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certref - how people point at a certificate: by serial, by file, or by the
 * base name that "issue" gave its files.
 */
#ifndef CLI_CERTREF_H
#define CLI_CERTREF_H

#include "base/buf.h"
#include "x509/serial.h"

#define CERTREF_FILE_MAX MIB(1)

/*
 * The serial of SERIAL, FILE or BASE (then BASE.crt) as hex.  A file that is
 * there wins.  ERR_MALFORMED says what neither way fits.
 */
MUST_CHECK bool certref_serial(const char *word, char ret[static SERIAL_HEX_LEN],
    struct err *e);

/* Appends the file's octets (PEM or DER); *ret_there false: 'word' names no file. */
MUST_CHECK bool certref_file(const char *word, struct buf *ret, bool *ret_there,
    struct err *e);

#endif
