/* SPDX-License-Identifier: Apache-2.0 */
/* Where the daemon is: behind a URL, or in a CA directory that is at hand. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/setup.h"
#include "client_impl.h"
#include "conf/conf_load.h"
#include "conf/conf_where.h"
#include "sys/file.h"

static bool
is_ca_dir(const char *dir)
{
	return conf_where_has(dir, CONF_WHERE_FILE) ||
	       conf_where_has(dir, CLIENT_SOCKET);
}

/* Where hanaper.yaml is: the CA directory itself, unless its 'dir:' says otherwise. */
static char *
find_named(const char *dir)
{
	const char *named = options_named_dir(dir);
	struct err theirs;

	if (named != NULL)
		return is_ca_dir(named) ? mem_strdup(named) : NULL;
	/* None is taken instead: that may be another than is meant. */
	if (!conf_where_ours(&theirs))
		return NULL;
	if (is_ca_dir(SETUP_DIR) && conf_where_mine(SETUP_DIR))
		return mem_strdup(SETUP_DIR);
	if (conf_where_meant("."))
		return mem_strdup(".");
	return is_ca_dir(SETUP_ETC) ? mem_strdup(SETUP_ETC) : NULL;
}

char *
client_find_conf(const char *dir)
{
	char *named = find_named(dir);
	struct err half;
	char *path = named != NULL && conf_where_check(named, &half)
			 ? mem_printf("%s/hanaper.yaml", named)
			 : NULL;

	free(named);
	return path;
}

/* Takes 'named' and gives the directory that it stands for. */
static char *
follow(char *named)
{
	char *path, *dir = NULL;
	struct conf *c;
	struct err e;

	if (conf_where_has(named, CLIENT_SOCKET) || conf_where_has(named, "journal"))
		return named;
	path = mem_printf("%s/hanaper.yaml", named);
	if (conf_load(path, &c, &e)) {
		dir = mem_strdup(c->dir);
		conf_free(c);
	} else if (strcmp(named, SETUP_ETC) == 0 && access(SETUP_STATE, F_OK) == 0) {
		dir = mem_strdup(SETUP_STATE); /* the file is not for us to read */
	}
	free(path);
	if (dir == NULL)
		return named;
	free(named);
	return dir;
}

char *
client_find_dir(const char *dir)
{
	char *named = find_named(dir);

	return named != NULL ? follow(named) : NULL;
}

char *
client_find_root(const char *dir)
{
	char *at = find_named(dir);

	if (at != NULL && !conf_where_has(at, "root.crt"))
		at = follow(at);
	char *path = at != NULL ? mem_printf("%s/root.crt", at) : NULL;
	free(at);
	return path;
}

/* "0.0.0.0:8443" is where one listens, not where one goes. */
static char *
reachable(struct bytes address)
{
	static const struct {
		const char *all, *here;
	} words[] = { { "0.0.0.0:", "127.0.0.1:" }, { "[::]:", "[::1]:" } };

	for (size_t i = 0; i < NITEMS(words); i++)
		if (bytes_starts(address, words[i].all)) {
			const struct bytes port =
			    bytes_skip(address, strlen(words[i].all));

			return mem_printf("%s%.*s", words[i].here, (int)port.n,
			    (const char *)port.p);
		}
	return mem_strndup(address);
}

char *
client_local_api(const char *dir)
{
	char *path = mem_printf("%s/" CLIENT_ADDRESSES, dir), *found = NULL;
	struct buf text;
	struct err e;

	buf_init(&text, KIB(64));
	if (file_read(AT_FDCWD, path, &text, &e)) {
		struct bytes rest = buf_bytes(&text);

		while (found == NULL && rest.n > 0) {
			const size_t n = bytes_index(rest, '\n');
			const struct bytes line = bytes_of(rest.p, n);

			if (bytes_starts(line, "api "))
				found = reachable(bytes_skip(line, 4));
			rest = bytes_skip(rest, n + 1);
		}
	}
	buf_free(&text);
	free(path);
	return found;
}

