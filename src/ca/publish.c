/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/publish.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "ca/etag.h"
#include "ca/publish_crl.h"
#include "sys/file.h"

#define RETRY_MS 1000
#define LOOK_MS  10000 /* so often it is looked what the clock says */
#define AHEAD_S  60    /* further in the future: made by a wrong clock */

struct publish *
publish_new(struct ca *ca)
{
	struct publish *p = mem_zalloc(sizeof(*p));

	p->ca = ca;
	p->pub_fd = -1;
	return p;
}

void
publish_free(struct publish *p)
{
	if (p == NULL)
		return;
	publish_crl_drop(p);
	loop_cancel(p->look);
	free(p->waiting);
	for (size_t i = 0; i < p->n; i++) {
		loop_cancel(p->v[i]->timer);
		free(p->v[i]->file);
		free(p->v[i]->url_path);
		free(p->v[i]);
	}
	free(p->v);
	if (p->pub_fd >= 0)
		close(p->pub_fd);
	free(p);
}

static void
announce(struct publish *p, const char *url_path, const char *file, const char *type,
    const char *etag, int64_t modified_at, int64_t expires_at, bool on_api)
{
	const struct msg_publish m = {
		.url_path = bytes_str(url_path),
		.file = bytes_str(file),
		.content_type = bytes_str(type),
		.etag = bytes_str(etag),
		.modified_at = modified_at,
		.expires_at = expires_at,
		.on_api = on_api,
	};
	p->ca->hooks.publish(p->ca->hooks.arg, &m);
}

/*
 * One file of pub/ca/: written if it is not there in just this form, and announced.
 * 'of' is all that is in it; NULL: a chain, of which no date tells when it was changed.
 */
static bool
publish_ca_file(struct publish *p, const char *name, const char *type,
    struct bytes content, const struct cert *of, struct err *e)
{
	char *file = mem_printf("ca/%s", name), *url = mem_printf("/ca/%s", name);
	char etag[ETAG_LEN];
	struct buf old;
	struct err ignored;

	buf_init(&old, KIB(64));
	bool ok = file_read(p->pub_fd, file, &old, &ignored) &&
		  bytes_eq(buf_bytes(&old), content);
	if (!ok)
		ok = file_replace(p->pub_fd, file, 0644, content, e);
	ok = ok && etag_of(content, etag, e);
	if (ok)
		announce(p, url, file, type, etag, of != NULL ? of->not_before : 0, 0,
		    true);
	buf_free(&old);
	free(file);
	free(url);
	return ok;
}

static bool
publish_issuer(struct publish *p, const struct ca_issuer *i, struct err *e)
{
	char *crt = mem_printf("%s.crt", i->name), *pem = mem_printf("%s.pem", i->name);
	char *chain = mem_printf("%s/chain.pem", i->name),
	     *dir = mem_printf("ca/%s", i->name);
	struct err ignored;

	bool ok =
	    file_mkdir(p->pub_fd, dir, 0755, &ignored) || ignored.code == ERR_CONFLICT;
	if (!ok)
		*e = ignored;
	ok = ok &&
	     publish_ca_file(p, crt, "application/pkix-cert", buf_bytes(&i->cert->der),
		 i->cert, e) &&
	     publish_ca_file(p, pem, "application/x-pem-file", buf_bytes(&i->pem),
		 i->cert, e) &&
	     publish_ca_file(p, chain, "application/pem-certificate-chain",
		 buf_bytes(&i->chain), NULL, e);
	free(crt);
	free(pem);
	free(chain);
	free(dir);
	return ok;
}

void
publish_announce_crl(struct publish *p, const struct crl_slot *s, bool dated)
{
	const struct crl_row *row = &s->shown;
	char etag[32];

	if (row->number != 0)
		snprintf(etag, sizeof(etag), "%" PRIu64, row->number);
	else
		snprintf(etag, sizeof(etag), "of-%" PRId64, row->this_update);
	announce(p, s->url_path, s->file, "application/pkix-crl", etag,
	    dated ? row->this_update : 0, row->next_update, true);
}

static void
on_timer(void *arg)
{
	struct crl_slot *s = arg;

	s->timer = NULL;
	publish_crl_want(s->publish, s);
}

/* The next CRL of this issuer in 'ms', or sooner if it is due sooner already. */
void
publish_schedule(struct crl_slot *s, int64_t ms)
{
	const int64_t due = clock_mono_ms() + ms;

	if (s->timer != NULL && s->due_ms <= due)
		return;
	loop_cancel(s->timer);
	s->due_ms = due;
	s->timer = loop_after(s->publish->ca->loop, ms, on_timer, s);
}

void
publish_crl_retry(struct crl_slot *s)
{
	publish_schedule(s, RETRY_MS);
}

/* No list outlives its issuer: of one that has ended there is none to be made. */
static bool
has_ended(const struct crl_slot *s, int64_t now)
{
	return ca_issuer_find(s->publish->ca, s->issuer)->cert->not_after <= now;
}

