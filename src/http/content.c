/* SPDX-License-Identifier: Apache-2.0 */
#include "http/content.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

struct content {
	atomic_uint refs;
	int fd;
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
content_new_file(int fd, uint64_t size)
{
	struct content *c = mem_zalloc(sizeof(*c));

	assert(fd >= 0);
	atomic_init(&c->refs, 1);
	c->fd = fd;
	c->size = size;
	return c;
}

struct content *
content_ref(struct content *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
content_unref(struct content *c)
{
	if (c == NULL ||
	    atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c);
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