/* Nothing was named, and nothing found: 'todo'. */
static bool
none_here(const char *todo, struct err *e)
{
	return conf_where_ours(e) &&
	       err_set(e, ERR_NOT_FOUND, "no CA directory here%s", todo);
}

bool
client_found_none(const char *dir, struct err *e)
{
	const char *named = options_named_dir(dir);
	char *found = find_named(dir); /* by its socket */
	const bool half = (found != NULL || named != NULL) &&
			  !conf_where_check(found != NULL ? found : named, e);

	free(found);
	if (half)
		return false;
	if (named == NULL)
		return none_here(": say --dir DIR, where hanaper.yaml is", e);
	return err_set(e, ERR_NOT_FOUND,
	    "%s is no CA directory, or closed to you: name the one where "
	    "hanaper.yaml is, or run this as root or the daemon's user",
	    named);
}

/* What the user gave, else the file in the CA directory where there is one. */
static char *
given_or_in_dir(const char *given, const char *dir, const char *file)
{
	char *path;

	if (given != NULL)
		return mem_strdup(given);
	if (dir == NULL)
		return NULL;
	path = mem_printf("%s/%s", dir, file);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

bool
client_where_url(struct client *c, const char *url, struct err *e)
{
	size_t n;

	if (!options_is_https(url))
		return err_set(e, ERR_MALFORMED,
		    "--url wants https://HOST:PORT, not \"%s\"", url);
	c->base = mem_strdup(url);
	for (n = strlen(c->base); n > 0 && c->base[n - 1] == '/'; n--)
		c->base[n - 1] = '\0';
	return true;
}

/* libcurl would say that some file or other is unreadable. */
static bool
readable(const char *path, struct err *e)
{
	if (path == NULL || access(path, R_OK) == 0)
		return true;
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
	return err_set(e, ERR_FORBIDDEN, "%s: %s", path, strerror(errno));
}

static bool
use_url(struct client *c, const struct options_common *o, struct err *e)
{
	if (!client_where_url(c, o->url, e))
		return false;
	char *dir = client_find_dir(o->dir);
	c->cert = given_or_in_dir(o->cert, o->key == NULL ? dir : NULL, "admin.crt");
	c->key = given_or_in_dir(o->key, o->cert == NULL ? dir : NULL, "admin.key");
	c->cacert = given_or_in_dir(o->cacert, dir, "root.crt");
	free(dir);
	if ((c->cert == NULL) != (c->key == NULL))
		return err_set(e, ERR_MALFORMED, "--cert and --key go together");
	return readable(c->cert, e) && readable(c->key, e) && readable(c->cacert, e);
}

/* A directory that is there and lets this user not in. */
static bool
is_closed(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return errno == EACCES;
	return S_ISDIR(st.st_mode) && access(dir, X_OK) < 0 && errno == EACCES;
}

static bool
no_socket(const char *named, struct err *e)
{
	if (named == NULL)
		return none_here("; make one with \"hanaper up\", or say where with "
				 "--dir DIR or --url URL --cert FILE --key FILE "
				 "--cacert FILE",
		    e);
	if (is_closed(named))
		return err_set(e, ERR_FORBIDDEN,
		    "%s: only root and the daemon's own user may use this directory; "
		    "others: --url --cert --key --cacert",
		    named);
	if (!conf_where_check(named, e))
		return false;
	char *word = out_word(named);
	err_set(e, ERR_NOT_FOUND,
	    "%s is no CA directory; make one: hanaper up --dir %s", named, word);
	free(word);
	return false;
}

static bool
use_socket(struct client *c, const struct options_common *o, struct err *e)
{
	c->dir = client_find_dir(o->dir);
	if (c->dir == NULL)
		return no_socket(options_named_dir(o->dir), e);
	c->socket = mem_printf("%s/" CLIENT_SOCKET, c->dir);
	c->base = mem_strdup("http://localhost");
	return true;
}

bool
client_where(struct client *c, const struct options_common *o, struct err *e)
{
	return o->url != NULL ? use_url(c, o, e) : use_socket(c, o, e);
}
