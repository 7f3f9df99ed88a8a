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
	struct bytes text;
	size_t chars, octets; /* the same place of the text, counted both ways */
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

/* Where a mark is: libyaml counts characters. */
static size_t
octet_of(struct reader *r, size_t chars)
{
	for (; r->chars < chars && r->octets < r->text.n; r->chars++)
		do
			r->octets++;
		while (r->octets < r->text.n && (r->text.p[r->octets] & 0xc0) == 0x80);
	for (; r->chars > chars && r->octets > 0; r->chars--)
		do
			r->octets--;
		while (r->octets > 0 && (r->text.p[r->octets] & 0xc0) == 0x80);
	return r->octets;
}

/* How the value is written that the event begins. */
static enum node_form
form_of(const yaml_event_t *ev)
{
	const yaml_char_t *anchor, *tag;
	bool flow = false, lines = false;

	if (ev->type == YAML_SCALAR_EVENT) {
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		lines = ev->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
			ev->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		flow = ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		flow = ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	} else {
		return NODE_STRANGE;
	}
	if (anchor != NULL || tag != NULL || lines)
		return NODE_STRANGE;
	return flow ? NODE_FLOW : NODE_PLAIN;
}

static void
begin_value(struct reader *r, struct node *n)
{
	n->form = form_of(&r->event);
	n->begin = octet_of(r, r->event.start_mark.index);
	n->column = r->event.start_mark.column;
	n->end = octet_of(r, r->event.end_mark.index);
}

/* By indentation a list or mapping ends where what comes next begins: its last member counts. */
static void
end_value(struct reader *r, struct node *n)
{
	const struct node *last = n->n > 0 ? n->v[n->n - 1] : NULL;

	if (n->form == NODE_PLAIN && last != NULL)
		n->end = last->end;
	else
		n->end = octet_of(r, r->event.end_mark.index);
	if (n->form == NODE_PLAIN && last != NULL && last->form == NODE_STRANGE)
		n->form = NODE_STRANGE;
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
	n->key_column = r->event.start_mark.column;
	n->key_end = octet_of(r, r->event.end_mark.index);
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
	begin_value(r, n);
	if (r->event.type == YAML_SCALAR_EVENT)
		return scalar_text(r, &n->text);
	if (r->event.type == YAML_SEQUENCE_START_EVENT) {
		n->kind = NODE_LIST;
		if (!read_members(r, n, YAML_SEQUENCE_END_EVENT, depth + 1))
			return false;
		end_value(r, n);
		return true;
	}
	if (r->event.type == YAML_MAPPING_START_EVENT) {
		n->kind = NODE_MAPPING;
		if (!read_members(r, n, YAML_MAPPING_END_EVENT, depth + 1))
			return false;
		end_value(r, n);
		return true;
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
	struct reader r = { .l = l, .text = text };

	if (!yaml_parser_initialize(&r.parser))
		return err_set(l->e, ERR_INTERNAL, "libyaml gave no parser");
	yaml_parser_set_input_string(&r.parser, text.p, text.n);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	const bool ok = read_document(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return ok;
}
