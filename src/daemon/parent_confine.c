/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent shuts itself in when all roles are ready (ADR 0026).  It starts nothing
 * after that: what is left to do is to watch, to load another configuration, to tell
 * the service manager, and to end.  Its system calls: H in tbl/syscalls.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "daemon/parent.h"
#include "sys/sandbox.h"

#define RESOLVERS "/etc/resolv.conf"

/* Where the file lies: it may be replaced by another of its name. */
static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return mem_strndup(bytes_of(path, slash == path ? 1 : (size_t)(slash - path)));
}

static bool
enter(const struct parent *p, struct sandbox *ret, struct err *e)
{
	char *resolvers = realpath(RESOLVERS, NULL);
	char *const owned[] = {
		directory_of(p->conf->file),
		/* As it was named: a link may lead to another file by then. */
		directory_of(
		    p->options->config != NULL ? p->options->config : p->conf->file),
		directory_of(resolvers != NULL ? resolvers : RESOLVERS),
		conf_path(p->conf, "run"),
	};
	const struct sandbox_path paths[] = {
		{ owned[0], SANDBOX_READ }, { owned[1], SANDBOX_READ },
		{ owned[2], SANDBOX_READ },
		{ owned[3], SANDBOX_MAKE }, /* what lies there goes at the end */
	};
	const bool ok =
	    sandbox_enter(SANDBOX_PARENT, paths, NITEMS(paths), NULL, NULL, ret, e);

	for (size_t i = 0; i < NITEMS(owned); i++)
		free(owned[i]);
	free(resolvers);
	return ok;
}

bool
parent_confine(const struct parent *p, struct err *e)
{
	const char *lacking = p->no_sandbox ? "--no-sandbox" : sandbox_lacking();
	struct sandbox s;

	if (lacking != NULL) {
		LOG(LOG_WARN, "not-sandboxed", LOG_TEXT("why", lacking));
		return true;
	}
	proc_shut();
	if (!enter(p, &s, e)) {
		if (e->code != ERR_IO) /* the disk's: no option helps against it */
			err_prefix(e,
			    "the parent cannot be sandboxed (hanaperd --no-sandbox)");
		return false;
	}
	LOG(LOG_INFO, "sandboxed", LOG_NUM("seccomp", s.calls),
	    LOG_NUM("landlock", s.landlock));
	return true;
}
