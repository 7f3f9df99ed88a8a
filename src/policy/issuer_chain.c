/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/issuer_chain.h"

static bool
is_same(const struct cert *a, const struct cert *b)
{
	return bytes_eq(buf_bytes(&a->der), buf_bytes(&b->der));
}

/* Whose subject this is: its file's come before other issuers. */
static const struct cert *
find(const struct issuer_chain_file *all, size_t n_all, size_t k, struct bytes dn)
{
	for (size_t i = 1; i < all[k].n; i++)
		if (bytes_eq(all[k].v[i]->subject_dn, dn))
			return all[k].v[i];
	for (size_t i = 0; i < n_all; i++)
		if (bytes_eq(all[i].v[0]->subject_dn, dn))
			return all[i].v[0];
	return NULL;
}

/* May it stand above 'below' CAs, whatever it is that the last of them signs? */
static bool
check_ca(const char *name, const struct cert *c, size_t below, struct err *e)
{
	if (!c->ca || (c->key_usage & CERT_KU_KEY_CERT_SIGN) == 0)
		return err_set(e, ERR_MALFORMED,
		    "issuer %s: a certificate of its chain is no CA's", name);
	/* RFC 5280 4.2.1.9: those that bear their own issuer's name would not count. */
	if (c->path_len >= 0 && below > (size_t)c->path_len)
		return err_set(e, ERR_CONFLICT,
		    "issuer %s: the path length of a CA above it lets no CA be there",
		    name);
	return true;
}

bool
issuer_chain_make(const struct issuer_chain_file *all, size_t n_all, size_t k,
    struct issuer_chain *ret, struct err *e)
{
	const char *name = all[k].name;
	const struct cert *root = all[0].v[0], *c = all[k].v[0];
	struct issuer_chain made = { .n = 0 };

	for (;;) {
		if (is_same(c, root))
			c = root; /* its file may have a copy */
		if (made.n == NITEMS(made.v))
			return err_set(e, ERR_MALFORMED,
			    "issuer %s: its chain has no end", name);
		if (!check_ca(name, c, made.n, e))
			return false;
		made.v[made.n++] = c;
		const struct cert *parent =
		    c == root ? root : find(all, n_all, k, c->issuer_dn);
		if (parent == NULL || !cert_is_by(c, parent))
			return err_set(e, ERR_CONFLICT,
			    "issuer %s does not chain to the root in root.crt", name);
		if (c == root)
			break;
		c = parent;
	}
	*ret = made;
	return true;
}

bool
issuer_chain_has(const struct issuer_chain *chain, const struct cert *c)
{
	for (size_t i = 0; i < chain->n; i++)
		if (is_same(chain->v[i], c))
			return true;
	return false;
}
