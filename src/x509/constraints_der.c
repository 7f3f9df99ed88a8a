/* SPDX-License-Identifier: Apache-2.0 */
/* NameConstraints, RFC 5280 4.2.1.10: read and written. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/der.h"
#include "x509/constraints.h"
#include "x509/names_text.h"

#define SUBTREES_MAX 1024 /* R86 */
#define BUILD_MAX    KIB(64)

enum {
	PERMITTED = 0,
	EXCLUDED = 1
};

/* Length of a mask whose ones are all in front; -1 for another. */
static int
prefix_len(const uint8_t *mask, size_t n)
{
	size_t bits = 0;

	while (bits < n * 8 && (mask[bits / 8] & (0x80 >> bits % 8)) != 0)
		bits++;
	for (size_t i = bits; i < n * 8; i++)
		if ((mask[i / 8] & (0x80 >> i % 8)) != 0)
			return -1;
	return (int)bits;
}

static bool
read_ip(struct bytes b, struct constraint *ret, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	const size_t n = b.n / 2;

	if (b.n != 8 && b.n != 32)
		return err_set(e, ERR_MALFORMED, "iPAddress of %zu octets, not 8 or 32",
		    b.n);
	memcpy(ret->ip, b.p, n);
	memcpy(ret->mask, b.p + n, n);
	const int bits = prefix_len(ret->mask, n);
	if (bits < 0)
		return err_set(e, ERR_MALFORMED, "an iPAddress mask has gaps");
	ret->ip_n = n;
	inet_ntop(n == 4 ? AF_INET : AF_INET6, ret->ip, text, sizeof(text));
	ret->text = mem_printf("%s/%d", text, bits);
	return true;
}

/* Text as it stands in the extension: a host, ".host", "user@host" or nothing (all). */
static bool
read_text(struct bytes b, struct constraint *ret, struct err *e)
{
	const size_t at = bytes_index(b, '@');
	struct bytes host = at < b.n ? bytes_skip(b, at + 1) : b;
	char *normal = NULL;

	if (at < b.n && ret->type != NAME_TYPE_EMAIL)
		return err_set(e, ERR_MALFORMED, "a host with '@'");
	if (at < b.n) {
		if (!names_email_normal(b, &ret->text, e))
			goto malformed;
		return true;
	}
	if (host.n == 0) {
		ret->text = mem_strdup("");
		return true;
	}
	const bool dot = host.p[0] == '.';
	host = bytes_skip(host, dot ? 1 : 0);
	if (bytes_index(host, '*') < host.n)
		return err_set(e, ERR_MALFORMED, "a host with '*'");
	if (!names_dns_normal(host, &normal, e))
		goto malformed;
	ret->text = mem_printf("%s%s", dot ? "." : "", normal);
	free(normal);
	return true;
malformed:
	e->code = ERR_MALFORMED;
	return false;
}

/* GeneralSubtree ::= SEQUENCE { base, minimum [0] DEFAULT 0, maximum [1] OPTIONAL } */
static bool
read_subtree(struct bytes body, struct constraint *ret, struct err *e)
{
	struct der base;

	if (!der_next(&body, &base, e))
		return false;
	if (body.n > 0)
		return err_set(e, ERR_MALFORMED, "a subtree with minimum or maximum");
	switch (base.tag) {
	case DER_CONTEXT(NAME_TYPE_EMAIL):
	case DER_CONTEXT(NAME_TYPE_DNS):
	case DER_CONTEXT(NAME_TYPE_URI):
		ret->type = (enum name_type)(base.tag & 0x1f);
		return read_text(base.body, ret, e);
	case DER_CONTEXT(NAME_TYPE_IP):
		ret->type = NAME_TYPE_IP;
		return read_ip(base.body, ret, e);
	default:
		return err_set(e, ERR_MALFORMED,
		    "a subtree of a kind that is not supported (tag %02x)", base.tag);
	}
}

static bool
read_subtrees(struct bytes body, bool excluded, struct constraints *to, struct err *e)
{
	if (body.n == 0)
		return err_set(e, ERR_MALFORMED, "an empty list of subtrees");
	while (body.n > 0) {
		struct constraint k = { .excluded = excluded };
		struct der d;

		if (to->n == SUBTREES_MAX)
			return err_set(e, ERR_MALFORMED, "over %d subtrees",
			    SUBTREES_MAX);
		if (!der_expect(&body, DER_SEQUENCE, &d, e) ||
		    !read_subtree(d.body, &k, e))
			return false;
		to->v = mem_grow(to->v, to->n + 1, sizeof(*to->v));
		to->v[to->n++] = k;
	}
	return true;
}

