/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration from whatever octets: read as YAML or, where the first octet
 * says so, as the message that carries it.  What loads must travel and come back
 * octet for octet.
 */
#include "conf/conf_edit.h"
#include "conf/conf_load.h"
#include "conf/conf_wire.h"
#include "fuzz.h"

static struct buf
put(const struct conf *c)
{
	struct buf b;
	struct err e;

	buf_init(&b, MIB(16));
	conf_put(&b, c);
	if (!buf_ok(&b, "configuration", &e))
		abort();
	return b;
}

static void
travel(const struct conf *c)
{
	struct buf one = put(c);
	struct conf *d = NULL;
	struct err e;

	if (!conf_get(buf_bytes(&one), &d, &e))
		abort();
	struct buf two = put(d);
	if (!bytes_eq(buf_bytes(&one), buf_bytes(&two)))
		abort();
	buf_free(&one);
	buf_free(&two);
	conf_free(d);
}

/* Whatever is read, "hanaper rotate" may be asked to edit: it is done rightly or refused. */
static void
follow(struct bytes text, const struct conf *c)
{
	char name[] = "x-2", file[] = "x", key[] = "y";
	const struct conf_issuer next = { name, file, key, NULL };
	struct buf now;
	struct err e = { 0 };

	buf_init(&now, MIB(16));
	if (!conf_edit_follow(text, "/ca/hanaper.yaml", c->issuers[0].name, &next, &now,
		&e) &&
	    (e.code == ERR_NONE || now.n > 0))
		abort();
	buf_free(&now);
}

FUZZ_TARGET(conf)
{
	const struct bytes in = bytes_of(p, n);
	struct conf *c = NULL;
	struct err e = { 0 };
	const bool is_wire = n > 0 && p[0] == 0xff;
	const bool ok = is_wire ? conf_get(bytes_skip(in, 1), &c, &e)
				: conf_load_text(in, "/ca/hanaper.yaml", &c, &e);

	if (ok && !is_wire)
		follow(in, c);
	if (ok)
		travel(c);
	else if (e.code == ERR_NONE || e.detail[0] == '\0')
		abort();
	conf_free(c);
	return 0;
}
