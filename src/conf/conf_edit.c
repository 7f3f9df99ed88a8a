/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_edit.h"

#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#include "base/mem.h"
#include "conf/conf_wire.h"

#define TEXT_MAX_OCTETS MIB(2) /* the loader takes half of it */
#define ROW_MAX         KIB(64)

struct splice { /* octets of the old text that make way for others */
	size_t at, n;
	char *put;
};

struct edit {
	struct bytes text;
	const char *path, *old;
	const struct conf_issuer *next;
	struct node *root;
	struct conf *conf; /* as it was, then as it is to be */
	struct splice *v;
	size_t n;
};

/* Takes 'put'. */
static void
splice(struct edit *d, size_t at, size_t n, char *put)
{
	d->v = mem_grow(d->v, d->n + 1, sizeof(*d->v));
	d->v[d->n++] = (struct splice){ at, n, put };
}

static bool
not_here(const struct edit *d, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE,
	    "%s is written in a way that is not edited here: write 'issuers:' as a "
	    "plain list, \"- name: %s\" and so on",
	    d->path, d->old);
}

/* ---- rows ---- */

static void
put_value(struct buf *b, const char *key, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";

	buf_printf(b, "%s: ", key);
	if (value[0] != '-' && value[strspn(value, plain)] == '\0') {
		buf_puts(b, value);
		return;
	}
	buf_putc(b, '"');
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			buf_putc(b, '\\');
		buf_putc(b, (uint8_t)*c);
	}
	buf_putc(b, '"');
}

/* All keys of an issuer, with 'between' between them. */
static void
put_row(struct buf *b, const struct conf_issuer *i, const char *between)
{
	put_value(b, "name", i->name);
	buf_puts(b, between);
	put_value(b, "certificate", i->certificate);
	buf_puts(b, between);
	put_value(b, "key", i->key);
	if (i->passphrase_file != NULL) {
		buf_puts(b, between);
		put_value(b, "passphrase_file", i->passphrase_file);
	}
}

static void
put_block(struct buf *b, const struct conf_issuer *i, size_t column, const char *eol)
{
	char *between = mem_printf("%s%*s", eol, (int)column + 2, "");

	buf_printf(b, "%*s- ", (int)column, "");
	put_row(b, i, between);
	buf_puts(b, eol);
	free(between);
}

static void
put_flow(struct buf *b, const struct conf_issuer *i)
{
	buf_puts(b, "{ ");
	put_row(b, i, ", ");
	buf_puts(b, " }, ");
}

/* ---- lines ---- */

/* Behind the end of the line that 'at' is in; *ret_eol: how lines end here. */
static size_t
next_line(struct bytes text, size_t at, const char **ret_eol)
{
	while (at < text.n && text.p[at] != '\n')
		at++;
	*ret_eol = at > 0 && at < text.n && text.p[at - 1] == '\r' ? "\r\n" : "\n";
	return at < text.n ? at + 1 : at;
}

/* ---- the list of issuers ---- */

static bool
add_to_block(struct edit *d, const struct node *list, size_t at, struct err *e)
{
	const struct node *before = at > 0 ? list->v[at - 1] : NULL;
	const char *eol;
	struct buf b;

	if (list->form != NODE_PLAIN || list->begin >= d->text.n ||
	    d->text.p[list->begin] != '-' ||
	    (before != NULL && before->form == NODE_STRANGE))
		return not_here(d, e);
	/* Under what is before it: a comment above a row stays that row's. */
	const size_t here =
	    next_line(d->text, before != NULL ? before->end : list->key_end, &eol);
	buf_init(&b, ROW_MAX);
	put_block(&b, d->next, list->column, eol);
	splice(d, here, 0, mem_strdup(buf_str(&b)));
	buf_free(&b);
	return true;
}

static bool
add_to_list(struct edit *d, const struct node *list, struct err *e)
{
	const struct node *name = NULL;
	struct buf b;
	size_t at = 0;

	for (; at < list->n; at++) {
		name = conf_load_member(list->v[at], "name");
		if (name != NULL && name->text != NULL &&
		    strcmp(name->text, d->old) == 0)
			break;
	}
	if (at == list->n)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no issuer \"%.40s\"",
		    d->path, d->old);
	if (list->form != NODE_FLOW)
		return add_to_block(d, list, at, e);
	buf_init(&b, ROW_MAX);
	put_flow(&b, d->next);
	splice(d, list->v[at]->begin, 0, mem_strdup(buf_str(&b)));
	buf_free(&b);
	return true;
}

/* No word of issuers: the one that goes without saying is now said. */
static bool
add_list(struct edit *d, struct err *e)
{
	const struct conf_issuer *usual = &d->conf->issuers[0];
	const char *eol;
	struct buf b;

	if (strcmp(usual->name, d->old) != 0)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no issuer \"%.40s\"",
		    d->path, d->old);
	if (d->root->form == NODE_STRANGE || d->root->n == 0)
		return not_here(d, e);
	buf_init(&b, ROW_MAX);
	if (d->root->form == NODE_FLOW) {
		buf_puts(&b, " issuers: [ ");
		put_flow(&b, d->next);
		put_flow(&b, usual);
		buf_puts(&b, "], ");
		splice(d, d->root->begin + 1, 0, mem_strdup(buf_str(&b)));
	} else {
		const size_t column = d->root->v[0]->key_column;
		const size_t here = next_line(d->text, d->root->end, &eol);

		if (here == 0 || d->text.p[here - 1] != '\n')
			buf_puts(&b, eol);
		buf_printf(&b, "%*sissuers:%s", (int)column, "", eol);
		put_block(&b, d->next, column + 2, eol);
		put_block(&b, usual, column + 2, eol);
		splice(d, here, 0, mem_strdup(buf_str(&b)));
	}
	buf_free(&b);
	return true;
}

