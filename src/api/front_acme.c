/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_acme.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "http/problem.h"
#include "http/route.h"

struct front_acme {
	pthread_mutex_t lock;
	char *url; /* NULL: not configured yet */
};

struct front_acme *
front_acme_new(void)
{
	struct front_acme *a = mem_zalloc(sizeof(*a));

	pthread_mutex_init(&a->lock, NULL);
	return a;
}

void
front_acme_free(struct front_acme *a)
{
	if (a == NULL)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a->url);
	free(a);
}

void
front_acme_set_url(struct front_acme *a, const char *url)
{
	char *now = mem_strdup(url);

	pthread_mutex_lock(&a->lock);
	char *was = a->url;
	a->url = now;
	pthread_mutex_unlock(&a->lock);
	free(was);
}

/* What no directory can be called gets into no header; whether there is one core knows. */
static void
link_to(struct front_acme *a, struct exchange *x, struct bytes directory)
{
	char name[CONF_NAME_MAX + 1];

	if (!bytes_to_str(directory, name, sizeof(name)) || !conf_is_name(name))
		return;
	pthread_mutex_lock(&a->lock);
	char *value = mem_printf("<%s/acme/%s/directory>;rel=\"index\"",
	    a->url != NULL ? a->url : "", name);
	pthread_mutex_unlock(&a->lock);
	exchange_add_header(x, "Link", value);
	free(value);
}

bool
front_acme_refuse(struct front_acme *a, struct exchange *x, const struct err *e,
    struct bytes headers)
{
	static const char base[] = "/acme/";
	const struct bytes path = exchange_path(x);
	struct buf body;

	/* In the clear nothing is ACME's (A1). */
	if ((exchange_kind(x) & (ON_API | ON_UNIX)) == 0 || !bytes_starts(path, base))
		return false;
	const struct bytes rest = bytes_skip(path, strlen(base));
	link_to(a, x, bytes_of(rest.p, bytes_index(rest, '/')));
	exchange_add_header(x, "Content-Language", "en");
	buf_init(&body, KIB(4));
	problem_put_acme(&body, e);
	exchange_answer(x, &(struct answer){
			       .status = (unsigned)err_acme_status(e->code),
			       .content_type = bytes_str(PROBLEM_TYPE),
			       .headers = headers,
			       .body = buf_bytes(&body),
			   });
	buf_free(&body);
	return true;
}
