/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/csr.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/der.h"
#include "codec/pem.h"
#include "csr_part.h"
#include "x509/dn.h"

#define CN_READ_MAX 1024 /* read whole, so that a long one is dropped, not cut (P13) */

/* RFC 2986 4.1 has version 0 alone; up to 2 is what old clients send (P50, A198). */
static bool
check_version(struct bytes body, struct err *e)
{
	uint64_t v;

	if (!der_get_uint(body, &v, e))
		return false;
	if (v > 2)
		return err_set(e, ERR_BAD_CSR, "version %llu, not 0",
		    (unsigned long long)v);
	return true;
}

static bool
read_cn(struct bytes subject, struct csr *c, struct err *e)
{
	char cn[CN_READ_MAX];

	if (!dn_cn(subject, cn, sizeof(cn), e))
		return err_prefix(e, "subject");
	if (strlen(cn) < sizeof(c->cn))
		memcpy(c->cn, cn, strlen(cn) + 1);
	return true;
}

/* CertificationRequestInfo, RFC 2986 4.1. */
static bool
read_info(struct bytes body, struct csr *c, struct err *e)
{
	struct der version, subject, spki, attributes;
	bool there = false;

	if (!der_expect(&body, DER_INTEGER, &version, e) ||
	    !check_version(version.body, e) ||
	    !der_expect(&body, DER_SEQUENCE, &subject, e) ||
	    !der_expect(&body, DER_SEQUENCE, &spki, e) ||
	    !der_optional(&body, DER_CONTEXT_CONSTRUCTED(0), &attributes, &there, e) ||
	    !der_done(body, "CertificationRequestInfo", e) ||
	    !read_cn(subject.whole, c, e) ||
	    (there && !csr_read_attributes(attributes.body, c, e)))
		return false;
	/* Last, because it computes: what can be refused by reading has been (P57). */
	c->reading = CSR_RULE_KEY;
	return spki_parse(spki.whole, &c->key, e);
}

static bool
read_all(struct bytes der, struct csr *c, struct err *e)
{
	struct der seq, info, alg, sig;

	if (!der_whole(der, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_SEQUENCE, &info, e) ||
	    !der_expect(&seq.body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&seq.body, DER_BIT_STRING, &sig, e) ||
	    !der_done(seq.body, "CertificationRequest", e) ||
	    !der_get_bits(sig.body, &c->sig, e))
		return false;
	c->info = info.whole;
	c->sig_alg = alg.whole;
	return read_info(info.body, c, e);
}

static bool
parse(struct bytes der, size_t names_max, struct csr **ret, const char **ret_rule,
    struct err *e)
{
	if (der.n == 0)
		return err_set(e, ERR_BAD_CSR, "CSR: empty");
	if (der.n > CSR_MAX)
		return err_set(e, ERR_BAD_CSR, "CSR: %zu octets; at most %zu are read",
		    der.n, CSR_MAX);

	struct csr *c = mem_zalloc(sizeof(*c));
	buf_init(&c->der, CSR_MAX);
	buf_put(&c->der, der);
	c->names_max = names_max;
	c->reading = CSR_RULE_SYNTAX;
	if (!read_all(buf_bytes(&c->der), c, e)) {
		*ret_rule = c->reading;
		csr_free(c);
		if (e->code != ERR_BAD_KEY)
			e->code = ERR_BAD_CSR;
		return err_prefix(e, "CSR");
	}
	*ret = c;
	return true;
}

bool
csr_parse(struct bytes der, size_t names_max, struct csr **ret, struct err *e)
{
	const char *rule;

	return parse(der, names_max, ret, &rule, e);
}

/* One block of one of the two labels; text around it is let pass (RFC 7468 2). */
static bool
read_pem(struct bytes in, struct buf *der, struct err *e)
{
	struct bytes label, second;
	struct buf rest;
	struct err none;

	if (!pem_next(&in, &label, der, e))
		return false;
	if (!bytes_eq_str(label, "CERTIFICATE REQUEST") &&
	    !bytes_eq_str(label, "NEW CERTIFICATE REQUEST"))
		return err_set(e, ERR_BAD_CSR,
		    "the PEM block is \"%.*s\", not \"CERTIFICATE REQUEST\"",
		    (int)label.n, (const char *)label.p);
	buf_init(&rest, in.n);
	const bool more =
	    pem_next(&in, &second, &rest, &none) || none.code != ERR_NOT_FOUND;
	buf_wipe(&rest); /* may be the private key, sent by mistake */
	if (more)
		return err_set(e, ERR_BAD_CSR,
		    "a second PEM block follows: send the request alone");
	return true;
}

bool
csr_parse_told(struct bytes in, size_t names_max, struct csr **ret,
    const char **ret_rule, struct err *e)
{
	struct buf der;

	*ret_rule = CSR_RULE_SYNTAX;
	if (!pem_looks_like(in)) {
		if (in.n > 0 && in.p[0] != DER_SEQUENCE)
			return err_set(e, ERR_BAD_CSR, "CSR: neither DER nor PEM");
		return parse(in, names_max, ret, ret_rule, e);
	}
	buf_init(&der, in.n);
	bool ok = read_pem(in, &der, e);
	if (!ok) {
		e->code = ERR_BAD_CSR;
		err_prefix(e, "CSR");
	}
	ok = ok && parse(buf_bytes(&der), names_max, ret, ret_rule, e);
	buf_wipe(&der); /* another label's block may have been a key */
	return ok;
}

bool
csr_parse_any(struct bytes in, struct csr **ret, struct err *e)
{
	const char *rule;

	return csr_parse_told(in, NAMES_READ_MAX, ret, &rule, e);
}

bool
csr_verify(const struct csr *c, struct err *e)
{
	if (!spki_verify(&c->key, c->sig_alg, c->info, c->sig, e))
		return err_prefix(e, "CSR: proof of possession");
	return true;
}

void
csr_free(struct csr *c)
{
	if (c == NULL)
		return;
	names_free(&c->names);
	buf_free(&c->der);
	free(c);
}
