/* SPDX-License-Identifier: Apache-2.0 */
#include "api/certificate_walk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/slices.h"
#include "base/clock.h"
#include "base/mem.h"

/*
 * A slice is so many ids that it takes a few milliseconds, and so many rows at most.
 * What a slice cost says little of the next: ids that the filters pass over at once
 * may lie before such as are looked at one by one.  Even so IDS_MOST of them take no
 * more than some 20 ms, and the quick ones are many enough in one.
 */
#define IDS_FIRST INT64_C(1024)
#define IDS_LEAST INT64_C(256)
#define IDS_MOST  INT64_C(16384)
#define ROWS_MOST 100

void
certificate_walk_free(struct certificate_walk *w)
{
	for (size_t i = 0; i < w->n_texts; i++)
		free(w->texts[i]);
	*w = (struct certificate_walk){ 0 };
}

/* ---- filters ---- */

/* How a value gets into the query: one function a kind. */
typedef bool setter(struct certificate_walk *w, const char *value, void *to,
    struct err *e);

static char *
keep(struct certificate_walk *w, char *text)
{
	assert(w->n_texts < CERTIFICATE_WALK_TEXTS);
	w->texts[w->n_texts++] = text;
	return text;
}

static bool
set_text(struct certificate_walk *w, const char *value, void *to, struct err *e)
{
	const char *text = keep(w, mem_strdup(value));

	(void)e;
	memcpy(to, &text, sizeof(text));
	return true;
}

static bool
set_lower(struct certificate_walk *w, const char *value, void *to, struct err *e)
{
	/* Names are kept in lower case. */
	char *lower = mem_strdup(value);

	for (char *c = lower; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	const bool ok = set_text(w, lower, to, e);
	free(lower);
	return ok;
}

static bool
set_time(struct certificate_walk *w, const char *value, void *to, struct err *e)
{
	int64_t at;

	(void)w;
	if (!clock_rfc3339_parse(bytes_str(value), &at, e))
		return false;
	if (at == 0) /* is no bound; a second before finds the same */
		at = -1;
	memcpy(to, &at, sizeof(at));
	return true;
}

static bool
set_status(struct certificate_walk *w, const char *value, void *to, struct err *e)
{
	(void)to;
	for (enum certificate_status s = CERTIFICATE_VALID; s <= CERTIFICATE_REVOKED;
	     s++)
		if (strcmp(value, certificate_status_word(s)) == 0) {
			w->q.status = s;
			return true;
		}
	return err_set(e, ERR_MALFORMED, "must be valid, expired or revoked");
}

#define AT(member) offsetof(struct certificate_walk, q.member)
static const struct {
	const char *name;
	setter *set;
	size_t at;
} filters[] = {
#define FILTER(name, how, when) { #name, set_##how, AT(name) },
#include "tbl/filters.h"
#undef FILTER
};
#undef AT

const char *
certificate_walk_filter(size_t i)
{
	return i < NITEMS(filters) ? filters[i].name : NULL;
}

/* As many as the store takes. */
static bool
set_metadata(struct certificate_walk *w, const char *key, const char *value,
    struct err *e)
{
	if (w->q.n_metadata == CERTIFICATE_METADATA_MAX)
		return err_set(e, ERR_MALFORMED,
		    "query: at most %d members " CERTIFICATE_WALK_METADATA,
		    CERTIFICATE_METADATA_MAX);
	w->metadata[w->q.n_metadata++] =
	    (struct certificate_metadata){ keep(w, mem_strdup(key)),
		    keep(w, mem_strdup(value)) };
	w->q.metadata = w->metadata;
	return true;
}

bool
certificate_walk_set(struct certificate_walk *w, const char *filter, const char *value,
    struct err *e)
{
	static const char metadata[] = CERTIFICATE_WALK_METADATA;

	if (strncmp(filter, metadata, sizeof(metadata) - 1) == 0)
		return set_metadata(w, filter + sizeof(metadata) - 1, value, e);
	for (size_t i = 0; i < NITEMS(filters); i++)
		if (strcmp(filter, filters[i].name) == 0)
			return filters[i].set(w, value, (char *)w + filters[i].at, e) ||
			       err_prefix(e, filter);
	return err_set(e, ERR_MALFORMED, "\"%s\" is no filter of certificates", filter);
}

/* ---- slices ---- */

bool
certificate_walk_begin(struct certificate_walk *w, struct ca *ca, int64_t before,
    struct err *e)
{
	int64_t newest;

	if (!store_certificate_newest(ca_store(ca), &newest, e))
		return false;
	w->q.now = clock_now();
	w->at = before != 0 && before <= newest ? before : newest + 1;
	w->ids = IDS_FIRST;
	return true;
}

struct slice {
	struct certificate_walk *w;
	certificate_each *each;
	void *arg;
	size_t rows;
};

static bool
take(void *arg, const struct certificate_row *row, struct err *e)
{
	struct slice *s = arg;

	s->rows++;
	s->w->at = row->id;
	return s->each(s->arg, row, e);
}

bool
certificate_walk_slice(struct certificate_walk *w, struct ca *ca, size_t most,
    certificate_each *each, void *arg, struct err *e)
{
	const int64_t floor = w->at - 1 > w->ids ? w->at - 1 - w->ids : 0;
	const int64_t began = clock_mono_ms();
	struct slice s = { .w = w, .each = each, .arg = arg };

	w->q.before_id = w->at;
	w->q.after_id = floor;
	w->q.limit = most < ROWS_MOST ? most : ROWS_MOST;
	if (!store_certificate_list(ca_store(ca), &w->q, take, &s, e))
		return false;
	const bool full = s.rows == w->q.limit; /* it had ids enough */
	if (!full)
		w->at = floor + 1;
	w->ids = slices_pace(w->ids, IDS_LEAST, full ? w->ids : IDS_MOST,
	    clock_mono_ms() - began);
	return true;
}

bool
certificate_walk_over(const struct certificate_walk *w)
{
	return w->at <= 1;
}
