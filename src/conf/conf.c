/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define LISTENER_NAMES 100 /* however few limits.names leaves to others */
#define ROOT_CRL_S     (INT64_C(180) * 86400) /* P73: at most 12 months */

void
strings_add(struct strings *s, const char *v)
{
	s->v = mem_grow(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = mem_strdup(v);
}

void
strings_printf(struct strings *s, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strings_add(s, text);
}

bool
strings_has(const struct strings *s, const char *v)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], v) == 0)
			return true;
	return false;
}

void
strings_free(struct strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct strings){ 0 };
}

static void
free_names(struct conf_names *n)
{
	strings_free(&n->dns);
	strings_free(&n->ip);
	strings_free(&n->uri);
	strings_free(&n->email);
}

static void
free_issuer(struct conf_issuer *i)
{
	free(i->name);
	free(i->certificate);
	free(i->key);
	free(i->passphrase_file);
}

static void
free_profile(struct conf_profile *p)
{
	free(p->name);
	free(p->issuer);
	free(p->keys);
	free_names(&p->names);
	strings_free(&p->acme.profiles);
	strings_free(&p->acme.networks);
	strings_free(&p->acme.resolvers);
}

static void
free_grant(struct conf_grant *g)
{
	free(g->who.cn);
	free(g->who.dns);
	free(g->who.uri);
	free(g->who.email);
	free(g->who.profile);
	free(g->who.issuer);
	free(g->who.fingerprint);
	strings_free(&g->profiles);
	free_names(&g->names);
}

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_issuers; i++)
		free_issuer(&c->issuers[i]);
	for (size_t i = 0; i < c->n_profiles; i++)
		free_profile(&c->profiles[i]);
	for (size_t i = 0; i < c->n_grants; i++)
		free_grant(&c->grants[i]);
	free(c->issuers);
	free(c->profiles);
	free(c->grants);
	strings_free(&c->listen_api);
	strings_free(&c->listen_http);
	strings_free(&c->listen_metrics);
	strings_free(&c->server_names);
	strings_free(&c->acme.caa_identities);
	strings_free(&c->acme.resolvers);
	free(c->acme.terms);
	free(c->acme.website);
	free(c->dir);
	free(c->file);
	free(c->url_api);
	free(c->url_public);
	free(c->database);
	free(c->log_level);
	free(c->log_format);
	free(c);
}

