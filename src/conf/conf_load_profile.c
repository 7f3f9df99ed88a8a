/* SPDX-License-Identifier: Apache-2.0 */
/* Issuers and profiles, and the profile that is the daemon's own. */
#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#include "base/mem.h"

#define MINUTE         INT64_C(60)
#define HOUR           (60 * MINUTE)
#define DAY            (24 * HOUR)
#define VALIDITY_MAX   (100 * 365 * DAY)
#define VALIDITY_LEAST INT64_C(5) /* under it nothing gets through a network */
#define RSA_LEAST      2048       /* P52 */
#define RSA_MOST       8192
#define NAMES_OCTETS                                                                   \
	KIB(15)     /* within those of a message to the signer (ipc/msg_sign.h) */
#define NAME_HEAD 4 /* octets of DER before each */

static bool
is_doubled(const char *name, const char *other)
{
	return other != NULL && strcmp(name, other) == 0;
}

static bool
read_issuer(const struct loading *l, const struct node *n, const struct raw_issuer *r,
    struct conf_issuer *ret)
{
	static const char *const reserved[] = { "root", NULL };

	if (!conf_load_name(l, n, r->name, reserved))
		return false;
	ret->name = mem_strdup(r->name);
	ret->certificate = r->certificate != NULL
			       ? mem_strdup(r->certificate)
			       : mem_printf("issuers/%s.crt", r->name);
	ret->key =
	    r->key != NULL ? mem_strdup(r->key) : mem_printf("issuers/%s.key", r->name);
	ret->passphrase_file = mem_strdup(r->passphrase_file);
	return true;
}

/*
 * What goes by the file, as a backup or a rotation does, would take one issuer for
 * another; 'n' is the last one's.
 */
static bool
check_files(const struct loading *l, const struct node *n)
{
	const struct conf *c = l->conf;
	const struct conf_issuer *it = &c->issuers[c->n_issuers - 1];
	const struct {
		const char *key, *path;
	} files[] = { { "certificate", it->certificate }, { "key", it->key } };

	for (size_t f = 0; f < NITEMS(files); f++)
		for (const struct conf_issuer *k = c->issuers; k < it; k++)
			if (conf_path_same(c, files[f].path, k->certificate) ||
			    conf_path_same(c, files[f].path, k->key))
				return conf_load_fault(l, n, files[f].key,
				    "\"%.200s\" is a file of issuer \"%s\": each has "
				    "a certificate and a key of its own",
				    files[f].path, k->name);
	return !conf_path_same(c, it->certificate, it->key) ||
	       conf_load_fault(l, n, "key",
		   "\"%.200s\" is the certificate's file: the key has one of its own",
		   it->key);
}

bool
conf_load_issuers(const struct loading *l, const struct raw *r)
{
	static char main_name[] = "main";
	struct raw_issuer otherwise = { .name = main_name };
	const struct node *list = conf_load_member(l->root, "issuers");
	const struct raw_issuer *raw = list != NULL ? r->issuers : &otherwise;
	const size_t count = list != NULL ? r->n_issuers : 1;
	struct conf *c = l->conf;

	if (count == 0)
		return conf_load_fault(l, list, NULL, "at least one is needed");
	c->issuers = mem_zarray(count, sizeof(*c->issuers));
	for (size_t i = 0; i < count; i++) {
		const struct node *n = conf_load_item(list, i);

		c->n_issuers++; /* what is begun is freed */
		if (!read_issuer(l, n, &raw[i], &c->issuers[i]))
			return false;
		for (size_t k = 0; k < i; k++)
			if (is_doubled(c->issuers[i].name, c->issuers[k].name))
				return conf_load_fault(l, n, "name",
				    "there is another issuer \"%s\"", raw[i].name);
		if (!check_files(l, n))
			return false;
	}
	return true;
}

/* "rsa-3072": at least so many bits; "rsa" is rsa-2048. */
static bool
read_rsa(const char *word, struct conf_key_rule *ret)
{
	unsigned bits = 0;

	if (strcmp(word, "rsa") == 0)
		bits = RSA_LEAST;
	else if (strncmp(word, "rsa-", 4) == 0 && strlen(word) == 8 &&
		 strspn(word + 4, "0123456789") == 4)
		bits = (unsigned)strtoul(word + 4, NULL, 10);
	if (bits < RSA_LEAST || bits > RSA_MOST)
		return false;
	*ret = (struct conf_key_rule){ KEY_ALG_RSA, bits };
	return true;
}

static bool
read_key(const char *word, struct conf_key_rule *ret)
{
	enum key_alg alg;

	if (strncmp(word, "rsa", 3) == 0)
		return read_rsa(word, ret);
	if (!sets_key_alg_from(bytes_str(word), &alg))
		return false;
	*ret = (struct conf_key_rule){ .alg = alg };
	return true;
}

