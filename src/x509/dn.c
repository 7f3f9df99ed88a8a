/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/dn.h"

#include <stdio.h>
#include <string.h>

#include "codec/der.h"

#define DN_MAX       KIB(1)
#define TEXT_MAX     64 /* characters: ub-common-name, ub-organization-name */
#define RDN_MAX      32 /* that are shown */
#define OID_CN       "2.5.4.3"
#define OID_O        "2.5.4.10"
#define NOT_UNICODE  UINT32_MAX
#define SURROGATE_LO 0xd800u
#define SURROGATE_HI 0xdfffu

/* Takes one character of UTF-8 (RFC 3629 4): shortest form, no surrogates. */
static uint32_t
take_char(struct bytes *s)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 } };
	size_t f = 0;

	while (f < NITEMS(forms) && (s->p[0] & forms[f].mask) != forms[f].lead)
		f++;
	if (f == NITEMS(forms) || s->n <= f)
		return NOT_UNICODE;
	uint32_t c = s->p[0] & (uint8_t)~forms[f].mask;
	for (size_t i = 1; i <= f; i++) {
		if ((s->p[i] & 0xc0) != 0x80)
			return NOT_UNICODE;
		c = c << 6 | (s->p[i] & 0x3f);
	}
	if (c < forms[f].least || c > 0x10ffff ||
	    (c >= SURROGATE_LO && c <= SURROGATE_HI))
		return NOT_UNICODE;
	*s = bytes_skip(*s, f + 1);
	return c;
}

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Counts the characters; false: not UTF-8, or a control character among them. */
static bool
count_chars(struct bytes s, size_t *ret)
{
	size_t n = 0;

	for (; s.n > 0; n++) {
		const uint32_t c = take_char(&s);
		if (c == NOT_UNICODE || is_control(c))
			return false;
	}
	*ret = n;
	return true;
}

/* P14: what may stand in a name of ours. */
static bool
check_text(struct bytes s, const char *what, struct err *e)
{
	size_t chars;

	if (!count_chars(s, &chars))
		return err_set(e, ERR_MALFORMED,
		    "%s: not UTF-8, or it holds a control character", what);
	if (chars == 0 || chars > TEXT_MAX)
		return err_set(e, ERR_MALFORMED, "%s: has %zu characters, not 1 to %d",
		    what, chars, TEXT_MAX);
	if (s.p[0] == ' ' || s.p[s.n - 1] == ' ')
		return err_set(e, ERR_MALFORMED, "%s: begins or ends with a blank",
		    what);
	return true;
}

static void
put_rdn(struct derw *w, const char *oid, const char *text)
{
	const size_t mark = der_mark(w);

	der_put_tlv(w, DER_UTF8_STRING, bytes_str(text));
	der_put_oid(w, oid);
	der_wrap(w, DER_SEQUENCE, mark);
	der_wrap(w, DER_SET, mark);
}

bool
dn_build(const char *o, const char *cn, struct buf *ret, struct err *e)
{
	struct derw w;

	if ((o != NULL && !check_text(bytes_str(o), "organization", e)) ||
	    (cn != NULL && !check_text(bytes_str(cn), "common name", e)))
		return false;
	derw_init(&w, DN_MAX);
	if (cn != NULL)
		put_rdn(&w, OID_CN, cn);
	if (o != NULL)
		put_rdn(&w, OID_O, o);
	der_wrap(&w, DER_SEQUENCE, 0);
	const bool ok = der_take(&w, "name", ret, e);
	derw_free(&w);
	return ok;
}

struct ava { /* AttributeTypeAndValue */
	char oid[64];
	struct der value;
};

static bool
take_ava(struct bytes *rdn, struct ava *ret, struct err *e)
{
	struct der seq, oid;

	return der_expect(rdn, DER_SEQUENCE, &seq, e) &&
	       der_expect(&seq.body, DER_OID, &oid, e) &&
	       der_get_oid(oid.body, ret->oid, sizeof(ret->oid), e) &&
	       der_next(&seq.body, &ret->value, e) && der_done(seq.body, "name", e);
}

static bool
is_printable_string(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];
		const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				   (c >= 'a' && c <= 'z');
		if (!alnum && (c == 0 || strchr(" '()+,-./:=?", c) == NULL))
			return false;
	}
	return true;
}

