/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/renew.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "ca/note.h"
#include "store/store_certificate.h"

static void
put_names(struct buf *b, const struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		buf_printf(b, "%s%s", i > 0 ? ", " : "", names->v[i].text);
}

static bool
is_cn_of(const struct cert *c, const char *cn)
{
	if (strcmp(cn, c->cn) == 0)
		return true;
	for (size_t i = 0; i < c->names.n; i++)
		if (strcasecmp(cn, c->names.v[i].text) == 0)
			return true;
	return false;
}

/* A CSR need not name anything; what it names must be what the certificate has. */
static void
check_names(const struct cert *old, const struct csr *csr, struct verdict *v)
{
	struct buf asked, allowed;

	buf_init(&asked, KIB(64));
	buf_init(&allowed, KIB(64));
	put_names(&asked, &csr->names);
	put_names(&allowed, &old->names);
	verdict_add(v, !csr->has_san || names_same(&csr->names, &old->names),
	    ERR_POLICY, "renewal.names", "csr.names", buf_str(&asked),
	    buf_str(&allowed));
	if (csr->cn[0] != '\0')
		verdict_add(v, is_cn_of(old, csr->cn), ERR_POLICY, "renewal.names",
		    "csr.subject.cn", csr->cn, buf_str(&allowed));
	buf_free(&asked);
	buf_free(&allowed);
}

/* The member with the most octets goes. */
static void
drop_longest(json_t *metadata, const char *serial)
{
	const char *key, *longest = NULL;
	size_t most = 0;
	json_t *v;

	json_object_foreach(metadata, key, v)
	{
		const size_t n = strlen(key) + json_string_length(v);

		if (longest == NULL || n > most) {
			longest = key;
			most = n;
		}
	}
	LOG(LOG_WARN, "metadata-dropped", LOG_TEXT("serial", serial),
	    LOG_TEXT("key", longest));
	json_object_del(metadata, longest);
}

/* From before its limit, which leaves room for the parent, it may be too long. */
static void
shorten(json_t *metadata, const struct serial *of)
{
	char hex[SERIAL_HEX_LEN];
	struct err ignored;

	serial_to_hex(of, hex);
	while (
	    json_object_size(metadata) > 0 && !note_check_metadata(metadata, &ignored))
		drop_longest(metadata, hex);
}

/* Owner and other words stay with the service; the token was the first one's. */
static bool
make_note(const struct certificate_row *row, struct buf *ret, struct err *e)
{
	struct note old = { 0 };

	if (!note_read(buf_bytes(&row->note), &old, e))
		return false;
	shorten(old.metadata, &row->serial);
	const struct note n = {
		.has_parent = true,
		.parent = row->serial,
		.metadata = old.metadata,
	};
	const bool ok = note_write(&n, ret, e);
	note_free(&old);
	return ok;
}

static bool
start(struct ca *ca, const struct renew_request *q, const struct certificate_row *row,
    issue_done *done, void *arg, struct verdict *v, struct err *e)
{
	struct buf note;

	buf_init(&note, NOTE_MAX);
	check_names(q->who->cert, q->csr, v);
	bool ok = make_note(row, &note, e);
	if (ok) {
		const struct issue_request issue = {
			.who = q->who,
			.row = row,
			.profile = row->profile,
			.csr = q->csr,
			.names = &q->who->cert->names,
			.validity_s = q->validity_s,
			.request_id = q->request_id,
			.note = buf_bytes(&note),
			.once = q->once,
			.renewal = true,
		};
		ok = issue_start(ca, &issue, done, arg, v, e);
	}
	buf_free(&note);
	return ok;
}

bool
renew_start(struct ca *ca, const struct renew_request *q, issue_done *done, void *arg,
    struct verdict *v, struct err *e)
{
	if (q->who->kind != IDENTITY_CERT || q->row == NULL)
		return err_set(e, ERR_UNAUTHENTICATED,
		    "present the certificate that is to be renewed as the TLS client "
		    "certificate");
	return start(ca, q, q->row, done, arg, v, e);
}
