/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_published.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/freshness.h"
#include "http/route.h"

#define IN_MEMORY_MAX KIB(256)
#define TEXT_MAX      256 /* characters of a path, a type, a tag */
#define DAY_S         86400

struct entry {
	char *url_path, *content_type, *etag;
	int64_t modified_at, expires_at;
	bool on_api;
	struct content *content;
};

/* What could not be opened, as core said it; core says it once. */
struct late {
	char *url_path;
	struct buf message;
};

struct front_published {
	pthread_mutex_t lock;
	int pub_fd;
	struct aside *aside; /* NULL: files are closed at once */
	struct entry *v;
	size_t n;
	struct late *late; /* the thread's that puts alone */
	size_t n_late;
};

struct front_published *
front_published_new(int pub_fd)
{
	struct front_published *p = mem_zalloc(sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	p->pub_fd = pub_fd;
	return p;
}

void
front_published_aside(struct front_published *p, struct aside *a)
{
	p->aside = a;
}

static void
late_clear(struct late *l)
{
	free(l->url_path);
	buf_free(&l->message);
}

static void
entry_clear(struct entry *n)
{
	free(n->url_path);
	free(n->content_type);
	free(n->etag);
	content_unref(n->content);
}

void
front_published_free(struct front_published *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		entry_clear(&p->v[i]);
	free(p->v);
	for (size_t i = 0; i < p->n_late; i++)
		late_clear(&p->late[i]);
	free(p->late);
	close(p->pub_fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* ---- what core may say ---- */

static bool
is_visible(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < 0x20 || b.p[i] >= 0x7f || b.p[i] == '"')
			return false;
	return b.n > 0 && b.n < TEXT_MAX;
}

static bool
is_file_name(struct bytes b)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/";

	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] == 0 || strchr(allowed, b.p[i]) == NULL)
			return false;
		/* No segment is empty or begins with a dot: neither "..", nor hidden. */
		if ((i == 0 || b.p[i - 1] == '/') && (b.p[i] == '/' || b.p[i] == '.'))
			return false;
	}
	return b.n > 0 && b.n < TEXT_MAX && b.p[b.n - 1] != '/';
}

static bool
check_message(const struct msg_publish *m, struct err *e)
{
	if (!is_visible(m->url_path) ||
	    (!bytes_starts(m->url_path, "/ca/") && !bytes_starts(m->url_path, "/crl/")))
		return err_set(e, ERR_MALFORMED,
		    "publish: a path that is not below /ca/ or /crl/");
	if (!is_file_name(m->file))
		return err_set(e, ERR_MALFORMED, "publish: no file name below pub/");
	if (!is_visible(m->content_type) || !is_visible(m->etag))
		return err_set(e, ERR_MALFORMED,
		    "publish: a content type or tag that is no text");
	return true;
}

/* ---- files ---- */

/* Each directory on the way, and the file, by openat() without following links. */
static bool
open_below(int dirfd, const char *name, int *ret_fd, struct err *e)
{
	char part[TEXT_MAX];
	int at = dirfd;

	for (const char *rest = name;;) {
		const size_t n = strcspn(rest, "/");
		const bool last = rest[n] == '\0';
		const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
				  (last ? 0 : O_DIRECTORY);

		memcpy(part, rest, n);
		part[n] = '\0';
		const int fd = openat(at, part, flags);
		const int saved = errno;
		if (at != dirfd)
			close(at);
		errno = saved;
		if (fd < 0)
			return err_errno(e, "pub/%s", name);
		if (last) {
			*ret_fd = fd;
			return true;
		}
		at = fd;
		rest += n + 1;
	}
}