static bool
read_keys(const struct loading *l, const struct node *n, const struct strings *raw,
    struct conf_profile *p)
{
	static char p256[] = "ecdsa-p256", p384[] = "ecdsa-p384", ed[] = "ed25519",
		    rsa[] = "rsa-2048";
	static char *words[] = { p256, p384, ed, rsa };
	static const struct strings otherwise = { words, NITEMS(words) };
	const struct node *list = conf_load_member(n, "keys");
	const struct strings *from = list != NULL ? raw : &otherwise;

	if (from->n == 0)
		return conf_load_fault(l, list, NULL, "at least one kind is needed");
	p->keys = mem_zarray(from->n, sizeof(*p->keys));
	for (size_t i = 0; i < from->n; i++)
		if (!read_key(from->v[i], &p->keys[p->n_keys++]))
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.40s\" must be ecdsa-p256, ecdsa-p384, ecdsa-p521, "
			    "ed25519, ed448, or rsa-N with N of %d to %d",
			    from->v[i], RSA_LEAST, RSA_MOST);
	return true;
}

static bool
read_usages(const struct loading *l, const struct node *n, const struct strings *raw,
    struct conf_profile *p)
{
	const struct node *list = conf_load_member(n, "usages");

	for (size_t i = 0; i < raw->n; i++) {
		enum usage usage;

		/* An OCSP signer is the daemon's own, never a client's (P22, R3). */
		if (!sets_usage_from(bytes_str(raw->v[i]), &usage) ||
		    usage == USAGE_OCSP_SIGNING)
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.40s\" must be \"server auth\" or \"client auth\"",
			    raw->v[i]);
		p->usages |= usage;
	}
	if (p->usages == 0)
		return conf_load_fault(l, n, "usages",
		    "\"usages\" needs \"server auth\", \"client auth\" or both");
	return true;
}

static bool
read_validity(const struct loading *l, const struct node *n,
    const struct raw_validity *r, struct conf_profile *p)
{
	const struct node *v = conf_load_member(n, "validity");

	p->validity_default_s = 30 * DAY;
	p->validity_max_s = 90 * DAY;
	p->backdate_s = 5 * MINUTE;
	p->excess = EXCESS_REFUSE;
	if (!conf_load_span(l, v, "default", r->span, VALIDITY_LEAST, VALIDITY_MAX,
		&p->validity_default_s) ||
	    !conf_load_span(l, v, "max", r->max, VALIDITY_LEAST, VALIDITY_MAX,
		&p->validity_max_s) ||
	    !conf_load_span(l, v, "backdate", r->backdate, 0, HOUR, /* R23 */
		&p->backdate_s))
		return false;
	if (r->span == NULL && p->validity_default_s > p->validity_max_s)
		p->validity_default_s = p->validity_max_s;
	if (r->max == NULL && p->validity_max_s < p->validity_default_s)
		p->validity_max_s = p->validity_default_s;
	if (p->validity_default_s > p->validity_max_s)
		return conf_load_fault(l, v, "default", "longer than \"max\"");
	if (r->excess != NULL && strcmp(r->excess, "clamp") != 0 &&
	    strcmp(r->excess, "refuse") != 0)
		return conf_load_fault(l, v, "excess",
		    "\"%.40s\" must be refuse or clamp", r->excess);
	if (r->excess != NULL && strcmp(r->excess, "clamp") == 0)
		p->excess = EXCESS_CLAMP;
	return true;
}

static bool
read_subject(const struct loading *l, const struct node *n, const char *text,
    struct conf_profile *p)
{
	p->subject = SUBJECT_CN;
	if (text == NULL || strcmp(text, "cn") == 0)
		return true;
	p->subject = SUBJECT_EMPTY;
	return strcmp(text, "empty") == 0 ||
	       conf_load_fault(l, n, "subject", "\"%.40s\" must be cn or empty", text);
}

static bool
read_profile(const struct loading *l, const struct node *n, const struct raw_profile *r,
    struct conf_profile *p)
{
	static const char *const reserved[] = { "root", "intermediate",
		"ocsp-responder", CONF_PROFILE_LISTENER, NULL };
	const struct conf *c = l->conf;

	if (!conf_load_name(l, n, r->name, reserved))
		return false;
	p->name = mem_strdup(r->name);
	p->issuer = mem_strdup(r->issuer != NULL ? r->issuer : c->issuers[0].name);
	if (conf_issuer_find(c, bytes_str(p->issuer)) == NULL)
		return conf_load_fault(l, n, "issuer", "there is no issuer \"%.40s\"",
		    p->issuer);
	if (!read_usages(l, n, &r->usages, p) ||
	    !read_validity(l, n, &r->validity, p) || !read_keys(l, n, &r->keys, p) ||
	    !conf_load_names(l, conf_load_member(n, "names"), &r->names, &p->names) ||
	    !read_subject(l, n, r->subject, p))
		return false;
	if (p->names.dns.n + p->names.ip.n + p->names.uri.n + p->names.email.n == 0)
		return conf_load_fault(l, n, "names",
		    "\"names\" must allow something: dns, ip, uri or email");
	return conf_load_flag(l, n, "no_rev_avail", r->no_rev_avail,
		   &p->no_rev_avail) &&
	       conf_load_flag(l, n, "strict_lint", r->strict_lint, &p->strict_lint);
}

