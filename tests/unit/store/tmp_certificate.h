/* SPDX-License-Identifier: Apache-2.0 */
/* tmp_certificate - certificates made by hand: the store reads members, not DER. */
#ifndef TMP_CERTIFICATE_H
#define TMP_CERTIFICATE_H

#include "base/mem.h"
#include "tmp_store.h"

struct tmp_certificate {
	struct cert cert;
	struct certificate_new new;
};

static inline void
tmp_name(struct tmp_certificate *t, enum name_type type, const char *text)
{
	struct names *n = &t->cert.names;

	n->v = mem_grow(n->v, n->n + 1, sizeof(*n->v));
	n->v[n->n++] = (struct name){ type, mem_strdup(text) };
}

/* The n-th: host-n.internal, valid from n to 10000 + n, a key of its own. */
static inline void
tmp_certificate(struct tmp_certificate *t, unsigned n)
{
	char host[40];

	*t = (struct tmp_certificate){ 0 };
	snprintf(host, sizeof(host), "host-%u.internal", n);
	snprintf(t->cert.cn, sizeof(t->cert.cn), "Host %u", n);
	t->cert.serial = tmp_serial(n);
	t->cert.not_before = n;
	t->cert.not_after = 10000 + n;
	buf_init(&t->cert.der, KIB(2));
	buf_printf(&t->cert.der, "the octets of certificate %u", n);
	t->cert.key.der = buf_bytes(&t->cert.der);
	tmp_name(t, NAME_TYPE_DNS, host);
	t->new = (struct certificate_new){
		.cert = &t->cert,
		.seq = n,
		.issued_at = n + 1,
		.issuer = "main",
		.profile = n % 2 == 0 ? "server" : "client",
		.requester = "cn:admin",
		.request_id = "r-1",
		.note = bytes_str("{}"),
	};
}

static inline void
tmp_certificate_free(struct tmp_certificate *t)
{
	buf_free(&t->cert.der);
	names_free(&t->cert.names);
}

static inline void
tmp_add(unsigned n)
{
	struct tmp_certificate t;

	tmp_certificate(&t, n);
	MUST(store_certificate_add(st, &t.new, &e));
	tmp_certificate_free(&t);
}

static inline void
tmp_revoke(unsigned seq, unsigned n, unsigned reason)
{
	const struct revocation r = { .seq = seq,
		.issuer = "main",
		.serial = tmp_serial(n),
		.not_after = 10000 + n,
		.revoked_at = 777,
		.reason = reason };

	MUST(store_revocation_put(st, &r, &e));
}

#endif