static bool
read_whole(int fd, size_t size, struct content **ret)
{
	uint8_t *p = mem_zalloc(size);
	size_t n = 0;

	while (n < size) {
		const ssize_t got = pread(fd, p + n, size - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (n == size)
		*ret = content_new(bytes_of(p, n));
	free(p);
	return n == size;
}

static bool
content_of_file(const struct front_published *p, const char *name, struct content **ret,
    struct err *e)
{
	struct stat st;
	int fd = -1;
	bool ok = false;

	if (!open_below(p->pub_fd, name, &fd, e))
		return false;
	if (fstat(fd, &st) < 0)
		err_errno(e, "pub/%s", name);
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_IO, "pub/%s is no regular file", name);
	else if ((size_t)st.st_size > IN_MEMORY_MAX) {
		*ret = content_new_file(fd, (uint64_t)st.st_size, p->aside);
		return true;
	} else if (!read_whole(fd, (size_t)st.st_size, ret))
		err_set(e, ERR_IO, "pub/%s cannot be read whole", name);
	else
		ok = true;
	close(fd);
	return ok;
}

/* Under the lock. */
static struct entry *
find(struct front_published *p, struct bytes url_path)
{
	for (size_t i = 0; i < p->n; i++) /* a handful a CA */
		if (bytes_eq_str(url_path, p->v[i].url_path))
			return &p->v[i];
	return NULL;
}

static bool
put_in_place(struct front_published *p, const struct msg_publish *m, struct err *e)
{
	struct content *content = NULL;
	char *name = mem_strndup(m->file);
	const bool ok = content_of_file(p, name, &content, e);
	free(name);
	if (!ok)
		return false;

	pthread_mutex_lock(&p->lock);
	struct entry *n = find(p, m->url_path);
	if (n == NULL) {
		p->v = mem_grow(p->v, p->n + 1, sizeof(*p->v));
		n = &p->v[p->n++];
	} else {
		entry_clear(n);
	}
	*n = (struct entry){
		.url_path = mem_strndup(m->url_path),
		.content_type = mem_strndup(m->content_type),
		.etag = mem_strndup(m->etag),
		.modified_at = m->modified_at,
		.expires_at = m->expires_at,
		.on_api = m->on_api,
		.content = content,
	};
	pthread_mutex_unlock(&p->lock);
	return true;
}

/* ---- what core said ---- */

static void
late_drop(struct front_published *p, struct bytes url_path)
{
	for (size_t i = 0; i < p->n_late; i++)
		if (bytes_eq_str(url_path, p->late[i].url_path)) {
			late_clear(&p->late[i]);
			p->late[i] = p->late[--p->n_late];
			return;
		}
}

static void
late_keep(struct front_published *p, const struct msg_publish *m)
{
	late_drop(p, m->url_path);
	p->late = mem_grow(p->late, p->n_late + 1, sizeof(*p->late));
	struct late *l = &p->late[p->n_late++];

	l->url_path = mem_strndup(m->url_path);
	buf_init(&l->message, KIB(4));
	msg_publish_put(&l->message, m);
}

bool
front_published_put(struct front_published *p, const struct msg_publish *m,
    struct err *e)
{
	if (!check_message(m, e))
		return false;
	if (!put_in_place(p, m, e)) {
		late_keep(p, m);
		return false;
	}
	late_drop(p, m->url_path);
	return true;
}

size_t
front_published_again(struct front_published *p)
{
	struct msg_publish m;
	struct err known; /* it was told when it came */

	/* From the end: what is dropped makes way for the last. */
	for (size_t i = p->n_late; i > 0; i--) {
		if (!msg_publish_get(buf_bytes(&p->late[i - 1].message), &m, &known) ||
		    !put_in_place(p, &m, &known))
			continue;
		LOG(LOG_INFO, "published", LOG_TEXT("path", p->late[i - 1].url_path));
		late_drop(p, m.url_path);
	}
	return p->n_late;
}

/* ---- answers ---- */

void
front_published(struct front *front, struct exchange *x)
{
	struct front_published *p = front->published;
	struct buf headers;
	struct answer a = { .status = 0 };
	char type[TEXT_MAX];
	struct err e;

	buf_init(&headers, KIB(2));
	pthread_mutex_lock(&p->lock);
	const struct entry *n = find(p, exchange_path(x));
	if (n != NULL && (n->on_api || exchange_kind(x) != ON_API)) {
		const int64_t now = clock_now();
		const struct freshness f = {
			.etag = n->etag,
			.modified_at = n->modified_at,
			.expires_at = n->expires_at == 0 ? now + DAY_S : n->expires_at,
		};
		const bool fresh =
		    freshness_holds(&f, exchange_header(x, "If-None-Match"),
			exchange_header(x, "If-Modified-Since"));

		freshness_put(&headers, &f, now);
		a.status = fresh ? 304 : 200;
		a.content = content_ref(n->content);
		if (!fresh &&
		    bytes_to_str(bytes_str(n->content_type), type, sizeof(type)))
			a.content_type = bytes_str(type);
	}
	pthread_mutex_unlock(&p->lock);

	if (a.status == 0) {
		err_set(&e, ERR_NOT_FOUND, "nothing is published at this path");
		exchange_refuse(x, &e, bytes_str(""));
	} else {
		a.headers = buf_bytes(&headers);
		exchange_answer(x, &a);
		content_unref(a.content);
	}
	buf_free(&headers);
}
