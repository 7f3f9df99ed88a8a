/* SPDX-License-Identifier: Apache-2.0 */
#include "base/version.h"

#include <string.h>

/* The number that stands there; *at goes behind it and its dot. */
static unsigned long
next_number(const char **at)
{
	unsigned long n = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		n = n < 100000 ? n * 10 + (unsigned long)(**at - '0') : n;
	if (**at == '.')
		(*at)++;
	else
		*at += strlen(*at);
	return n;
}

static bool
is_older(const char *have, const char *least)
{
	while (*have != '\0' || *least != '\0') {
		const unsigned long a = next_number(&have), b = next_number(&least);

		if (a != b)
			return a < b;
	}
	return false;
}

bool
version_check(const char *library, const char *have, const char *least, struct err *e)
{
	if (have != NULL && !is_older(have, least))
		return true;
	return err_set(e, ERR_UNAVAILABLE,
	    "%s %s is older than %s, which this was built with: holes that were closed "
	    "since would be open again; install the newer one",
	    library, have != NULL ? have : "of an unknown version", least);
}
