/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/crl_shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SUFFIX ".crl"

uint32_t
crl_shard_bucket(const struct serial *s)
{
	return s->n > 0 ? s->b[s->n - 1] : 0;
}

struct crl_shard
crl_shard_of(const struct serial *s, uint32_t of)
{
	return (struct crl_shard){ of, crl_shard_bucket(s) * of / CRL_SHARD_BUCKETS };
}

bool
crl_shard_has(struct crl_shard shard, const struct serial *s)
{
	return shard.of == 0 || crl_shard_of(s, shard.of).at == shard.at;
}

/* The least bucket of which crl_shard_of() makes 'at'. */
static uint32_t
first_bucket(uint32_t of, uint32_t at)
{
	return (at * CRL_SHARD_BUCKETS + of - 1) / of;
}

void
crl_shard_buckets(struct crl_shard shard, uint32_t *ret_from, uint32_t *ret_to)
{
	*ret_from = shard.of == 0 ? 0 : first_bucket(shard.of, shard.at);
	*ret_to =
	    shard.of == 0 ? CRL_SHARD_BUCKETS : first_bucket(shard.of, shard.at + 1);
}

void
crl_shard_text(struct crl_shard shard, char ret[static CRL_SHARD_LEN])
{
	snprintf(ret, CRL_SHARD_LEN, "%u-%u", shard.of % 1000, shard.at % 1000);
}

/* Up to three digits; UINT32_MAX: none are there. */
static uint32_t
take_number(struct bytes *rest)
{
	uint32_t n = 0;
	size_t i = 0;

	for (; i < rest->n && i < 3 && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
		n = n * 10 + (uint32_t)(rest->p[i] - '0');
	*rest = bytes_skip(*rest, i);
	return i > 0 ? n : UINT32_MAX;
}

bool
crl_shard_from_text(struct bytes text, struct crl_shard *ret)
{
	struct bytes rest = text;
	struct crl_shard s;
	char again[CRL_SHARD_LEN];

	s.of = take_number(&rest);
	if (rest.n < 2 || rest.p[0] != '-')
		return false;
	rest = bytes_skip(rest, 1);
	s.at = take_number(&rest);
	if (s.of == 0 || s.of > CRL_SHARDS_MAX || s.at >= s.of)
		return false;
	crl_shard_text(s, again);
	if (!bytes_eq_str(text, again)) /* "016-3", or more behind it */
		return false;
	*ret = s;
	return true;
}

char *
crl_shard_url(const char *place, const char *issuer, struct crl_shard shard)
{
	char text[CRL_SHARD_LEN];

	if (shard.of == 0)
		return mem_printf("%s/crl/%s" SUFFIX, place, issuer);
	crl_shard_text(shard, text);
	return mem_printf("%s/crl/%s/%s" SUFFIX, place, issuer, text);
}

char *
crl_shard_delta_url(const char *place, const char *issuer)
{
	return mem_printf("%s/crl/%s/delta" SUFFIX, place, issuer);
}

bool
crl_shard_from_url(struct bytes url, const char *issuer, struct bytes *ret_place,
    struct crl_shard *ret)
{
	const size_t suffix = strlen(SUFFIX);
	size_t slash = url.n;
	struct crl_shard s;

	while (slash > 0 && url.p[slash - 1] != '/')
		slash--;
	if (url.n - slash <= suffix ||
	    !bytes_eq_str(bytes_skip(url, url.n - suffix), SUFFIX) ||
	    !crl_shard_from_text(bytes_of(url.p + slash, url.n - suffix - slash), &s))
		return false;
	char *middle = mem_printf("/crl/%s/", issuer);
	const size_t n = strlen(middle);
	const bool ok =
	    slash > n && bytes_eq_str(bytes_of(url.p + slash - n, n), middle);
	free(middle);
	if (!ok)
		return false;
	*ret_place = bytes_of(url.p, slash - n);
	*ret = s;
	return true;
}
