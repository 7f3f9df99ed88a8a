/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/issue_same.h"

#include "ipc/msg_sign.h"

void
issue_same_keep(struct issue_same *s, const struct conf_profile *profile,
    struct bytes spki, struct buf *names)
{
	s->profile = profile;
	buf_init(&s->spki, MSG_CSR_MAX);
	buf_put(&s->spki, spki);
	s->names = *names;
	buf_init(names, 0);
}

void
issue_same_free(struct issue_same *s)
{
	buf_free(&s->spki);
	buf_free(&s->names);
}

static bool
are_names(const struct issue_same *s, const struct cert *c, struct err *e)
{
	struct buf der;

	buf_init(&der, MSG_NAMES_MAX);
	const bool ok = names_to_der(&c->names, &der, e) &&
			bytes_eq(buf_bytes(&der), buf_bytes(&s->names));
	buf_free(&der);
	return ok;
}

bool
issue_same_check(const struct issue_same *s, struct ca *ca,
    const struct record_certificate *rc, const struct cert *c, struct err *e)
{
	const struct ca_issuer *issuer = ca_issuer_by_dn(ca, c->issuer_dn);
	const char *what = NULL;

	if (!bytes_eq_str(rc->profile, s->profile->name))
		what = "profile";
	else if (issuer == NULL || !bytes_eq_str(rc->issuer, issuer->name))
		what = "issuer";
	else if (c->ca || !bytes_eq(c->key.der, buf_bytes(&s->spki)))
		what = "key";
	else if (!are_names(s, c, e))
		what = "names";
	if (what != NULL)
		return err_set(e, ERR_MALFORMED,
		    "it signed a certificate of another %s than was asked for", what);
	/* A reload reaches the signer before it reaches us. */
	if (!bytes_eq_str(rc->issuer, s->profile->issuer))
		return err_set(e, ERR_UNAVAILABLE,
		    "the profile changed its issuer meanwhile; try again");
	return true;
}
