/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be put up to prove a name, and whether it was. */
#include <stdlib.h>

#include "acme_challenge_impl.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "codec/base64.h"

char *
acme_challenge_proof(const char *token, const struct acme_account *a)
{
	struct buf b;

	if (token[0] == '\0') /* an account is what is proved */
		return mem_strdup("");
	buf_init(&b, 256);
	buf_printf(&b, "%s.", token);
	base64url_put(&b, bytes_of(a->thumbprint, sizeof(a->thumbprint)));
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

void
acme_challenge_proof_anew(struct validation *v)
{
	struct acme_account a = { 0 };
	struct err e;

	if (store_acme_account_by_num(v->ca->store, v->account_num, &a, &e)) {
		free(v->key_authorization);
		v->key_authorization = acme_challenge_proof(v->token, &a);
	} else {
		LOG_ERR(LOG_ERROR, "acme-validation", &e);
	}
	store_acme_account_free(&a);
}

/* 0: it waits for its next try. */
static bool
is_asked(const struct ca *ca, uint64_t id)
{
	const struct validation *v = ca->validations;

	while (v != NULL && (v->id == 0 || v->id != id))
		v = v->next;
	return v != NULL;
}

/* That nothing speaks against it is no proof: CAA alone would have said so, too (R69). */
bool
acme_challenge_whole(const struct ca *ca, const struct msg_probed *m, struct err *e)
{
	const bool to_prove = is_asked(ca, m->id) || acme_test_proves(ca, m->id);

	return m->code != ERR_NONE || m->proved || !to_prove ||
	       err_set(e, ERR_MALFORMED,
		   "PROBED: good, and the challenge is not proved");
}
