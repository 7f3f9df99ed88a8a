/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include "base/clock.h"

void
client_init(struct client *p)
{
	*p = (struct client){ 0 };
	buf_init(&p->cert, CLIENT_CERT_MAX);
}

void
client_free(struct client *p)
{
	buf_free(&p->cert);
}

void
client_age(struct client *p, int64_t now)
{
	char at[CLOCK_RFC3339_LEN];

	if (p->cert.n == 0 || now <= p->cert_ends_at)
		return;
	clock_rfc3339(p->cert_ends_at, at);
	err_set(&p->refused, ERR_UNAUTHENTICATED,
	    "the client certificate has expired at %s; renew it", at);
	buf_clear(&p->cert);
}
