/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "http/client.h"

/* A certificate that ends while the connection is open is good no longer. */
Test(client, a_certificate_ages)
{
	struct client c;

	client_init(&c);
	buf_puts(&c.cert, "DER");
	c.cert_ends_at = 1000;
	client_age(&c, 1000);
	cr_expect_eq(c.cert.n, 3, "notAfter is inclusive");
	client_age(&c, 1001);
	cr_expect_eq(c.cert.n, 0);
	cr_expect_eq(c.refused.code, ERR_UNAUTHENTICATED);
	cr_expect_not_null(strstr(c.refused.detail, "expired at 1970-01-01T00:16:40Z"));
	client_free(&c);
}
