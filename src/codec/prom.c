/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/prom.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SET_MAX 1000 /* of which the last one stands for all others */

const struct prom_scale prom_seconds = { 1e6, 16,
	{ 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
	    1000000, 2500000, 5000000, 10000000 } };
const struct prom_scale prom_sizes = { 1, 13,
	{ 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096 } };

void
prom_family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_value(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			buf_puts(b, "\\n");
		else if (*text == '"' || *text == '\\')
			buf_printf(b, "\\%c", *text);
		else
			buf_putc(b, (uint8_t)*text);
}

static void
put_number(struct buf *b, double v)
{
	if (v == floor(v) && fabs(v) < 1e15)
		buf_printf(b, "%.0f", v);
	else
		buf_printf(b, "%.9g", v);
}

static void
put_labels(struct buf *b, const struct prom_label *labels, size_t n, const char *le)
{
	if (n == 0 && le == NULL)
		return;
	buf_putc(b, '{');
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%s%s=\"", i > 0 ? "," : "", labels[i].key);
		put_value(b, labels[i].value);
		buf_putc(b, '"');
	}
	if (le != NULL)
		buf_printf(b, "%sle=\"%s\"", n > 0 ? "," : "", le);
	buf_putc(b, '}');
}

void
prom_put(struct buf *b, const char *name, double value, const struct prom_label *labels,
    size_t n)
{
	buf_puts(b, name);
	put_labels(b, labels, n, NULL);
	buf_putc(b, ' ');
	put_number(b, value);
	buf_putc(b, '\n');
}

/* ---- histograms ---- */

void
prom_observe(struct prom_hist *h, const struct prom_scale *s, uint64_t v)
{
	size_t i = 0;

	while (i < s->n && v > s->le[i])
		i++;
	h->buckets[i]++;
	h->sum += v;
}

void
prom_put_hist(struct buf *b, const char *name, const struct prom_hist *h,
    const struct prom_scale *s, const struct prom_label *labels, size_t n)
{
	uint64_t count = 0;
	char le[32];

	for (size_t i = 0; i <= s->n; i++) {
		count += h->buckets[i];
		snprintf(le, sizeof(le), "%.9g",
		    i < s->n ? (double)s->le[i] / s->per : 0.0);
		buf_printf(b, "%s_bucket", name);
		put_labels(b, labels, n, i < s->n ? le : "+Inf");
		buf_printf(b, " %llu\n", (unsigned long long)count);
	}
	buf_printf(b, "%s_sum", name);
	put_labels(b, labels, n, NULL);
	buf_putc(b, ' ');
	put_number(b, (double)h->sum / s->per);
	buf_printf(b, "\n%s_count", name);
	put_labels(b, labels, n, NULL);
	buf_printf(b, " %llu\n", (unsigned long long)count);
}

/* ---- counters by labels ---- */

static struct prom_count *
find(struct prom_set *s, const char *a, const char *b)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].a, a) == 0 && strcmp(s->v[i].b, b) == 0)
			return &s->v[i];
	return NULL;
}

void
prom_count(struct prom_set *s, const char *a, const char *b)
{
	prom_add(s, a, b, 1);
}

void
prom_add(struct prom_set *s, const char *a, const char *b, uint64_t n)
{
	const char *const other = "other";
	struct prom_count *c;

	a = a != NULL ? a : "";
	b = b != NULL ? b : "";
	c = find(s, a, b);
	if (c == NULL && s->n >= SET_MAX - 1) {
		a = b = other;
		c = find(s, a, b);
	}
	if (c == NULL) {
		s->v = mem_grow(s->v, s->n + 1, sizeof(*s->v));
		c = &s->v[s->n++];
		*c = (struct prom_count){ mem_strdup(a), mem_strdup(b), 0 };
	}
	c->n += n;
}

uint64_t
prom_counted(const struct prom_set *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].n;
	return n;
}

void
prom_put_set(struct buf *b, const char *name, const struct prom_set *s,
    const char *key_a, const char *key_b)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct prom_label labels[] = { { key_a, s->v[i].a },
			{ key_b, s->v[i].b } };

		prom_put(b, name, (double)s->v[i].n, labels, key_b != NULL ? 2 : 1);
	}
}

void
prom_set_free(struct prom_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].a);
		free(s->v[i].b);
	}
	free(s->v);
	*s = (struct prom_set){ 0 };
}