bool
publish_rests(struct crl_slot *s, int64_t now)
{
	if (s->delta && s->publish->ca->conf->crl_delta_s == 0)
		return true; /* no longer; what is there ends by itself */
	if (!has_ended(s, now))
		return false;
	if (!s->over && s->shard.of == 0 && !s->delta)
		LOG(LOG_WARN, "crl-over", LOG_TEXT("issuer", s->issuer),
		    LOG_TEXT("why", "the issuer's certificate has ended"));
	s->over = true;
	return true; /* look() has it looked at again */
}

int64_t
publish_age(const struct crl_slot *s)
{
	const struct conf *conf = s->publish->ca->conf;
	const int64_t third = conf->crl_next_update_s / 3;

	if (s->delta)
		return conf->crl_delta_s;
	/* A shard is made anew when it changes, and in between before it is half over. */
	return s->shard.of == 0 || third < conf->crl_interval_s ? conf->crl_interval_s
								: third;
}

static bool
is_due(const struct crl_slot *s, int64_t now)
{
	return s->shown.this_update + publish_age(s) <= now ||
	       s->shown.this_update > now + AHEAD_S;
}

/*
 * Timers go by the time that the machine was awake, lists and issuers end by the clock:
 * after a suspend, or when the clock was put right, what is due has no timer that ends.
 */
static void
look(void *arg)
{
	struct publish *p = arg;
	const int64_t now = clock_now();

	for (size_t i = 0; i < p->n; i++) {
		struct crl_slot *s = p->v[i];

		if (!s->frozen && !s->wanted && s != p->build.slot && is_due(s, now))
			publish_schedule(s, 0);
	}
	p->look = loop_after(p->ca->loop, LOOK_MS, look, p);
}

bool
publish_last(const struct crl_slot *s, struct crl_row *ret, struct err *e)
{
	struct store *st = s->publish->ca->store;

	return s->shard.of == 0 && !s->delta
		   ? store_crl_last(st, s->issuer, ret, e)
		   : store_crl_shard_last(st, s->issuer, s->shard, ret, e);
}

/* Had no list of this slot before the newest the same thisUpdate?  False: maybe. */
static bool
has_own_date(const struct crl_slot *s, const struct crl_row *newest)
{
	struct crl_row before;
	struct err e;

	if (s->shard.of != 0 || s->delta)
		return false; /* no others are recorded, and it is made anew at once */
	if (store_crl_before(s->publish->ca->store, s->issuer, newest->number, &before,
		&e))
		return before.this_update != newest->this_update;
	return e.code == ERR_NOT_FOUND;
}

/*
 * The CRL that is there goes on being served, as the file itself tells it: newer ones
 * may have been signed, and found no place.  Is it time for another?
 */
static bool
begin_crl(struct publish *p, struct crl_slot *s, struct err *e)
{
	struct crl_row is = { .issuer = s->issuer, .shard = s->shard }, was;
	struct err why;

	const bool had = publish_last(s, &was, e);
	if (!had && e->code != ERR_NOT_FOUND)
		return false;
	if (had && publish_file_times(p->pub_fd, s->file, &is.this_update,
		       &is.next_update, &why)) {
		const bool newest = is.this_update == was.this_update &&
				    is.next_update == was.next_update;
		s->shown = newest ? was : is;
		publish_announce_crl(p, s, newest && has_own_date(s, &was));
	} else if (had && why.code != ERR_NOT_FOUND) {
		LOG_ERR(LOG_ERROR, "crl-unreadable", &why, LOG_TEXT("file", s->file));
	}
	if (!s->frozen)
		publish_schedule(s, 0);
	return true;
}

bool
publish_slot_add(struct publish *p, const char *issuer, bool frozen,
    struct crl_shard shard, bool delta, struct err *e)
{
	struct crl_slot *s = mem_zalloc(sizeof(*s));

	*s = (struct crl_slot){
		.publish = p,
		.issuer = issuer,
		.shard = shard,
		.frozen = frozen,
		.delta = delta,
		.url_path = delta ? crl_shard_delta_url("", issuer)
				  : crl_shard_url("", issuer, shard),
	};
	s->file = mem_strdup(s->url_path + 1);
	p->v = mem_grow(p->v, p->n + 1, sizeof(struct crl_slot *));
	p->v[p->n++] = s;
	return begin_crl(p, s, e);
}

bool
publish_start(struct ca *ca, struct err *e)
{
	struct publish *p = ca->publish;
	char *path = conf_path(ca->conf, "pub");

	p->pub_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->pub_fd < 0) {
		err_errno(e, "cannot open %s", path);
		free(path);
		return false;
	}
	free(path);
	if (!publish_ca_file(p, "roots.pem", "application/x-pem-file",
		buf_bytes(&ca->issuers[0].pem), ca->issuers[0].cert, e))
		return false;
	for (size_t i = 0; i < ca->n_issuers; i++) {
		const struct ca_issuer *issuer = &ca->issuers[i];
		const bool frozen = i == 0 && !ca->root_key;

		if (!publish_issuer(p, issuer, e) ||
		    !publish_slot_add(p, issuer->name, frozen, (struct crl_shard){ 0 },
			false, e))
			return false;
	}
	p->look = loop_after(ca->loop, LOOK_MS, look, p);
	return publish_shards_add(p, e) && publish_shards_clean(p, e);
}

