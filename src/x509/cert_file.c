/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/cert_file.h"

#include <fcntl.h>

#include "codec/pem.h"
#include "sys/file.h"

#define CERTS_MAX KIB(64)

static bool
read_all(struct bytes text, size_t max, struct cert **ret, size_t *n, struct err *e)
{
	struct bytes label;
	struct buf der;
	bool ok = false;

	buf_init(&der, CERTS_MAX);
	while (pem_next(&text, &label, &der, e)) {
		if (!bytes_eq_str(label, "CERTIFICATE") || *n == max) {
			err_set(e, ERR_MALFORMED, "something else than a short chain");
			goto out;
		}
		if (!cert_parse(buf_bytes(&der), &ret[*n], e))
			goto out;
		(*n)++;
		buf_clear(&der);
	}
	if (e->code == ERR_NOT_FOUND) /* the end */
		ok = *n > 0 || err_set(e, ERR_MALFORMED, "no certificate in PEM");
out:
	buf_free(&der);
	return ok;
}

bool
cert_file_read(const char *path, size_t max, struct cert **ret, size_t *ret_n,
    struct err *e)
{
	struct buf text;
	size_t n = 0;

	buf_init(&text, CERTS_MAX);
	const bool there = file_read(AT_FDCWD, path, &text, e); /* names it by itself */
	const bool ok = there && read_all(buf_bytes(&text), max, ret, &n, e);
	buf_free(&text);
	if (ok) {
		*ret_n = n;
		return true;
	}
	while (n > 0)
		cert_free(ret[--n]);
	return there ? err_prefix(e, path) : false;
}
