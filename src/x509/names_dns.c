/* SPDX-License-Identifier: Apache-2.0 */
/* DNS names: P24 to P26, R10 to R12. */
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "x509/names_text.h"

#define LABEL_MAX 63

/* What a name never holds, and what the sender probably meant by it. */
static const struct {
	char c;
	const char *why;
} never[] = {
	/* clang-format off */
	{ ' ', "holds a blank" },
	{ '/', "is a URL, a path or a range, not a name" },
	{ '@', "is an e-mail address, not a DNS name" },
	{ '[', "is an IP address or holds a bracket: ask for an address as ip" },
	{ ':', "holds a port or is an IP address: ask for an address as ip" },
	/* clang-format on */
};

static bool
refuse(struct bytes text, const char *why, struct err *e)
{
	char quoted[NAMES_QUOTE_LEN];

	names_quote(text, quoted);
	return err_set(e, ERR_POLICY, "DNS name \"%s\" %s", quoted, why);
}

/* What is wrong with the text as a whole; NULL: nothing. */
static const char *
whole_fault(struct bytes t)
{
	if (t.n == 0)
		return "is empty";
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < 0x20 || t.p[i] == 0x7f)
			return "holds a NUL or another control character";
		if (t.p[i] > 0x7f)
			return "is not ASCII: an internationalised name is asked for "
			       "as its A-label (xn--...)";
	}
	for (size_t k = 0; k < NITEMS(never); k++)
		if (bytes_index(t, (uint8_t)never[k].c) < t.n)
			return never[k].why;
	if (t.n > NAMES_DNS_MAX)
		return "is over 253 characters";
	if (t.p[0] == '.')
		return "begins with a dot";
	if (t.p[t.n - 1] == '.')
		return "ends in a dot";
	return NULL;
}

/*
 * IDNA 2008, strictly: what the A-label decodes to must be a U-label fit for
 * registration (RFC 5891 4) and must encode to the same A-label.
 */
static bool
check_a_label(struct bytes text, struct bytes label, struct err *e)
{
	char a[LABEL_MAX + 1], why[LABEL_MAX + 160];
	char *u = NULL;
	uint8_t *back = NULL;

	if (!bytes_to_str(label, a, sizeof(a)))
		return refuse(text, "has a label that is too long", e);
	int rc = idn2_to_unicode_8z8z(a, &u, 0);
	if (rc == IDN2_OK)
		rc = idn2_register_u8((const uint8_t *)u, NULL, &back, 0);
	const bool same = rc == IDN2_OK && strcmp((const char *)back, a) == 0;
	if (!same)
		snprintf(why, sizeof(why), "holds the invalid A-label %s: %s", a,
		    rc != IDN2_OK ? idn2_strerror(rc)
				  : "it does not come back the same");
	idn2_free(back);
	idn2_free(u);
	return same || refuse(text, why, e);
}

/* What is wrong with one label; NULL: nothing. */
static const char *
label_fault(struct bytes l)
{
	if (l.n == 0)
		return "has an empty label";
	if (l.n > LABEL_MAX)
		return "has a label of over 63 characters";
	for (size_t i = 0; i < l.n; i++) {
		const uint8_t c = l.p[i];

		if (c == '*')
			return "has a wildcard elsewhere than as its whole first label";
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' &&
		    c != '_')
			return "has a character that is no letter, digit or hyphen";
	}
	if (l.p[0] == '-' || l.p[l.n - 1] == '-')
		return "has a label with a hyphen at its end or beginning";
	if (l.n >= 4 && l.p[2] == '-' && l.p[3] == '-' && !bytes_starts(l, "xn--"))
		return "has a label with hyphens third and fourth that is no A-label "
		       "(RFC 5890 2.3.1)";
	return NULL;
}

/* All digits, or 0x and hex digits: programs read a name that ends so as an IPv4 address. */
static bool
is_number(struct bytes l)
{
	const bool hex = bytes_starts(l, "0x");

	for (size_t i = hex ? 2 : 0; i < l.n; i++)
		if ((l.p[i] < '0' || l.p[i] > '9') &&
		    !(hex && l.p[i] >= 'a' && l.p[i] <= 'f'))
			return false;
	return true;
}

/* 'rest' is the part of 'text' behind a wildcard, or all of it. */
static bool
check_labels(struct bytes text, struct bytes rest, struct err *e)
{
	for (;;) {
		const struct bytes label = { rest.p, bytes_index(rest, '.') };
		const bool last = label.n == rest.n;
		const char *why = label_fault(label);

		if (why != NULL)
			return refuse(text, why, e);
		if (last && is_number(label))
			return refuse(text,
			    "reads as an IP address: ask for an address as ip", e);
		if (bytes_starts(label, "xn--") && !check_a_label(text, label, e))
			return false;
		if (last)
			return true;
		rest = bytes_skip(rest, label.n + 1);
	}
}

bool
names_dns_normal(struct bytes text, char **ret, struct err *e)
{
	const char *why = whole_fault(text);

	if (why != NULL)
		return refuse(text, why, e);

	char *lower = mem_strndup(text);
	for (char *p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	const struct bytes all = bytes_str(lower);
	const bool wild = bytes_starts(all, "*.");
	const struct bytes rest = bytes_skip(all, wild ? 2 : 0);
	bool ok = true;
	if (bytes_eq_str(all, "*"))
		ok = refuse(all, "is a wildcard alone", e);
	else if (wild && bytes_index(rest, '.') == rest.n)
		ok = refuse(all, "is a wildcard directly under a top label", e);
	if (!ok || !check_labels(all, rest, e)) {
		free(lower);
		return false;
	}
	*ret = lower;
	return true;
}
