/* SPDX-License-Identifier: Apache-2.0 */
/* Who would be asking: another than who asks, for explain. */
#include <string.h>

#include "base/clock.h"
#include "ca/caller.h"
#include "store/store_certificate.h"

#define CERT_DER_MAX KIB(32)
#define TRIES_MAX    50 /* certificates of one CN */

struct search {
	struct ca *ca;
	struct caller *ret;
	struct err why; /* of the newest that does not count */
	bool found;
};

/* As if this certificate were presented now. */
static bool
identify(struct ca *ca, int64_t id, struct caller *ret, struct err *e)
{
	struct buf der;

	buf_init(&der, CERT_DER_MAX);
	bool ok = store_certificate_der(ca_store(ca), id, &der, e);
	if (ok) {
		const struct msg_http_request m = { .peer = PEER_KIND_TLS_CERT,
			.peer_cert = buf_bytes(&der) };

		ok = caller_identify(ca, &m, false, ret, e);
	}
	buf_free(&der);
	return ok;
}

static bool
try_row(void *arg, const struct certificate_row *row, struct err *e)
{
	struct search *s = arg;
	struct err why;

	(void)e;
	if (s->found)
		return true;
	s->found = identify(s->ca, row->id, s->ret, &why);
	if (!s->found && s->why.code == ERR_NONE)
		s->why = why;
	return true;
}

/* The newest of this CN that counts; else why the newest does not. */
static bool
by_cn(struct ca *ca, const char *cn, struct caller *ret, struct err *e)
{
	const struct certificate_query q = {
		.cn = cn,
		.status = CERTIFICATE_VALID,
		.now = clock_now(),
		.limit = TRIES_MAX,
	};
	struct search s = { .ca = ca, .ret = ret };

	if (!store_certificate_list(ca_store(ca), &q, try_row, &s, e))
		return false;
	if (s.found)
		return true;
	if (s.why.code == ERR_NONE)
		return err_set(e, ERR_NOT_FOUND,
		    "as: no valid certificate has the CN \"%s\"", cn);
	*e = s.why;
	return false;
}

bool
caller_as(struct ca *ca, const char *subject, struct caller *ret, struct err *e)
{
	struct certificate_row row;
	struct serial serial;

	if (strncmp(subject, "cn:", 3) == 0)
		return by_cn(ca, subject + 3, ret, e);
	if (!serial_from_hex(bytes_str(subject), &serial, e))
		return err_set(e, ERR_MALFORMED,
		    "as: the serial of a certificate, or cn:NAME");
	if (!store_certificate_get(ca_store(ca), NULL, &serial, &row, e))
		return ca_not_found(ca, e) || err_prefix(e, "as");
	const bool ok = identify(ca, row.id, ret, e);
	certificate_row_free(&row);
	return ok;
}
