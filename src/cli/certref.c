/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/certref.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "sys/file.h"
#include "x509/cert.h"

static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool
certref_file(const char *word, struct buf *ret, bool *ret_there, struct err *e)
{
	char *beside = mem_printf("%s.crt", word);
	const char *path = is_file(word) ? word : is_file(beside) ? beside : NULL;
	const bool ok = path == NULL || file_read_named(path, ret, e);

	if (ok)
		*ret_there = path != NULL;
	free(beside);
	return ok;
}

bool
certref_serial(const char *word, char ret[static SERIAL_HEX_LEN], struct err *e)
{
	struct buf text;
	struct cert *cert = NULL;
	struct serial serial;
	bool there = false, ok;

	buf_init(&text, CERTREF_FILE_MAX);
	ok = certref_file(word, &text, &there, e);
	if (ok && there) {
		ok = cert_parse_any(buf_bytes(&text), &cert, e);
		if (ok)
			serial_to_hex(&cert->serial, ret);
		else
			err_set(e, ERR_MALFORMED,
			    "%s holds no certificate, neither as PEM nor as DER", word);
	} else if (ok) {
		ok = serial_from_hex(bytes_str(word), &serial, e);
		if (ok)
			serial_to_hex(&serial, ret);
		else
			err_set(e, ERR_MALFORMED,
			    "\"%s\" is neither a file nor a serial number in hex; "
			    "find the serial with: hanaper ls --q NAME",
			    word);
	}
	cert_free(cert);
	buf_free(&text);
	return ok;
}