void
publish_revoked(struct ca *ca, struct bytes issuer, struct bytes serial)
{
	struct serial of;
	struct err e;

	if (!serial_from_bytes(serial, &of, &e))
		return;
	/* From the end: a shard need not wait for the list of all, which takes longer. */
	for (size_t i = ca->publish->n; i > 0; i--) {
		struct crl_slot *s = ca->publish->v[i - 1];

		if (!s->frozen && bytes_eq_str(issuer, s->issuer) &&
		    crl_shard_has(s->shard, &of))
			publish_schedule(s, ca->conf->crl_debounce_s * 1000);
	}
}

void
publish_reload(struct ca *ca)
{
	const int64_t now = clock_now();
	struct err e;

	for (size_t i = 0; i < ca->publish->n; i++) {
		struct crl_slot *s = ca->publish->v[i];
		const int64_t due = s->shown.this_update + publish_age(s);

		/* One that is being made, or waits its turn, is scheduled when it is there. */
		if (s->delta && s->timer == NULL && !s->wanted && !s->frozen &&
		    ca->publish->build.slot != s && ca->conf->crl_delta_s > 0)
			publish_schedule(s, 0); /* it rested */
		if (s->timer != NULL && s->shown.this_update != 0)
			publish_schedule(s, due > now ? (due - now) * 1000 : 0);
	}
	if (!publish_shards_add(ca->publish, &e))
		LOG_ERR(LOG_ERROR, "crl-failed", &e);
}

bool
publish_frozen(const struct ca *ca, const char *issuer)
{
	for (size_t i = 0; i < ca->publish->n; i++)
		if (strcmp(ca->publish->v[i]->issuer, issuer) == 0)
			return ca->publish->v[i]->frozen;
	return false;
}

bool
publish_follows(const struct ca *ca, const char *issuer)
{
	const struct ca_issuer *i = ca_issuer_find(ca, issuer);

	return !publish_frozen(ca, issuer) && i != NULL &&
	       i->cert->not_after > clock_now();
}

bool
publish_complete(const struct ca *ca)
{
	const int64_t now = clock_now();

	for (size_t i = 0; i < ca->publish->n; i++) {
		const struct crl_slot *s = ca->publish->v[i];

		if (!s->frozen && !s->delta && s->shown.next_update == 0 &&
		    !has_ended(s, now))
			return false;
	}
	return true;
}

bool
publish_shown(const struct ca *ca, const char *issuer, bool delta, struct crl_row *ret)
{
	for (size_t i = 0; i < ca->publish->n; i++) {
		const struct crl_slot *s = ca->publish->v[i];

		if (s->shard.of == 0 && s->delta == delta &&
		    s->shown.next_update != 0 && strcmp(s->issuer, issuer) == 0) {
			*ret = s->shown;
			return true;
		}
	}
	return false;
}

/*
 * When it is late that no other list has come: at half of its life (R35); where it is
 * not even due much sooner, after a quarter of what is left then, not at its end.
 */
static int64_t
late_at(const struct crl_slot *s)
{
	const int64_t from = s->shown.this_update, to = s->shown.next_update;
	const int64_t half = from + (to - from) / 2, due = from + publish_age(s);

	return due < to && due + (to - due) / 4 > half ? due + (to - due) / 4 : half;
}

bool
publish_fresh(struct ca *ca, struct err *e)
{
	const int64_t now = clock_now();

	for (size_t i = 0; i < ca->publish->n; i++) {
		const struct crl_slot *s = ca->publish->v[i];

		if (has_ended(s, now))
			continue;
		if (s->frozen && now > s->shown.next_update)
			return err_set(e, ERR_UNAVAILABLE,
			    "the CRL of %s has ended: put its key back once, so that "
			    "hanaperd can open it, and restart",
			    s->issuer);
		if (s->frozen)
			continue;
		if (s->shown.next_update == 0 &&
		    !(s->delta && ca->conf->crl_delta_s == 0))
			return err_set(e, ERR_UNAVAILABLE,
			    "the first CRL of %s (%s) is not made yet", s->issuer,
			    s->file);
		if (s->delta) { /* who cannot get it has the list of all */
			if (now > s->shown.next_update && ca->conf->crl_delta_s > 0)
				return err_set(e, ERR_UNAVAILABLE,
				    "the delta CRL of %s has ended: see the daemon's "
				    "log",
				    s->issuer);
			continue;
		}
		if (now > late_at(s))
			return err_set(e, ERR_UNAVAILABLE,
			    "the CRL of %s (%s) is stale: see the daemon's log for why "
			    "no new one is made",
			    s->issuer, s->file);
	}
	return true;
}