/* ---- profiles ---- */

/* What is quoted stays quoted. */
static bool
rename_in_profiles(struct edit *d, struct err *e)
{
	const struct node *list = conf_load_member(d->root, "profiles");

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct node *v = conf_load_member(list->v[i], "issuer");

		if (v == NULL || v->text == NULL || strcmp(v->text, d->old) != 0)
			continue;
		if (v->form != NODE_PLAIN || v->begin >= v->end)
			return not_here(d, e);
		const char q = (char)d->text.p[v->begin];
		splice(d, v->begin, v->end - v->begin,
		    q == '"' || q == '\'' ? mem_printf("%c%s%c", q, d->next->name, q)
					  : mem_strdup(d->next->name));
	}
	return true;
}

/* ---- put together ---- */

static int
by_place(const void *a, const void *b)
{
	const struct splice *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static bool
put_together(struct edit *d, struct buf *ret, struct err *e)
{
	size_t at = 0;

	qsort(d->v, d->n, sizeof(*d->v), by_place);
	for (size_t i = 0; i < d->n; i++) {
		const struct splice *s = &d->v[i];

		if (s->at < at || s->at > d->text.n || s->n > d->text.n - s->at)
			return not_here(d, e);
		buf_put(ret, bytes_of(d->text.p + at, s->at - at));
		buf_puts(ret, s->put);
		at = s->at + s->n;
	}
	buf_put(ret, bytes_skip(d->text, at));
	return buf_ok(ret, d->path, e);
}

/* ---- judged ---- */

/* What the new text has to say. */
static void
expect(struct edit *d)
{
	struct conf *c = d->conf;
	size_t at = 0;

	while (at < c->n_issuers && strcmp(c->issuers[at].name, d->old) != 0)
		at++;
	c->issuers = mem_grow(c->issuers, c->n_issuers + 1, sizeof(*c->issuers));
	memmove(&c->issuers[at + 1], &c->issuers[at],
	    (c->n_issuers - at) * sizeof(*c->issuers));
	c->n_issuers++;
	c->issuers[at] = (struct conf_issuer){
		.name = mem_strdup(d->next->name),
		.certificate = mem_strdup(d->next->certificate),
		.key = mem_strdup(d->next->key),
		.passphrase_file = mem_strdup(d->next->passphrase_file),
	};
	for (size_t i = 0; i < c->n_profiles; i++)
		if (strcmp(c->profiles[i].issuer, d->old) == 0) {
			free(c->profiles[i].issuer);
			c->profiles[i].issuer = mem_strdup(d->next->name);
		}
}

static bool
says_the_same(const struct conf *a, const struct conf *b)
{
	struct buf x, y;

	buf_init(&x, MIB(16));
	buf_init(&y, MIB(16));
	conf_put(&x, a);
	conf_put(&y, b);
	const bool same = bytes_eq(buf_bytes(&x), buf_bytes(&y));
	buf_free(&x);
	buf_free(&y);
	return same;
}

/*
 * YAML has more ways to write a list than are known here.  Whatever was done to the
 * text, the loader tells what became of it.
 */
static bool
judge(struct edit *d, struct bytes now, struct err *e)
{
	struct conf *c = NULL;

	if (!conf_load_text(now, d->path, &c, e))
		return err_prefix(e, "with the new issuer");
	expect(d);
	const bool same = says_the_same(d->conf, c);
	conf_free(c);
	return same || not_here(d, e);
}

bool
conf_edit_follow(struct bytes text, const char *path, const char *old,
    const struct conf_issuer *next, struct buf *ret, struct err *e)
{
	struct edit d = { .text = text, .path = path, .old = old, .next = next };
	struct loading l = { .file = path, .e = e };
	struct buf now;
	bool ok = false;

	buf_init(&now, TEXT_MAX_OCTETS);
	if (!conf_load_text(text, path, &d.conf, e) || !conf_load_tree(&l, text))
		goto out;
	d.root = l.root;
	const struct node *list = conf_load_member(l.root, "issuers");
	if (!(list != NULL ? add_to_list(&d, list, e) : add_list(&d, e)) ||
	    !rename_in_profiles(&d, e) || !put_together(&d, &now, e) ||
	    !judge(&d, buf_bytes(&now), e))
		goto out;
	buf_put(ret, buf_bytes(&now));
	ok = buf_ok(ret, path, e);
out:
	for (size_t i = 0; i < d.n; i++)
		free(d.v[i].put);
	free(d.v);
	conf_load_tree_free(l.root);
	conf_free(d.conf);
	buf_free(&now);
	return ok;
}
