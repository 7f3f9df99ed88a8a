/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses (P27) and e-mail addresses (P29). */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "x509/names.h"
#include "x509/names_text.h"

#define LOCAL_MAX 64  /* RFC 5321 4.5.3.1.1 */
#define EMAIL_MAX 254 /* RFC 5321 4.5.3.1.3 */

static bool
refuse(const char *kind, struct bytes text, const char *why, struct err *e)
{
	char quoted[NAMES_QUOTE_LEN];

	names_quote(text, quoted);
	return err_set(e, ERR_POLICY, "%s \"%s\" %s", kind, quoted, why);
}

bool
names_ip_normal(struct bytes text, char **ret, struct err *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char z[INET6_ADDRSTRLEN], normal[INET6_ADDRSTRLEN];
	uint8_t ip[16];

	if (bytes_index(text, '/') < text.n)
		return refuse("IP address", text, "is a range", e);
	if (!bytes_to_str(text, z, sizeof(z)))
		return refuse("IP address", text, "is too long or holds a NUL", e);
	const size_t n = name_ip_octets(z, ip);
	if (n == 0)
		return refuse("IP address", text, "is no IPv4 or IPv6 address", e);
	if (n == 16 && memcmp(ip, mapped, sizeof(mapped)) == 0)
		return refuse("IP address", text,
		    "is an IPv4-mapped form: ask for the IPv4 address", e);
	inet_ntop(n == 4 ? AF_INET : AF_INET6, ip, normal, sizeof(normal));
	*ret = mem_strdup(normal);
	return true;
}

/* RFC 5322 3.2.3 dot-atom; quoted local parts are refused, nobody has one. */
static bool
is_dot_atom(struct bytes l)
{
	for (size_t i = 0; i < l.n; i++) {
		const uint8_t c = l.p[i];
		const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				   (c >= 'A' && c <= 'Z');

		if (c == '.' && (i == 0 || i == l.n - 1 || l.p[i - 1] == '.'))
			return false;
		if (!alnum && (c == '\0' || strchr(".!#$%&'*+-/=?^_`{|}~", c) == NULL))
			return false;
	}
	return l.n > 0;
}

bool
names_email_normal(struct bytes text, char **ret, struct err *e)
{
	static const char kind[] = "e-mail address";
	const size_t at = bytes_index(text, '@');
	const struct bytes local = { text.p, at }, host = bytes_skip(text, at + 1);
	char *h = NULL;

	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] > 0x7f)
			return refuse(kind, text,
			    "is not ASCII: SmtpUTF8Mailbox (RFC 9598) is not issued",
			    e);
	if (text.n > EMAIL_MAX || local.n > LOCAL_MAX)
		return refuse(kind, text, "is too long", e);
	if (at == text.n)
		return refuse(kind, text, "has no '@'", e);
	if (!is_dot_atom(local))
		return refuse(kind, text, "has an invalid local part", e);
	if (bytes_index(host, '*') < host.n || bytes_index(host, '_') < host.n)
		return refuse(kind, text, "has a wildcard or underscore in its host",
		    e);
	if (!names_dns_normal(host, &h, e))
		return err_prefix(e, "host of an e-mail address");
	*ret = mem_printf("%.*s@%s", (int)local.n, (const char *)local.p, h);
	free(h);
	return true;
}
