/* SPDX-License-Identifier: Apache-2.0 */
/* GeneralNames, RFC 5280 4.2.1.6. */
#include <arpa/inet.h>
#include <string.h>

#include "codec/der.h"
#include "x509/names.h"

#define NAMES_DER_MAX MIB(1)

/* By tag number; those that no certificate of ours carries are refused by their name (P55, R5). */
static const struct {
	const char *word;
	unsigned tag;
	bool ours;
} kinds[] = {
	/* clang-format off */
	{ "otherName",                 DER_CONTEXT_CONSTRUCTED(0), false },
	{ "rfc822Name",                DER_CONTEXT(1),             true  },
	{ "dNSName",                   DER_CONTEXT(2),             true  },
	{ "x400Address",               DER_CONTEXT_CONSTRUCTED(3), false },
	{ "directoryName",             DER_CONTEXT_CONSTRUCTED(4), false },
	{ "ediPartyName",              DER_CONTEXT_CONSTRUCTED(5), false },
	{ "uniformResourceIdentifier", DER_CONTEXT(6),             true  },
	{ "iPAddress",                 DER_CONTEXT(7),             true  },
	{ "registeredID",              DER_CONTEXT(8),             false },
	/* clang-format on */
};

bool
names_to_der(const struct names *n, struct buf *ret, struct err *e)
{
	struct derw w;

	if (n->n == 0)
		return err_set(e, ERR_POLICY, "a certificate needs at least one name");
	derw_init(&w, NAMES_DER_MAX);
	for (size_t i = n->n; i-- > 0;) {
		const struct name *v = &n->v[i];
		uint8_t ip[16];
		struct bytes body = bytes_str(v->text);

		if (v->type == NAME_TYPE_IP)
			body = bytes_of(ip, name_ip_octets(v->text, ip));
		der_put_tlv(&w, DER_CONTEXT((unsigned)v->type), body);
	}
	der_wrap(&w, DER_SEQUENCE, 0);
	const bool ok = der_take(&w, "names", ret, e);
	derw_free(&w);
	return ok;
}

static bool
add_ip(struct names *to, struct bytes ip, struct err *e)
{
	char text[INET6_ADDRSTRLEN];

	if (ip.n == 8 || ip.n == 32)
		return err_set(e, ERR_BAD_CSR, "iPAddress is a range (%zu octets)",
		    ip.n);
	if (ip.n != 4 && ip.n != 16)
		return err_set(e, ERR_BAD_CSR, "iPAddress of %zu octets, not 4 or 16",
		    ip.n);
	inet_ntop(ip.n == 4 ? AF_INET : AF_INET6, ip.p, text, sizeof(text));
	return names_add(to, NAME_TYPE_IP, bytes_str(text), e);
}

static bool
add_one(struct names *to, const struct der *d, struct err *e)
{
	size_t k = 0;

	while (k < NITEMS(kinds) && kinds[k].tag != d->tag)
		k++;
	if (k == NITEMS(kinds))
		return err_set(e, ERR_BAD_CSR, "tag %02x is no GeneralName", d->tag);
	if (!kinds[k].ours)
		return err_set(e, ERR_BAD_CSR, "a name of type %s is not accepted",
		    kinds[k].word);
	if (k == NAME_TYPE_IP)
		return add_ip(to, d->body, e);
	return names_add(to, (enum name_type)k, d->body, e);
}

static bool
read_all(struct bytes der, size_t max, struct names *to, struct err *e)
{
	struct der seq, d;

	if (!der_whole(der, DER_SEQUENCE, &seq, e))
		return false;
	if (seq.body.n == 0)
		return err_set(e, ERR_BAD_CSR, "no name at all");

	/* Counted before any name is looked at: ten thousand cost no more than a walk (P57). */
	size_t count = 0;
	for (struct bytes rest = seq.body; rest.n > 0; count++)
		if (!der_next(&rest, &d, e))
			return false;
	if (count > max)
		return err_set(e, ERR_BAD_CSR, "%zu names; %zu are allowed", count,
		    max);
	for (struct bytes rest = seq.body; rest.n > 0;)
		if (!der_next(&rest, &d, e) || !add_one(to, &d, e))
			return false;
	return true;
}

bool
names_from_der(struct bytes der, size_t max, struct names *ret, struct err *e)
{
	struct names n = { 0 };

	if (!read_all(der, max, &n, e)) {
		names_free(&n);
		e->code = ERR_BAD_CSR;
		return err_prefix(e, "subjectAltName");
	}
	*ret = n;
	return true;
}