static bool
is_ascii(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

/* Is the value text that can be taken as UTF-8?  T61, BMP and Universal strings are not (P56). */
static bool
is_text(const struct der *v)
{
	size_t chars;

	return ((v->tag == DER_UTF8_STRING) ||
		   (v->tag == DER_PRINTABLE_STRING && is_printable_string(v->body)) ||
		   (v->tag == DER_IA5_STRING && is_ascii(v->body))) &&
	       count_chars(v->body, &chars);
}

/* All of a Name (RFC 5280 4.1.2.4); the first common name's value, or a tag 0. */
static bool
walk(struct bytes dn, struct der *ret_cn, struct err *e)
{
	struct der name, rdn;
	struct ava a;

	*ret_cn = (struct der){ 0 };
	if (!der_whole(dn, DER_SEQUENCE, &name, e))
		return false;
	while (name.body.n > 0) {
		if (!der_expect(&name.body, DER_SET, &rdn, e))
			return false;
		if (rdn.body.n == 0)
			return err_set(e, ERR_MALFORMED, "name: an empty part");
		while (rdn.body.n > 0) {
			if (!take_ava(&rdn.body, &a, e))
				return false;
			if (ret_cn->tag == 0 && strcmp(a.oid, OID_CN) == 0)
				*ret_cn = a.value;
		}
	}
	return true;
}

bool
dn_check(struct bytes dn, struct err *e)
{
	struct der cn;

	return walk(dn, &cn, e);
}

bool
dn_cn(struct bytes dn, char *ret, size_t size, struct err *e)
{
	struct der cn;

	if (!walk(dn, &cn, e))
		return false;
	if (cn.tag != 0 && !is_text(&cn))
		return err_set(e, ERR_MALFORMED, "name: a common name that is no text");
	if (!bytes_to_str(cn.body, ret, size))
		return err_set(e, ERR_MALFORMED, "name: a common name of %zu octets",
		    cn.body.n);
	return true;
}

/* Is the part a common name and nothing else?  A set of several is ERR_MALFORMED. */
static bool
is_cn(struct bytes rdn, bool *ret, struct err *e)
{
	struct ava a;
	bool has = false;

	for (size_t n = 0; rdn.n > 0; n++) {
		if (!take_ava(&rdn, &a, e))
			return false;
		has = has || strcmp(a.oid, OID_CN) == 0;
		if (has && (n > 0 || rdn.n > 0))
			return err_set(e, ERR_MALFORMED,
			    "name: a common name that is one of several in its part");
	}
	*ret = has;
	return true;
}

bool
dn_with_cn(struct bytes dn, const char *cn, struct buf *ret, struct err *e)
{
	struct der name, rdn[RDN_MAX];
	size_t n = 0, at = RDN_MAX;
	struct derw w;
	bool is = false;

	if (!check_text(bytes_str(cn), "common name", e) || !dn_check(dn, e) ||
	    !der_whole(dn, DER_SEQUENCE, &name, e))
		return false;
	for (; name.body.n > 0; n++) {
		if (n == RDN_MAX)
			return err_set(e, ERR_MALFORMED, "name: of too many parts");
		if (!der_expect(&name.body, DER_SET, &rdn[n], e) ||
		    (at == RDN_MAX && !is_cn(rdn[n].body, &is, e)))
			return false;
		if (at == RDN_MAX && is)
			at = n;
	}
	derw_init(&w, DN_MAX);
	if (at == RDN_MAX)
		put_rdn(&w, OID_CN, cn);
	while (n-- > 0) /* the writer goes backwards */
		if (n == at)
			put_rdn(&w, OID_CN, cn);
		else
			der_put_raw(&w, rdn[n].whole);
	der_wrap(&w, DER_SEQUENCE, 0);
	const bool ok = der_take(&w, "name", ret, e);
	derw_free(&w);
	return ok;
}

static const char *
word_of(const char *oid)
{
	static const struct {
		const char *oid, *word;
	} words[] = { /* RFC 4514 3, and what is often met beside */
		{ OID_CN, "CN" }, { OID_O, "O" }, { "2.5.4.11", "OU" },
		{ "2.5.4.6", "C" }, { "2.5.4.7", "L" }, { "2.5.4.8", "ST" },
		{ "2.5.4.9", "STREET" }, { "2.5.4.5", "SERIALNUMBER" },
		{ "0.9.2342.19200300.100.1.25", "DC" },
		{ "0.9.2342.19200300.100.1.1", "UID" }
	};

	for (size_t i = 0; i < NITEMS(words); i++)
		if (strcmp(words[i].oid, oid) == 0)
			return words[i].word;
	return oid;
}

static void
show_rdn(struct buf *b, struct bytes rdn)
{
	struct err e;
	struct ava a;

	for (bool first = true; rdn.n > 0; first = false) {
		if (!first)
			buf_puts(b, " + ");
		if (!take_ava(&rdn, &a, &e)) {
			buf_putc(b, '?');
			return;
		}
		buf_puts(b, word_of(a.oid));
		buf_putc(b, '=');
		if (!is_text(&a.value)) {
			buf_putc(b, '?');
			continue;
		}
		for (size_t i = 0; i < a.value.body.n; i++) {
			const uint8_t c = a.value.body.p[i];
			if (c < 0x80 && strchr(",+\"\\<>;", c) != NULL)
				buf_putc(b, '\\');
			buf_putc(b, c);
		}
	}
}

void
dn_text(struct bytes dn, char *ret, size_t size)
{
	struct bytes parts[RDN_MAX];
	size_t n = 0;
	struct der name, rdn;
	struct err e;
	struct buf b;

	buf_init(&b, KIB(64));
	if (!der_whole(dn, DER_SEQUENCE, &name, &e)) {
		buf_putc(&b, '?');
		name.body.n = 0;
	}
	while (name.body.n > 0 && n < RDN_MAX) {
		if (!der_expect(&name.body, DER_SET, &rdn, &e)) {
			buf_putc(&b, '?');
			break;
		}
		parts[n++] = rdn.body;
	}
	while (n > 0) { /* RFC 4514 2.1: the last comes first */
		if (b.n > 0)
			buf_puts(&b, ", ");
		show_rdn(&b, parts[--n]);
	}

	size_t fits = b.n < size ? b.n : size > 0 ? size - 1 : 0;
	while (fits < b.n && fits > 0 && (b.p[fits] & 0xc0) == 0x80)
		fits--; /* no character is cut in two */
	if (size > 0) {
		memcpy(ret, buf_str(&b), fits);
		ret[fits] = '\0';
	}
	buf_free(&b);
}
