/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/parent.h"
#include "sys/sock.h"

static const char *const words[] = {
	[LISTENER_API] = "api",
	[LISTENER_HTTP] = "http",
	[LISTENER_METRICS] = "metrics",
	[LISTENER_UNIX] = "unix",
};

const char *
parent_listen_word(enum listener_kind kind)
{
	return words[kind];
}

static bool
has_room(const struct parent *p, struct err *e)
{
	if (p->n_listeners == PARENT_LISTENERS_MAX)
		return err_set(e, ERR_MALFORMED, "more than %d listeners",
		    PARENT_LISTENERS_MAX);
	return true;
}

static void
add(struct parent *p, enum listener_kind kind, const char *address, int fd)
{
	p->listeners[p->n_listeners++] =
	    (struct parent_listener){ kind, mem_strdup(address), fd };
}

static bool
listen_tcp(struct parent *p, enum listener_kind kind, const struct strings *list,
    struct err *e)
{
	for (size_t i = 0; i < list->n; i++) {
		char bound[SOCK_BOUND_LEN];
		int fd;

		if (!has_room(p, e))
			return false;
		if (!sock_listen_tcp(list->v[i], &fd, bound, sizeof(bound), e)) {
			err_prefix(e, words[kind]);
			return err_prefix(e, "hanaper.yaml: listen");
		}
		add(p, kind, bound, fd);
	}
	return true;
}

static bool
listen_unix(struct parent *p, struct err *e)
{
	char *path = conf_path(p->conf, "run/hanaper.sock");
	int fd;
	const bool ok = has_room(p, e) && sock_listen_unix(path, 0660, &fd, e);

	if (ok)
		add(p, LISTENER_UNIX, path, fd);
	free(path);
	return ok;
}

bool
parent_listen_all(struct parent *p, struct err *e)
{
	const struct conf *c = p->conf;
	struct err why;

	if (!parent_users_rise(p, e)) /* ports below 1024 */
		return false;
	const bool ok = listen_tcp(p, LISTENER_API, &c->listen_api, e) &&
			listen_tcp(p, LISTENER_HTTP, &c->listen_http, e) &&
			listen_tcp(p, LISTENER_METRICS, &c->listen_metrics, e);
	/* In any case: what was made goes by name, in a directory that is not root's. */
	const bool sunk = parent_users_sink(p, ok ? e : &why);
	return ok && sunk && listen_unix(p, e);
}

void
parent_listen_close(struct parent *p)
{
	for (size_t i = 0; i < p->n_listeners; i++) {
		struct parent_listener *l = &p->listeners[i];

		if (l->fd >= 0)
			close(l->fd);
		free(l->address);
	}
	p->n_listeners = 0;
}

char *
parent_listen_addresses(const struct parent *p, enum listener_kind kind)
{
	struct buf b;
	char *ret;

	buf_init(&b, KIB(64));
	for (size_t i = 0; i < p->n_listeners; i++)
		if (p->listeners[i].kind == kind)
			buf_printf(&b, "%s%s", b.n > 0 ? "," : "",
			    p->listeners[i].address);
	ret = mem_strdup(buf_str(&b));
	buf_free(&b);
	return ret;
}
