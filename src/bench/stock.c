/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/stock.h"

#include <stdlib.h>

#include "base/mem.h"
#include "x509/cert.h"
#include "x509/csr.h"
#include "x509/dn.h"

#define SIG_MAX KIB(4)

static bool
make_csr(struct stock_item *s, struct err *e)
{
	struct buf dn, info, sig;

	buf_init(&dn, KIB(1));
	buf_init(&info, CSR_MAX);
	buf_init(&sig, SIG_MAX);
	buf_init(&s->csr, CSR_MAX);
	const bool ok = dn_build(NULL, NULL, &dn, e) &&
			cert_build_csr_info(buf_bytes(&dn), key_spki(s->key), &s->names,
			    &info, e) &&
			key_sign(s->key, buf_bytes(&info), &sig, e) &&
			cert_assemble(buf_bytes(&info), key_sig_alg(s->key),
			    buf_bytes(&sig), &s->csr, e);
	buf_free(&dn);
	buf_free(&info);
	buf_free(&sig);
	return ok;
}

static bool
add_name(struct stock_item *s, const char *front, size_t i, const char *domain,
    struct err *e)
{
	char *text = front != NULL ? mem_printf("%sbench%zu.%s", front, i, domain)
				   : mem_strdup(domain);
	const bool ok = names_add(&s->names, NAME_TYPE_DNS, bytes_str(text), e);

	free(text);
	return ok;
}

static bool
make(struct stock_item *s, size_t i, const char *domain, bool one, struct err *e)
{
	return key_generate(KEY_ALG_ECDSA_P256, 0, &s->key, e) &&
	       (one ? add_name(s, NULL, i, domain, e)
		    : add_name(s, "", i, domain, e) &&
			   add_name(s, "www.", i, domain, e)) &&
	       make_csr(s, e);
}

bool
stock_make(size_t n, const char *domain, bool one, struct stock *ret, struct err *e)
{
	struct stock s = { .n = n, .v = mem_zarray(n, sizeof(*s.v)) };

	for (size_t i = 0; i < n; i++)
		if (!make(&s.v[i], i, domain, one, e)) {
			stock_free(&s);
			return false;
		}
	*ret = s;
	return true;
}

void
stock_free(struct stock *s)
{
	for (size_t i = 0; i < s->n; i++) {
		key_free(s->v[i].key);
		names_free(&s->v[i].names);
		buf_free(&s->v[i].csr);
	}
	free(s->v);
	*s = (struct stock){ 0 };
}
