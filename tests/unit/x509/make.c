/* SPDX-License-Identifier: Apache-2.0 */
#include "make.h"

#include <criterion/criterion.h>

#include "codec/der.h"
#include "x509/dn.h"

#define MAX                   MIB(4)
#define OID_EXTENSION_REQUEST "1.2.840.113549.1.9.14"

static void
finish(struct derw *w, struct buf *ret)
{
	struct err e = { 0 };

	cr_assert(der_take(w, "it", ret, &e), "%s", e.detail);
	derw_free(w);
}

void
make_tlv(struct buf *ret, unsigned tag, struct bytes body)
{
	struct derw w;

	derw_init(&w, MAX);
	der_put_tlv(&w, tag, body);
	finish(&w, ret);
}

void
make_oid(struct buf *ret, const char *dotted)
{
	struct derw w;

	derw_init(&w, MAX);
	der_put_oid(&w, dotted);
	finish(&w, ret);
}

void
make_wrap(struct buf *b, unsigned tag)
{
	struct buf whole;

	buf_init(&whole, MAX);
	make_tlv(&whole, tag, buf_bytes(b));
	buf_free(b);
	*b = whole;
}

void
make_extension(struct buf *ret, const char *oid, struct bytes value)
{
	struct buf b;

	buf_init(&b, MAX);
	make_oid(&b, oid);
	make_tlv(&b, DER_OCTET_STRING, value);
	make_tlv(ret, DER_SEQUENCE, buf_bytes(&b));
	buf_free(&b);
}

void
make_attribute(struct buf *ret, const char *oid, struct bytes extensions)
{
	struct buf b, values;

	buf_init(&b, MAX);
	buf_init(&values, MAX);
	make_oid(&b, oid);
	make_tlv(&values, DER_SEQUENCE, extensions);
	make_tlv(&b, DER_SET, buf_bytes(&values));
	make_tlv(ret, DER_SEQUENCE, buf_bytes(&b));
	buf_free(&values);
	buf_free(&b);
}

void
make_csr(const struct stranger *s, const struct make_csr *m, struct buf *ret)
{
	struct derw w;
	struct buf info, sig, subject;
	struct err e = { 0 };

	buf_init(&subject, MAX);
	if (m->subject.n > 0)
		buf_put(&subject, m->subject);
	else
		cr_assert(dn_build(NULL, m->cn, &subject, &e), "%s", e.detail);
	derw_init(&w, MAX);
	der_put_tlv(&w, DER_CONTEXT_CONSTRUCTED(0), m->attributes);
	der_put_raw(&w, m->spki.n > 0 ? m->spki : buf_bytes(&s->spki));
	der_put_raw(&w, buf_bytes(&subject));
	der_put_uint(&w, m->version);
	der_wrap(&w, DER_SEQUENCE, 0);
	buf_init(&info, MAX);
	finish(&w, &info);

	buf_init(&sig, MAX);
	buf_putc(&sig, 0); /* unused bits */
	stranger_sign(s, buf_bytes(&info), &sig);
	derw_init(&w, MAX);
	der_put_tlv(&w, DER_BIT_STRING, buf_bytes(&sig));
	der_put_raw(&w, m->sig_alg.n > 0 ? m->sig_alg : s->sig_alg);
	der_put_raw(&w, buf_bytes(&info));
	der_wrap(&w, DER_SEQUENCE, 0);
	buf_clear(ret);
	finish(&w, ret);
	buf_free(&sig);
	buf_free(&info);
	buf_free(&subject);
}

void
make_csr_with_attributes(const struct stranger *s, struct bytes attributes,
    struct buf *ret)
{
	make_csr(s, &(struct make_csr){ .cn = "a.b", .attributes = attributes }, ret);
}

void
make_csr_with_extensions(const struct stranger *s, struct bytes extensions,
    struct buf *ret)
{
	struct buf attributes;

	buf_init(&attributes, MAX);
	make_attribute(&attributes, OID_EXTENSION_REQUEST, extensions);
	make_csr_with_attributes(s, buf_bytes(&attributes), ret);
	buf_free(&attributes);
}

void
make_csr_with_extension(const struct stranger *s, const char *oid, struct bytes value,
    struct buf *ret)
{
	struct buf ext;

	buf_init(&ext, MAX);
	make_extension(&ext, oid, value);
	make_csr_with_extensions(s, buf_bytes(&ext), ret);
	buf_free(&ext);
}
