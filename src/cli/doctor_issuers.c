/* SPDX-License-Identifier: Apache-2.0 */
/* Is there an issuer whose certificates live, and which hanaper.yaml does not name? */
#include <string.h>

#include "cli/doctor.h"
#include "cli/out.h"
#include "codec/json.h"

static bool
is_named(const struct doctor *d, const char *issuer)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->issuers, i, v)
	{
		const char *name = json_text(v, "name");

		if (name != NULL && strcmp(name, issuer) == 0)
			return true;
	}
	return false;
}

static void
look_at(struct doctor *d, const json_t *counted)
{
	const char *issuer = json_text(counted, "issuer");
	const json_int_t live = json_integer_value(json_object_get(counted, "live"));

	if (issuer == NULL || live <= 0 || is_named(d, issuer))
		return;
	doctor_say(d, DOCTOR_FAIL,
	    "put its row back into hanaper.yaml until they have ended: hanaper reload",
	    "issuer %s signed %lld %s that %s not ended, and the configuration does "
	    "not "
	    "name it: there is no CRL and no OCSP for %s",
	    issuer, (long long)live,
	    out_noun((uint64_t)live, "certificate", "certificates"),
	    out_noun((uint64_t)live, "has", "have"),
	    out_noun((uint64_t)live, "it", "them"));
}

void
doctor_issuers(struct doctor *d)
{
	const json_t *counted;
	const size_t before = d->failed;
	json_t *v = NULL;
	struct err e;
	size_t i;

	/* The daemon counts by itself, and has not yet where it has just started. */
	if (d->issuers == NULL || !client_get_json(d->client, "/v1/stats", &v, &e))
		return;
	json_array_foreach(json_object_get(v, "by_issuer"), i, counted)
	    look_at(d, counted);
	if (d->failed == before && json_text(v, "counted_at") != NULL)
		doctor_say(d, DOCTOR_OK, NULL,
		    "each issuer whose certificates live is configured");
	json_decref(v);
}