bool
conf_is_name(const char *text)
{
	return text[0] != '\0' && text[0] != '-' && strlen(text) <= CONF_NAME_MAX &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

const struct conf_issuer *
conf_issuer_find(const struct conf *c, struct bytes name)
{
	for (size_t i = 0; i < c->n_issuers; i++)
		if (bytes_eq_str(name, c->issuers[i].name))
			return &c->issuers[i];
	return NULL;
}

const struct conf_profile *
conf_profile_find(const struct conf *c, struct bytes name)
{
	for (size_t i = 0; i < c->n_profiles; i++)
		if (bytes_eq_str(name, c->profiles[i].name))
			return &c->profiles[i];
	return NULL;
}

bool
conf_wants_resolvers(const struct conf *c)
{
	for (size_t i = 0; i < c->n_profiles; i++)
		if (c->profiles[i].acme.on && c->profiles[i].acme.resolvers.n == 0)
			return true;
	return false;
}

size_t
conf_names_max(const struct conf *c, const struct conf_profile *p)
{
	return p != NULL && p->internal && c->names_max < LISTENER_NAMES
		   ? LISTENER_NAMES
		   : c->names_max;
}

int64_t
conf_crl_life_s(const struct conf *c, bool root, bool delta)
{
	const int64_t twice = 2 * c->crl_delta_s;

	if (root)
		return ROOT_CRL_S;
	return delta && twice < c->crl_next_update_s ? twice : c->crl_next_update_s;
}

char *
conf_path(const struct conf *c, const char *path)
{
	if (path[0] == '/')
		return mem_strdup(path);
	return mem_printf("%s/%s", c->dir, path);
}

/* Without parts that say nothing, "" and ".".  ".." and links stay. */
static char *
plain_path(const struct conf *c, const char *path)
{
	char *whole = conf_path(c, path), *to = whole;

	for (const char *p = whole; *p != '\0';) {
		const size_t n = strcspn(p, "/");

		if (n > 1 || (n == 1 && p[0] != '.')) {
			if (p > whole)
				*to++ = '/';
			memmove(to, p, n);
			to += n;
		}
		p += n + (p[n] == '/');
	}
	*to = '\0';
	return whole;
}

char *
conf_path_below(const struct conf *c, const char *path)
{
	char *dir = plain_path(c, ""), *whole = plain_path(c, path), *ret = NULL;
	const size_t n = strlen(dir);

	if (strncmp(whole, dir, n) == 0 && whole[n] == '/' &&
	    strncmp(whole + n, "/../", 4) != 0)
		ret = mem_strdup(whole + n + 1);
	free(dir);
	free(whole);
	return ret;
}

char *
conf_path_beside_database(const struct conf *c, const char *file)
{
	char *path = conf_path(c, c->database);

	*strrchr(path, '/') = '\0'; /* conf_path() makes an absolute one */
	char *ret = mem_printf("%s/%s", path, file);
	free(path);
	return ret;
}

bool
conf_path_same(const struct conf *c, const char *a, const char *b)
{
	char *x = plain_path(c, a), *y = plain_path(c, b);
	const bool same = strcmp(x, y) == 0;

	free(x);
	free(y);
	return same;
}

void
conf_plain_dir(char *dir)
{
	for (size_t n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--)
		dir[n - 1] = '\0';
}

char *
conf_credential_path(const char *name)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path =
	    dir == NULL || dir[0] != '/' ? NULL : mem_printf("%s/%s", dir, name);

	if (path != NULL && access(path, F_OK) != 0) {
		free(path);
		path = NULL;
	}
	return path;
}

/* Decimal digits only, at most 'max'. */
static bool
read_bits(const char *s, unsigned max, unsigned *ret)
{
	unsigned v = 0;

	if (*s == '\0' || strlen(s) > 3)
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (unsigned)(*s - '0');
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool
conf_cidr(const char *text, struct conf_cidr *ret)
{
	struct conf_cidr c = { 0 };
	char ip[64];
	const char *slash = strchr(text, '/');
	const size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);

	if (!bytes_to_str(bytes_of(text, n), ip, sizeof(ip)))
		return false;
	if (inet_pton(AF_INET, ip, c.ip) == 1)
		c.octets = 4;
	else if (inet_pton(AF_INET6, ip, c.ip) == 1)
		c.octets = 16;
	else
		return false;
	c.bits = (unsigned)c.octets * 8;
	if (slash != NULL && !read_bits(slash + 1, c.bits, &c.bits))
		return false;
	*ret = c;
	return true;
}

bool
conf_cidr_has(const struct conf_cidr *c, const uint8_t *ip, size_t octets)
{
	const size_t whole = c->bits / 8;

	if (octets != c->octets || memcmp(ip, c->ip, whole) != 0)
		return false;
	if (c->bits % 8 == 0)
		return true;
	const unsigned mask = 0xffu << (8 - c->bits % 8);
	return ((ip[whole] ^ c->ip[whole]) & mask & 0xffu) == 0;
}

bool
conf_log(const struct conf *c, const char *role, struct err *e)
{
	enum log_level level = LOG_INFO;
	enum log_format format = LOG_FORMAT_TEXT;

	if (c->log_level != NULL && !log_level_from(c->log_level, &level))
		return err_set(e, ERR_MALFORMED, "log level \"%s\"", c->log_level);
	if (c->log_format != NULL && !log_format_from(c->log_format, &format))
		return err_set(e, ERR_MALFORMED, "log format \"%s\"", c->log_format);
	log_init(role, level);
	log_format(format);
	return true;
}
