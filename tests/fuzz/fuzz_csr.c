/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as a client sends them, DER or PEM; what parses is also verified. */
#include "fuzz.h"
#include "x509/csr.h"

FUZZ_TARGET(csr)
{
	struct csr *c = NULL;
	struct err e = { 0 };

	if (!csr_parse_any(bytes_of(p, n), &c, &e)) {
		if (c != NULL || e.code == ERR_NONE || e.detail[0] == '\0')
			abort();
		return 0;
	}
	/* What was read lies inside our own copy. */
	if (c->info.p < c->der.p || c->info.p + c->info.n > c->der.p + c->der.n ||
	    c->key.der.p < c->info.p ||
	    c->key.der.p + c->key.der.n > c->info.p + c->info.n)
		abort();
	if (c->has_san != (c->names.n > 0) || c->names.n > NAMES_MAX)
		abort();
	if (!csr_verify(c, &e) && e.code != ERR_BAD_CSR)
		abort();
	csr_free(c);
	return 0;
}
