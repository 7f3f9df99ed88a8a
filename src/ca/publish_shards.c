/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which shards there are (x509/crl_shard.h): of each issuer but the root, those
 * that certificates are given now and all that certificates were given which have
 * not ended.  Sets that nobody names any more are removed by the next start.  And
 * the delta of the list of all.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/publish_crl.h"
#include "store/store_crl_shard.h"
#include "sys/file.h"

struct sets {
	bool wanted[CRL_SHARDS_MAX + 1]; /* by how many there are in one */
};

static bool
add_set(void *arg, uint32_t shards, const char *place, struct err *e)
{
	struct sets *sets = arg;

	(void)place;
	(void)e;
	if (shards > 0 && shards <= CRL_SHARDS_MAX)
		sets->wanted[shards] = true;
	return true;
}

static bool
has_slot(const struct publish *p, const char *issuer, struct crl_shard shard,
    bool delta)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->delta == delta && p->v[i]->shard.of == shard.of &&
		    p->v[i]->shard.at == shard.at &&
		    strcmp(p->v[i]->issuer, issuer) == 0)
			return true;
	return false;
}

int64_t
publish_newest(const struct publish *p)
{
	int64_t made = 0;
	struct crl_row row;
	struct err e;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->shard.of == 0 && !p->v[i]->delta &&
		    publish_last(p->v[i], &row, &e) && row.this_update > made)
			made = row.this_update;
	return made;
}

/*
 * A certificate counts until a list was made after its end (P65).  The clock counts no
 * further than to the newest list of all, which a start has from before: one that
 * is far ahead, as after a flat battery, ends nothing (S27).
 */
static int64_t
named_since(const struct publish *p)
{
	const int64_t made = publish_newest(p), now = clock_now();

	return (made > 0 && made < now ? made : now) - p->ca->conf->crl_next_update_s;
}

static bool
make_directory(struct publish *p, const char *issuer, struct err *e)
{
	char *dir = mem_printf("crl/%s", issuer);
	struct err why;
	const bool ok = file_mkdir(p->pub_fd, dir, 0755, &why);

	free(dir);
	if (!ok && why.code != ERR_CONFLICT) {
		*e = why;
		return false;
	}
	return true;
}

static bool
add_set_of(struct publish *p, const struct crl_slot *all, uint32_t of, struct err *e)
{
	if (has_slot(p, all->issuer, (struct crl_shard){ .of = of }, false))
		return true;
	if (!make_directory(p, all->issuer, e))
		return false;
	for (uint32_t at = 0; at < of; at++)
		if (!publish_slot_add(p, all->issuer, all->frozen,
			(struct crl_shard){ of, at }, false, e))
			return false;
	return true;
}

static bool
add_delta(struct publish *p, const struct crl_slot *all, struct err *e)
{
	if (p->ca->conf->crl_delta_s == 0 ||
	    has_slot(p, all->issuer, (struct crl_shard){ 0 }, true))
		return true;
	return make_directory(p, all->issuer, e) &&
	       publish_slot_add(p, all->issuer, all->frozen, (struct crl_shard){ 0 },
		   true, e);
}

static bool
add_issuer(struct publish *p, const struct crl_slot *all, struct err *e)
{
	struct sets sets = { 0 };

	sets.wanted[p->ca->conf->crl_shards] = true;
	if (!store_crl_shard_places(p->ca->store, all->issuer, named_since(p), add_set,
		&sets, e))
		return false;
	for (uint32_t of = 1; of <= CRL_SHARDS_MAX; of++)
		if (sets.wanted[of] && !add_set_of(p, all, of, e))
			return false;
	return add_delta(p, all, e);
}

static void
remove_file(struct publish *p, const char *path)
{
	if (unlinkat(p->pub_fd, path, 0) == 0)
		LOG(LOG_DEBUG, "crl-removed", LOG_TEXT("file", path));
}

/* Files of a set that no certificate names any more; of 0: of a delta that is not wanted. */
static void
remove_files(struct publish *p, const char *issuer, uint32_t of)
{
	for (uint32_t at = 0; at < (of == 0 ? 1 : of); at++) {
		char *path =
		    of == 0 ? crl_shard_delta_url("", issuer)
			    : crl_shard_url("", issuer, (struct crl_shard){ of, at });
		char *temporary = mem_printf("%s.new", path + 1);

		remove_file(p, path + 1);
		remove_file(p, temporary);
		free(temporary);
		free(path);
	}
}

bool
publish_shards_clean(struct publish *p, struct err *e)
{
	const char *root = p->ca->issuers[0].name;

	for (size_t i = 0; i < p->ca->n_issuers; i++) {
		const char *issuer = p->ca->issuers[i].name;
		struct sets made = { 0 };

		if (issuer == root)
			continue;
		if (!store_crl_shard_sets(p->ca->store, issuer, add_set, &made, e))
			return false;
		for (uint32_t of = 1; of <= CRL_SHARDS_MAX; of++)
			if (made.wanted[of] &&
			    !has_slot(p, issuer, (struct crl_shard){ .of = of }, false))
				remove_files(p, issuer, of);
		if (!has_slot(p, issuer, (struct crl_shard){ 0 }, true))
			remove_files(p, issuer, 0);
	}
	return true;
}

bool
publish_shards_add(struct publish *p, struct err *e)
{
	const char *root = p->ca->issuers[0].name;

	for (size_t i = 0; i < p->n;
	     i++) /* it grows by shards, which are passed over */
		if (p->v[i]->shard.of == 0 && !p->v[i]->delta &&
		    p->v[i]->issuer != root && !add_issuer(p, p->v[i], e))
			return false;
	return true;
}

struct places {
	uint32_t of;
	size_t n, dropped;
	char **v;
};

static bool
add_place(void *arg, uint32_t shards, const char *place, struct err *e)
{
	struct places *places = arg;

	(void)e;
	if (shards != places->of)
		return true;
	if (places->n < MSG_CRL_PLACES_MAX)
		places->v[places->n++] = mem_strdup(place);
	else
		places->dropped++;
	return true;
}

bool
publish_shards_places(struct publish *p, const struct crl_slot *s,
    char *ret[static MSG_CRL_PLACES_MAX], size_t *ret_n, struct err *e)
{
	struct places places = { .of = s->shard.of, .v = ret };
	const bool ok =
	    s->shard.of == 0 || store_crl_shard_places(p->ca->store, s->issuer,
				    named_since(p), add_place, &places, e);

	*ret_n = places.n;
	if (places.dropped > 0 && s->shard.at == 0) /* once for all of the set */
		LOG(LOG_WARN, "crl-places-dropped", LOG_TEXT("issuer", s->issuer),
		    LOG_NUM("places", places.dropped),
		    LOG_TEXT("why",
			"certificates of more former values of urls.public than a "
			"list can name have not ended: who goes by the first of them "
			"may not take the shards for its own"));
	return ok;
}

void
publish_shards_each(struct ca *ca, const char *issuer, publish_shard_each *each,
    void *arg)
{
	const struct publish *p = ca->publish;

	for (size_t i = 0; i < p->n; i++) {
		const struct crl_slot *s = p->v[i];

		if (s->shard.of != 0 && s->shown.next_update != 0 &&
		    strcmp(s->issuer, issuer) == 0)
			each(arg, s->url_path, &s->shown);
	}
}
