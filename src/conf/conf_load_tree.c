/* SPDX-License-Identifier: Apache-2.0 */
/* The text as a tree of nodes with their lines, by libyaml's events. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "conf_load_impl.h"

#include "base/mem.h"

#define DEPTH_MAX   10
#define MEMBERS_MAX 4096 /* of one list or mapping */
#define PATH_MAX_N  200

struct reader {
	struct loading *l;
	yaml_parser_t parser;
	yaml_event_t event;
};

void
conf_load_tree_free(struct node *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->n; i++)
		conf_load_tree_free(n->v[i]);
	free(n->v);
	free(n->key);
	free(n->text);
	free(n);
}

const struct node *
conf_load_member(const struct node *n, const char *key)
{
	for (size_t i = 0; n != NULL && n->kind == NODE_MAPPING && i < n->n; i++)
		if (strcmp(n->v[i]->key, key) == 0)
			return n->v[i];
	return NULL;
}

const struct node *
conf_load_item(const struct node *n, size_t at)
{
	return n != NULL && n->kind == NODE_LIST && at < n->n ? n->v[at] : NULL;
}

static void
put_path(struct buf *b, const struct node *n)
{
	if (n == NULL || n->parent == NULL)
		return;
	put_path(b, n->parent);
	if (n->key == NULL)
		buf_printf(b, "[%zu]", n->at);
	else
		buf_printf(b, "%s%s", b->n > 0 ? "." : "", n->key);
}

bool
conf_load_fault(const struct loading *l, const struct node *n, const char *key,
    const char *fmt, ...)
{
	const struct node *member = key != NULL ? conf_load_member(n, key) : NULL;
	const struct node *at = member != NULL ? member : n;
	char what[ERR_DETAIL_LEN / 2];
	struct buf path;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	buf_init(&path, PATH_MAX_N);
	put_path(&path, at);
	err_set(l->e, ERR_MALFORMED, "%s:%zu: %s%s%s", l->file,
	    at != NULL ? at->line : 1, buf_str(&path), path.n > 0 ? ": " : "", what);
	buf_free(&path);
	return false;
}

static bool
fault_at(const struct reader *r, size_t line, const char *what)
{
	return err_set(r->l->e, ERR_MALFORMED, "%s:%zu: %s", r->l->file, line, what);
}

static size_t
event_line(const struct reader *r)
{
	return r->event.start_mark.line + 1;
}

/* The next event takes the place of the last. */
static bool
next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return true;
	const char *problem = r->parser.problem;
	const size_t line = r->parser.problem_mark.line + 1;
	memset(&r->event, 0, sizeof(r->event));
	return fault_at(r, line, problem != NULL ? problem : "not YAML");
}

static bool
scalar_text(struct reader *r, char **ret)
{
	const struct bytes v =
	    bytes_of(r->event.data.scalar.value, r->event.data.scalar.length);

	if (bytes_has_nul(v))
		return fault_at(r, event_line(r), "a NUL inside a text");
	*ret = mem_strndup(v);
	return true;
}

static struct node *
new_node(struct node *parent, size_t line)
{
	struct node *n = mem_zalloc(sizeof(*n));

	n->parent = parent;
	n->line = line;
	if (parent != NULL) {
		n->at = parent->n;
		parent->v = mem_grow(parent->v, parent->n + 1, sizeof(*parent->v));
		parent->v[parent->n++] = n;
	}
	return n;
}

static bool read_value(struct reader *r, struct node *n, unsigned depth);

/* The event is a key; reads it and what belongs to it. */
static bool
read_member(struct reader *r, struct node *mapping, unsigned depth)
{
	const size_t line = event_line(r);
	char *key = NULL;

	if (r->event.type != YAML_SCALAR_EVENT)
		return fault_at(r, line, "a key must be a plain word");
	if (!scalar_text(r, &key))
		return false;
	const bool doubled = conf_load_member(mapping, key) != NULL;
	struct node *n = new_node(mapping, line);
	n->key = key;
	if (doubled)
		return conf_load_fault(r->l, n, NULL, "is there twice");
	return next_event(r) && read_value(r, n, depth);
}

static bool
read_members(struct reader *r, struct node *n, yaml_event_type_t end, unsigned depth)
{
	while (true) {
		if (!next_event(r))
			return false;
		if (r->event.type == end)
			return true;
		if (n->n == MEMBERS_MAX)
			return fault_at(r, event_line(r), "too many members");
		if (n->kind == NODE_MAPPING) {
			if (!read_member(r, n, depth))
				return false;
		} else if (!read_value(r, new_node(n, event_line(r)), depth)) {
			return false;
		}
	}
}

/* The event begins a value; reads it whole into 'n'. */
static bool
read_value(struct reader *r, struct node *n, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return fault_at(r, event_line(r), "nested too deeply");
	if (r->event.type == YAML_SCALAR_EVENT)
		return scalar_text(r, &n->text);
	if (r->event.type == YAML_SEQUENCE_START_EVENT) {
		n->kind = NODE_LIST;
		return read_members(r, n, YAML_SEQUENCE_END_EVENT, depth + 1);
	}
	if (r->event.type == YAML_MAPPING_START_EVENT) {
		n->kind = NODE_MAPPING;
		return read_members(r, n, YAML_MAPPING_END_EVENT, depth + 1);
	}
	return fault_at(r, event_line(r), "aliases (*name) are not let through (S89)");
}

/* One document, a mapping, and nothing behind it. */
static bool
read_document(struct reader *r)
{
	if (!next_event(r) || !next_event(r))
		return false;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return fault_at(r, 1, "the file is empty");
	if (!next_event(r))
		return false;
	r->l->root = new_node(NULL, event_line(r));
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return fault_at(r, event_line(r), "must be a mapping of keys");
	if (!read_value(r, r->l->root, 0) || !next_event(r) || !next_event(r))
		return false;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return fault_at(r, event_line(r), "a second document begins here");
	return true;
}

bool
conf_load_tree(struct loading *l, struct bytes text)
{
	struct reader r = { .l = l };

	if (!yaml_parser_initialize(&r.parser))
		return err_set(l->e, ERR_INTERNAL, "libyaml gave no parser");
	yaml_parser_set_input_string(&r.parser, text.p, text.n);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	const bool ok = read_document(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return ok;
}
