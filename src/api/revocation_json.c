/* SPDX-License-Identifier: Apache-2.0 */
#include "api/revocation_json.h"

#include "api/certificate_json.h"

bool
revocation_json_reason(const char *word, bool ca, enum reason *ret, struct err *e)
{
	enum reason r = *ret;

	if (word != NULL && !sets_reason_from(bytes_str(word), &r))
		return err_set(e, ERR_MALFORMED,
		    "reason must be unspecified, keyCompromise, %saffiliationChanged, "
		    "superseded, cessationOfOperation or privilegeWithdrawn",
		    ca ? "cACompromise, " : "");
	if (word != NULL && r == REASON_CA_COMPROMISE && !ca)
		return err_set(e, ERR_MALFORMED,
		    "cACompromise is a reason for CA certificates only");
	*ret = r;
	return true;
}

static json_t *
by_when(int64_t at)
{
	return at != 0 ? certificate_json_time(at) : json_null();
}

json_t *
revocation_json(const struct serial *serial, const struct revoke_result *r)
{
	return json_pack("{s:o, s:o, s:s, s:{s:o, s:o}}", "serial",
	    certificate_json_serial(serial), "revoked_at",
	    certificate_json_time(r->revoked_at), "reason", sets_reason_word(r->reason),
	    "effective_by", "ocsp", by_when(r->ocsp_at), "crl", by_when(r->crl_at));
}
