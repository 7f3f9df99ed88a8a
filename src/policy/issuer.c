/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/issuer.h"

bool
issuer_pair(const char *name, const struct cert *cert, const struct key *key,
    struct err *e)
{
	const struct bytes text = bytes_str("hanaper: key and certificate are a pair");
	struct buf sig;
	struct err why;

	buf_init(&sig, KIB(2));
	bool ok = key_sign(key, text, &sig, e);
	if (ok &&
	    !spki_verify(&cert->key, key_sig_alg(key), text, buf_bytes(&sig), &why))
		ok = err_set(e, ERR_CONFLICT,
		    "the key of issuer %s does not belong to its certificate", name);
	buf_free(&sig);
	return ok;
}

bool
issuer_apart(const char *name, const struct cert *cert, const char *other_name,
    const struct cert *other, struct err *e)
{
	return !bytes_eq(cert->subject_dn, other->subject_dn) ||
	       err_set(e, ERR_CONFLICT,
		   "issuer %s has the subject of issuer %s: each needs a name of its "
		   "own in its certificate, as hanaper rotate gives it",
		   name, other_name);
}

static const struct cert *
find(const struct cert *const *pool, size_t n, struct bytes dn)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_eq(pool[i]->subject_dn, dn))
			return pool[i];
	return NULL;
}

bool
issuer_chain(const char *name, const struct cert *cert, const struct cert *root,
    const struct cert *const *pool, size_t n, size_t max, const struct cert **ret,
    size_t *ret_n, struct err *e)
{
	const struct cert *c = cert;
	size_t made = 0;

	for (;;) {
		if (made == max)
			return err_set(e, ERR_MALFORMED,
			    "issuer %s: its chain has no end", name);
		if (!c->ca || (c->key_usage & CERT_KU_KEY_CERT_SIGN) == 0)
			return err_set(e, ERR_MALFORMED,
			    "issuer %s: a certificate of its chain is no CA's", name);
		ret[made++] = c;
		const struct cert *parent = find(pool, n, c->issuer_dn);
		if (parent == NULL || !cert_is_by(c, parent))
			return err_set(e, ERR_CONFLICT,
			    "issuer %s does not chain to the root in root.crt", name);
		if (c == root)
			break;
		c = parent;
	}
	*ret_n = made;
	return true;
}
