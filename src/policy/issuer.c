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
