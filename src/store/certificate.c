/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "store/store_certificate.h"

void
certificate_row_free(struct certificate_row *r)
{
	free(r->issuer);
	free(r->profile);
	free(r->cn);
	free(r->requester);
	free(r->request_id);
	names_free(&r->names);
	buf_free(&r->note);
	*r = (struct certificate_row){ 0 };
}

enum certificate_status
certificate_row_status(const struct certificate_row *r, int64_t now)
{
	if (r->revoked)
		return CERTIFICATE_REVOKED;
	/* RFC 5280 4.1.2.5: the last second still counts. */
	return now > r->not_after ? CERTIFICATE_EXPIRED : CERTIFICATE_VALID;
}

const char *
certificate_status_word(enum certificate_status s)
{
	static const char *const words[] = {
		[CERTIFICATE_ANY] = "any",
		[CERTIFICATE_VALID] = "valid",
		[CERTIFICATE_EXPIRED] = "expired",
		[CERTIFICATE_REVOKED] = "revoked",
	};

	return words[s];
}