bool
conf_load_profiles(const struct loading *l, const struct raw *r)
{
	const struct node *list = conf_load_member(l->root, "profiles");
	struct conf *c = l->conf;

	if (r->n_profiles == 0)
		return conf_load_fault(l, l->root, "profiles",
		    "\"profiles\" needs at least one profile");
	/* One more: conf_load_listener() has its place. */
	c->profiles = mem_zarray(r->n_profiles + 1, sizeof(*c->profiles));
	for (size_t i = 0; i < r->n_profiles; i++) {
		const struct node *n = conf_load_item(list, i);

		c->n_profiles++;
		if (!read_profile(l, n, &r->profiles[i], &c->profiles[i]))
			return false;
		for (size_t k = 0; k < i; k++)
			if (is_doubled(c->profiles[i].name, c->profiles[k].name))
				return conf_load_fault(l, n, "name",
				    "there is another profile \"%s\"",
				    c->profiles[i].name);
	}
	return true;
}

/* A host or an address goes into its list, once. */
static void
add_host(struct conf_names *names, const char *host)
{
	struct conf_cidr c;
	struct strings *list = conf_cidr(host, &c) ? &names->ip : &names->dns;
	char *normal = conf_load_host_normal(host);
	bool there = false;

	for (size_t i = 0; i < list->n && !there; i++)
		there = strcmp(list->v[i], normal) == 0;
	if (!there)
		strings_add(list, normal);
	free(normal);
}

/* "All addresses" is none that anybody goes to. */
static void
add_reached(struct conf_names *names, const char *host)
{
	char *normal = conf_load_host_normal(host);

	if (strcmp(normal, "0.0.0.0") != 0 && strcmp(normal, "::") != 0)
		add_host(names, normal);
	free(normal);
}

char *
conf_load_url_host(const struct conf *c)
{
	const char *authority = strstr(c->url_api, "://") + 3;
	char *with_port = mem_printf("%s:443", authority), *host = NULL;

	if (!conf_load_host_port(authority, &host) &&
	    !conf_load_host_port(with_port, &host))
		host = mem_strdup(authority); /* never: it was read as such */
	free(with_port);
	return host;
}

/* Else no certificate could be made, at a renewal or the next start. */
static bool
check_room(const struct loading *l, const struct conf_profile *p)
{
	const struct strings *lists[] = { &p->names.dns, &p->names.ip };
	const size_t most = conf_names_max(l->conf, p);
	size_t n = 0, octets = 0;

	for (size_t k = 0; k < NITEMS(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++) {
			n++;
			octets += strlen(lists[k]->v[i]) + NAME_HEAD;
		}
	if (n > most)
		return conf_load_fault(l, l->root, "server_names",
		    "%zu names of the api listener, with its addresses; %zu are "
		    "allowed",
		    n, most);
	return octets <= NAMES_OCTETS ||
	       conf_load_fault(l, l->root, "server_names",
		   "the names of the api listener are too long for one certificate");
}

bool
conf_load_listener(const struct loading *l)
{
	struct conf *c = l->conf;
	struct conf_profile *p = &c->profiles[c->n_profiles++];
	char *host = conf_load_url_host(c);

	p->name = mem_strdup(CONF_PROFILE_LISTENER);
	p->issuer = mem_strdup(c->issuers[0].name);
	p->usages = USAGE_SERVER_AUTH;
	p->validity_default_s = 7 * DAY;
	p->validity_max_s = 7 * DAY;
	p->backdate_s = 5 * MINUTE;
	p->excess = EXCESS_CLAMP; /* it serves to its issuer's end */
	p->keys = mem_zarray(1, sizeof(*p->keys));
	p->keys[0].alg = KEY_ALG_ECDSA_P256;
	p->n_keys = 1;
	p->subject = SUBJECT_CN;
	p->names.underscores =
	    true; /* such host names are common in networks of containers */
	p->internal = true;
	add_reached(&p->names, host);
	free(host);
	add_host(&p->names, "localhost");
	for (size_t i = 0; i < c->listen_api.n; i++)
		if (conf_load_host_port(c->listen_api.v[i], &host)) {
			add_reached(&p->names, host);
			free(host);
		}
	for (size_t i = 0; i < c->server_names.n; i++)
		add_host(&p->names, c->server_names.v[i]);
	return check_room(l, p);
}
