/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the prober reads of others: DNS answers, TXT, CAA, dns-persist-01 records,
 * redirect URLs, the certificate of tls-alpn-01.  The first octet says which.
 */
#include "der_mutate.h"
#include "fuzz.h"
#include "probe/alpn_certificate.h"
#include "probe/caa.h"
#include "probe/dns_message.h"
#include "probe/egress.h"
#include "probe/persist.h"
#include "probe/redirect.h"
#include "probe/transcript.h"

static char *identity[] = { "ca.test" };
static const struct strings identities = { identity, 1 };

static void
message(struct bytes in)
{
	struct dns_message m;
	struct buf text;
	struct err e;

	if (in.n < 1 ||
	    !dns_message_read(bytes_skip(in, 1), "a.test", in.p[0], 8, &m, &e))
		return;
	if (m.cnames > 8)
		abort();
	buf_init(&text, KIB(64));
	for (size_t i = 0; i < m.n; i++)
		(void)!dns_message_txt(m.v[i], &text, &e);
	buf_free(&text);
	dns_message_free(&m);
}

static void
properties(struct bytes in)
{
	const struct caa_question q = { false, CHALLENGE_DNS_01,
		bytes_str("https://ca.test/1"), &identities };
	struct err e = { 0 };

	if (!caa_permits(&in, 1, &q, &e) && e.code != ERR_CAA)
		abort();
}

static void
persistent(struct bytes in)
{
	const struct persist_question q = { true, bytes_str("https://ca.test/1"),
		&identities, 1000 };
	int64_t until = 0;
	struct persist_fault why = { 0 };

	if (persist_proves(in, &q, &until, &why) ? until < 1000
						 : why.near == PERSIST_NONE)
		abort();
}

/* Whatever passes is a URL of http or https at a port that was allowed. */
static void
url(struct bytes in)
{
	struct redirect_path path = { .http_port = 80, .tls_port = 443 };
	struct redirect_target t;
	char *text = mem_strndup(in);
	struct err e;

	if (redirect_to(&path, NULL, "http://a.test/", &t, &e) &&
	    redirect_to(&path, t.url, text, &t, &e) &&
	    ((t.port != 80 && t.port != 443) || t.host[0] == '\0' ||
		strchr(t.host, '@') != NULL || strchr(t.host, '/') != NULL ||
		(strncmp(t.url, "http://", 7) != 0 &&
		    strncmp(t.url, "https://", 8) != 0)))
		abort();
	free(text);
}

static void
certificate(struct bytes in)
{
	const uint8_t digest[ALPN_CERTIFICATE_DIGEST] = { 0 };
	struct err e = { 0 };

	if (!alpn_certificate_proves(in, NAME_TYPE_DNS, "a.test", digest, &e) &&
	    e.code != ERR_PROBE_PROOF)
		abort();
}

static void
line(struct bytes in)
{
	struct transcript t;

	transcript_init(&t, KIB(2));
	for (size_t i = 0; i < 4; i++) {
		transcript_line(&t, 1, "dns");
		transcript_text(&t, "name", in);
	}
	if (transcript_end(&t).n > KIB(2))
		abort();
	transcript_free(&t);
}

FUZZ_DER(1);

FUZZ_TARGET(probe)
{
	static void (*const parts[])(
	    struct bytes) = { message, properties, persistent, url, certificate, line };

	if (n >= 1)
		parts[p[0] % NITEMS(parts)](bytes_of(p + 1, n - 1));
	return 0;
}