static bool
read_all(struct bytes der, struct constraints *to, struct err *e)
{
	struct der seq;

	if (!der_whole(der, DER_SEQUENCE, &seq, e))
		return false;
	if (seq.body.n == 0)
		return err_set(e, ERR_MALFORMED, "no subtree at all");
	for (unsigned k = PERMITTED; k <= EXCLUDED; k++) {
		struct der d;
		bool there = false;

		if (!der_optional(&seq.body, DER_CONTEXT_CONSTRUCTED(k), &d, &there, e))
			return false;
		if (there && !read_subtrees(d.body, k == EXCLUDED, to, e))
			return false;
	}
	return der_done(seq.body, "nameConstraints", e);
}

bool
constraints_parse(struct bytes der, struct constraints *ret, struct err *e)
{
	struct constraints c = { 0 };

	if (!read_all(der, &c, e)) {
		constraints_free(&c);
		return err_prefix(e, "nameConstraints");
	}
	*ret = c;
	return true;
}

/* ---- writing ---- */

static void
put_subtree(struct derw *w, enum name_type type, struct bytes base)
{
	const size_t end = der_mark(w);

	der_put_tlv(w, DER_CONTEXT((unsigned)type), base);
	der_wrap(w, DER_SEQUENCE, end);
}

/* "10.0.0.0/8": address and mask; bits of the host part must be zero. */
static bool
put_cidr(struct derw *w, const char *cidr, struct err *e)
{
	const char *slash = strchr(cidr, '/');
	char addr[INET6_ADDRSTRLEN], *end = NULL;
	uint8_t v[32] = { 0 }, ip[16];

	if (!bytes_to_str(bytes_of(cidr, (size_t)(slash - cidr)), addr, sizeof(addr)))
		return err_set(e, ERR_MALFORMED, "\"%s\" is no CIDR", cidr);
	const size_t n = name_ip_octets(addr, ip);
	const unsigned long bits = strtoul(slash + 1, &end, 10);
	if (n == 0 || slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits > n * 8)
		return err_set(e, ERR_MALFORMED, "\"%s\" is no CIDR", cidr);
	memcpy(v, ip, n);
	for (size_t i = 0; i < bits; i++)
		v[n + i / 8] = (uint8_t)(v[n + i / 8] | 0x80 >> i % 8);
	for (size_t i = 0; i < n; i++)
		if ((v[i] & ~v[n + i]) != 0)
			return err_set(e, ERR_MALFORMED,
			    "\"%s\" has bits set behind its prefix", cidr);
	put_subtree(w, NAME_TYPE_IP, bytes_of(v, 2 * n));
	return true;
}

static bool
put_permitted(struct derw *w, const char *domain, bool no_ip, struct err *e)
{
	char *normal = NULL;

	if (strchr(domain, '/') != NULL) {
		if (no_ip)
			return err_set(e, ERR_MALFORMED,
			    "\"%s\" is permitted and all addresses are excluded",
			    domain);
		return put_cidr(w, domain, e);
	}
	if (domain[0] == '*' || !names_dns_normal(bytes_str(domain), &normal, e)) {
		if (domain[0] == '*')
			err_set(e, ERR_MALFORMED,
			    "\"%s\" has a wildcard: a domain holds all below it",
			    domain);
		e->code = ERR_MALFORMED;
		return false;
	}
	put_subtree(w, NAME_TYPE_DNS, bytes_str(normal));
	free(normal);
	return true;
}

bool
constraints_build(const char *const *domains, size_t n, bool no_ip, struct buf *ret,
    struct err *e)
{
	static const uint8_t zero[32];
	struct derw w;
	bool ok = true;

	if (n == 0 && !no_ip)
		return err_set(e, ERR_MALFORMED, "name constraints without a subtree");
	derw_init(&w, BUILD_MAX);
	if (no_ip) {
		put_subtree(&w, NAME_TYPE_IP, bytes_of(zero, 32));
		put_subtree(&w, NAME_TYPE_IP, bytes_of(zero, 8));
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(EXCLUDED), 0);
	}
	const size_t end = der_mark(&w);
	for (size_t i = n; ok && i-- > 0;)
		ok = put_permitted(&w, domains[i], no_ip, e);
	if (n > 0)
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(PERMITTED), end);
	der_wrap(&w, DER_SEQUENCE, 0);
	ok = ok && der_take(&w, "name constraints", ret, e);
	derw_free(&w);
	return ok;
}
