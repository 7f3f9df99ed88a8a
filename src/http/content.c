/* SPDX-License-Identifier: Apache-2.0 */
#include "http/content.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/aside.h"

struct content {
	struct aside_job job; /* the end of a file */
	atomic_uint refs;
	int fd;
	struct aside *aside;
	uint64_t size;
	uint8_t octets[]; /* when fd is -1 */
};

struct content *
content_new(struct bytes octets)
{
	struct content *c = mem_zalloc(sizeof(*c) + octets.n);

	atomic_init(&c->refs, 1);
	c->fd = -1;
	c->size = octets.n;
	if (octets.n > 0)
		memcpy(c->octets, octets.p, octets.n);
	return c;
}

struct content *
content_new_file(int fd, uint64_t size, struct aside *a)
{
	struct content *c = mem_zalloc(sizeof(*c));

	assert(fd >= 0);
	atomic_init(&c->refs, 1);
	c->fd = fd;
	c->aside = a;
	c->size = size;
	return c;
}

struct content *
content_ref(struct content *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

static void
end_file(struct aside_job *j)
{
	struct content *c = (struct content *)j;

	close(c->fd);
	free(c);
}

void
content_unref(struct content *c)
{
	if (c == NULL ||
	    atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (c->fd < 0) {
		free(c);
		return;
	}
	c->job.work = end_file;
	if (c->aside != NULL)
		aside_add(c->aside, &c->job);
	else
		end_file(&c->job);
}

uint64_t
content_size(const struct content *c)
{
	return c->size;
}

int
content_fd(const struct content *c)
{
	return c->fd;
}

struct bytes
content_octets(const struct content *c)
{
	assert(c->fd < 0);
	return bytes_of(c->octets, (size_t)c->size);
}
