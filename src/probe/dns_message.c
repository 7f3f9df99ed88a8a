/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/dns_message.h"

#include <ares.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"

#define HEADER      12 /* octets */
#define FIXED       10 /* of a record, behind its name */
#define TYPE_CNAME  5
#define TYPE_OPT    41
#define CLASS_IN    1
#define MESSAGE_MAX 65535

struct record {
	char *owner; /* ares_free_string() */
	unsigned type;
	struct bytes rdata;
};

struct reader {
	struct bytes all;
	size_t at;
};

static unsigned
u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* A name, possibly compressed, in text; *ret is c-ares's to free. */
static bool
read_name(struct reader *r, char **ret)
{
	long used = 0;

	if (r->at >= r->all.n || ares_expand_name(r->all.p + r->at, r->all.p,
				     (int)r->all.n, ret, &used) != ARES_SUCCESS)
		return false;
	r->at += (size_t)used;
	return true;
}

/* "x." and "X" are the same name. */
static bool
same_name(const char *a, const char *b)
{
	struct bytes x = bytes_str(a), y = bytes_str(b);

	if (x.n > 0 && x.p[x.n - 1] == '.')
		x.n--;
	if (y.n > 0 && y.p[y.n - 1] == '.')
		y.n--;
	return x.n == y.n && strncasecmp(a, b, x.n) == 0;
}

static bool
read_question(struct reader *r, const char *name, unsigned type, struct err *e)
{
	char *asked = NULL;

	if (!read_name(r, &asked) || r->all.n - r->at < 4) {
		ares_free_string(asked);
		return err_set(e, ERR_MALFORMED, "DNS: the question is not whole");
	}
	const bool same = same_name(asked, name) && u16(r->all.p + r->at) == type &&
			  u16(r->all.p + r->at + 2) == CLASS_IN;
	ares_free_string(asked);
	r->at += 4;
	return same || err_set(e, ERR_MALFORMED, "DNS: it answers another question");
}

static bool
read_record(struct reader *r, struct record *ret)
{
	char *owner = NULL;

	if (!read_name(r, &owner))
		return false;
	if (r->all.n - r->at < FIXED) {
		ares_free_string(owner);
		return false;
	}
	const uint8_t *p = r->all.p + r->at;
	const size_t n = u16(p + 8);
	r->at += FIXED;
	if (r->all.n - r->at < n) {
		ares_free_string(owner);
		return false;
	}
	ret->owner = owner;
	/* Another class is another type: none that anybody asks for. */
	ret->type = u16(p + 2) == CLASS_IN ? u16(p) : 0;
	ret->rdata = bytes_of(r->all.p + r->at, n);
	r->at += n;
	return true;
}

/* The target of a CNAME; its name may be compressed, so it is read in the message. */
static char *
target_of(struct bytes all, const struct record *c)
{
	struct reader r = { all, (size_t)(c->rdata.p - all.p) };
	char *name = NULL;

	if (c->rdata.n == 0 || !read_name(&r, &name))
		return NULL;
	if (r.at != (size_t)(c->rdata.p - all.p) + c->rdata.n) {
		ares_free_string(name);
		return NULL;
	}
	char *copy = mem_strdup(name);
	ares_free_string(name);
	return copy;
}

static const struct record *
find(const struct record *v, size_t n, const char *owner, unsigned type)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].type == type && same_name(v[i].owner, owner))
			return &v[i];
	return NULL;
}

/* Goes along the CNAMEs and takes what lies at their end. */
static bool
collect(struct bytes all, const struct record *v, size_t n, const char *name,
    unsigned type, unsigned cnames_max, struct dns_message *m, struct err *e)
{
	const struct record *c;

	while (
	    find(v, n, m->alias != NULL ? m->alias : name, type) == NULL &&
	    (c = find(v, n, m->alias != NULL ? m->alias : name, TYPE_CNAME)) != NULL) {
		char *target = target_of(all, c);

		if (target == NULL)
			return err_set(e, ERR_MALFORMED, "DNS: a CNAME is not a name");
		free(m->alias);
		m->alias = target;
		if (++m->cnames > cnames_max)
			return err_set(e, ERR_TOO_LARGE, "DNS: more than %u CNAMEs",
			    cnames_max);
	}
	const char *owner = m->alias != NULL ? m->alias : name;
	m->v = mem_zarray(n > 0 ? n : 1, sizeof(*m->v));
	for (size_t i = 0; i < n; i++)
		if (v[i].type == type && same_name(v[i].owner, owner))
			m->v[m->n++] = v[i].rdata;
	return true;
}

static bool
read_records(struct reader *r, struct record *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!read_record(r, &v[i]))
			return err_set(e, ERR_MALFORMED,
			    "DNS: a record of the answer is not whole");
	return true;
}

/* RFC 6891 6.1.3: an rcode over 15 looks like "no error" in the header alone. */
static bool
read_extended_rcode(struct reader *r, size_t n, unsigned *rcode, struct err *e)
{
	struct record other = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!read_record(r, &other))
			return err_set(e, ERR_MALFORMED,
			    "DNS: a record behind the answer is not whole");
		ares_free_string(other.owner);
		const uint8_t *p = other.rdata.p - FIXED;
		if (u16(p) == TYPE_OPT)
			*rcode |= (unsigned)p[4] << 4;
	}
	return true;
}

bool
dns_message_read(struct bytes octets, const char *name, unsigned type,
    unsigned cnames_max, struct dns_message *ret, struct err *e)
{
	struct reader r = { octets, HEADER };
	struct dns_message m = { 0 };

	if (octets.n < HEADER || octets.n > MESSAGE_MAX)
		return err_set(e, ERR_MALFORMED, "DNS: no message");
	m.rcode = octets.p[3] & 0x0f;
	const size_t n = u16(octets.p + 6);
	const size_t behind = (size_t)u16(octets.p + 8) + u16(octets.p + 10);
	if (u16(octets.p + 4) != 1)
		return err_set(e, ERR_MALFORMED, "DNS: not one question");
	if (n > DNS_MESSAGE_RECORDS_MAX)
		return err_set(e, ERR_MALFORMED, "DNS: more than %d records",
		    DNS_MESSAGE_RECORDS_MAX);
	if (!read_question(&r, name, type, e))
		return false;
	struct record *v = mem_zarray(n > 0 ? n : 1, sizeof(*v));
	const bool ok = read_records(&r, v, n, e) &&
			read_extended_rcode(&r, behind, &m.rcode, e) &&
			collect(octets, v, n, name, type, cnames_max, &m, e);
	for (size_t i = 0; i < n; i++)
		ares_free_string(v[i].owner);
	free(v);
	if (!ok) {
		dns_message_free(&m);
		return false;
	}
	*ret = m;
	return true;
}

void
dns_message_free(struct dns_message *m)
{
	free(m->v);
	free(m->alias);
	*m = (struct dns_message){ 0 };
}

bool
dns_message_txt(struct bytes rdata, struct buf *ret, struct err *e)
{
	if (rdata.n == 0)
		return err_set(e, ERR_MALFORMED, "TXT: no string in it");
	while (rdata.n > 0) {
		const size_t n = rdata.p[0];

		rdata = bytes_skip(rdata, 1);
		if (n > rdata.n)
			return err_set(e, ERR_MALFORMED, "TXT: a string is not whole");
		buf_put(ret, bytes_of(rdata.p, n));
		rdata = bytes_skip(rdata, n);
	}
	return true;
}
