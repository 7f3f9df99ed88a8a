/* SPDX-License-Identifier: Apache-2.0 */
/* The options of "init" and "up", and what follows from them. */
#include "cli/setup.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/filter.h"
#include "cli/out.h"
#include "cli/owners.h"
#include "cli/passphrase.h"

#define NAME_MAX_LEN (64 - (sizeof(" Issuing CA") - 1)) /* ub-common-name, P14 */

const struct opt setup_opts[] = {
	/* clang-format off */
	OPT_IS_FLAG("json", struct setup_args, common.json, "print JSON"),
	OPT_HAS_TEXT("dir", "DIR", struct setup_args, common.dir,
	    "CA directory (else $HANAPER_DIR, else ./" SETUP_DIR ")"),
	OPT_HAS_TEXT("name", "NAME", struct setup_args, name,
	    "of the CA, in its subject (default: Hanaper)"),
	OPT_HAS_LIST("dns", "HOST", struct setup_args, dns, "DNS name of the API's host"),
	OPT_HAS_LIST("ip", "ADDRESS", struct setup_args, ip, "IP address of the API's host"),
	OPT_HAS_TEXT("api", "HOST:PORT", struct setup_args, api,
	    "TLS listener (default: " SETUP_API ")"),
	OPT_HAS_TEXT("http", "HOST:PORT", struct setup_args, http,
	    "plain listener: CRL, OCSP (default: " SETUP_HTTP ")"),
	OPT_HAS_TEXT("metrics", "HOST:PORT", struct setup_args, metrics,
	    "metrics listener (default: " SETUP_METRICS ")"),
	OPT_HAS_TEXT("url-api", "URL", struct setup_args, url_api,
	    "how clients reach the API (else from --dns, --ip, --api)"),
	OPT_HAS_TEXT("url-public", "URL", struct setup_args, url_public,
	    "http URL inside certificates (else from --dns, --ip, --http)"),
	OPT_HAS_LIST("domain", "DOMAIN", struct setup_args, domains,
	    "issue for this domain only: name constraints"),
	OPT_HAS_TEXT("key-type", "TYPE", struct setup_args, key_type,
	    "of the CA's keys: ecdsa-p256 (default), ecdsa-p384, ed25519, rsa-4096, ..."),
	OPT_HAS_TEXT("root-validity", "SPAN", struct setup_args, root_validity, "default: 10y"),
	OPT_HAS_TEXT("issuer-validity", "SPAN", struct setup_args, issuer_validity, "default: 5y"),
	OPT_HAS_TEXT("passphrase-file", "FILE", struct setup_args, passphrase_file,
	    "encrypt the CA's keys with what this file holds"),
	{ 0 }
	/* clang-format on */
};

void
setup_args_free(struct setup_args *a)
{
	strings_free(&a->dns);
	strings_free(&a->ip);
	strings_free(&a->domains);
	strings_free(&a->users);
}

/* ---- addresses and URLs ---- */

/* "127.0.0.1:8443" "[::1]:8443" in two; both are free()d by the caller. */
static bool
split_address(const char *address, const char *option, char **ret_host,
    unsigned long *ret_port, struct err *e)
{
	const char *colon = strrchr(address, ':');
	struct bytes host;
	char *end;

	if (colon != NULL)
		*ret_port = strtoul(colon + 1, &end, 10);
	if (colon == NULL || end == colon + 1 || *end != '\0' || *ret_port > 65535 ||
	    *ret_port == 0 || colon == address)
		return err_set(e, ERR_MALFORMED,
		    "--%s wants HOST:PORT, such as 127.0.0.1:8443 or 0.0.0.0:8443 "
		    "(all addresses), not \"%s\"",
		    option, address);
	host = bytes_of(address, (size_t)(colon - address));
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = bytes_of(host.p + 1, host.n - 2);
	*ret_host = mem_strndup(host);
	return true;
}

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

static bool
is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* By which name others reach this machine: what was said, else where we listen. */
static char *
public_host(const struct setup_args *a, const char *listen)
{
	char self[256] = "";

	if (a->dns.n > 0)
		return mem_strdup(a->dns.v[0]);
	if (a->ip.n > 0)
		return mem_strdup(a->ip.v[0]);
	if (!is_any(listen))
		return mem_strdup(listen);
	if (gethostname(self, sizeof(self) - 1) < 0 || self[0] == '\0')
		return mem_strdup("localhost");
	return mem_strdup(self);
}

/* 'given', else from the address; "https" and port 443 need no port. */
static bool
choose_url(const struct setup_args *a, const char *given, const char *option,
    const char *scheme, const char *address, char **ret, struct err *e)
{
	const size_t n = strlen(scheme);
	const unsigned long usual = strcmp(scheme, "https") == 0 ? 443 : 80;
	unsigned long port = 0;
	char *listen = NULL, *host;

	if (!split_address(address, option, &listen, &port, e))
		return false;
	if (given != NULL) {
		free(listen);
		if (strncasecmp(given, scheme, n) != 0 ||
		    strncmp(given + n, "://", 3) != 0 || given[n + 3] == '\0')
			return err_set(e, ERR_MALFORMED,
			    "--url-%s wants %s://HOST:PORT, not \"%s\"",
			    usual == 443 ? "api" : "public", scheme, given);
		*ret = mem_strdup(given);
		for (size_t i = strlen(*ret); i > 0 && (*ret)[i - 1] == '/'; i--)
			(*ret)[i - 1] = '\0';
		return true;
	}
	host = public_host(a, listen);
	const bool v6 = strchr(host, ':') != NULL;

	if (port == usual)
		*ret = mem_printf(v6 ? "%s://[%s]" : "%s://%s", scheme, host);
	else
		*ret = mem_printf(v6 ? "%s://[%s]:%lu" : "%s://%s:%lu", scheme, host,
		    port);
	free(host);
	free(listen);
	return true;
}

/* ---- names ---- */

/* Adds in normal form; what is there already is let be. */
static bool
add_name(struct strings *list, enum name_type type, const char *text, struct err *e)
{
	char *normal = NULL;

	if (!name_normal(type, bytes_str(text), &normal, e))
		return false;
	if (!strings_has(list, normal))
		strings_add(list, normal);
	free(normal);
	return true;
}

static bool
within(const struct strings *domains, const char *host)
{
	const size_t n = strlen(host);

	for (size_t i = 0; i < domains->n; i++) {
		const size_t d = strlen(domains->v[i]);

		if (n >= d && strcasecmp(host + n - d, domains->v[i]) == 0 &&
		    (n == d || host[n - d - 1] == '.'))
			return true;
	}
	return domains->n == 0;
}

/* What the intermediate is bound to, and what the profiles allow by default. */
static bool
choose_domains(const struct setup_args *a, struct setup *s, struct err *e)
{
	static const char *const usual[] = { "*.internal", "*.local", "*.test",
		"localhost" };

	for (size_t i = 0; i < a->domains.n; i++) {
		const char *d = a->domains.v[i];

		if (strncmp(d, "*.", 2) == 0 || d[0] == '.')
			d += strspn(d, "*.");
		if (!add_name(&s->domains, NAME_TYPE_DNS, d, e))
			return err_prefix(e, "--domain");
	}
	for (size_t i = 0; i < s->domains.n; i++) {
		char *below = mem_printf("*.%s", s->domains.v[i]);

		strings_add(&s->dns, s->domains.v[i]);
		strings_add(&s->dns, below);
		free(below);
	}
	for (size_t i = 0; s->domains.n == 0 && i < NITEMS(usual); i++)
		strings_add(&s->dns, usual[i]);
	s->admin = s->domains.n > 0 ? mem_printf("admin.%s", s->domains.v[0])
				    : mem_strdup("admin");
	return true;
}

/* The api listener's certificate is issued by the intermediate: its domains bind it too. */
static bool
choose_server_names(const struct setup_args *a, struct setup *s, struct err *e)
{
	for (size_t i = 0; i < a->dns.n; i++) {
		if (!add_name(&s->server_names, NAME_TYPE_DNS, a->dns.v[i], e))
			return err_prefix(e, "--dns");
		if (!within(&s->domains, a->dns.v[i]))
			return err_set(e, ERR_MALFORMED,
			    "--dns %s is outside every --domain: the API could have no "
			    "certificate for it",
			    a->dns.v[i]);
	}
	for (size_t i = 0; i < a->ip.n; i++)
		if (!add_name(&s->server_names, NAME_TYPE_IP, a->ip.v[i], e))
			return err_prefix(e, "--ip");
	if (within(&s->domains, "localhost") &&
	    !add_name(&s->server_names, NAME_TYPE_DNS, "localhost", e))
		return false;
	return add_name(&s->server_names, NAME_TYPE_IP, "127.0.0.1", e) &&
	       add_name(&s->server_names, NAME_TYPE_IP, "::1", e);
}

/* ---- the rest ---- */

static bool
read_passphrase(const struct setup_args *a, struct setup *s, struct err *e)
{
	if (a->passphrase_file == NULL)
		return true;
	s->passphrase_file = realpath(a->passphrase_file, NULL);
	if (s->passphrase_file == NULL)
		return err_errno(e, "--passphrase-file %s", a->passphrase_file);
	/* Whose the CA will be may have it, too. */
	if (!a->system && !owners_act_in(s->dir, e))
		return false;
	const uid_t uid = geteuid();
	owners_act_self();
	return passphrase_read(s->passphrase_file, uid, &s->passphrase, e);
}

static bool
read_span(const char *given, const char *otherwise, const char *option, int64_t *ret,
    struct err *e)
{
	return filter_span(option, given != NULL ? given : otherwise, ret, e);
}

static bool
choose_keys(const struct setup_args *a, struct setup *s, struct err *e)
{
	const char *type = a->key_type != NULL ? a->key_type : "ecdsa-p256";

	if (!key_type_from(bytes_str(type), &s->alg, &s->bits, e) ||
	    !read_span(a->root_validity, "10y", "--root-validity", &s->root_validity_s,
		e) ||
	    !read_span(a->issuer_validity, "5y", "--issuer-validity",
		&s->issuer_validity_s, e))
		return false;
	if (s->issuer_validity_s > s->root_validity_s)
		return err_set(e, ERR_MALFORMED,
		    "--issuer-validity is longer than the root's: the intermediate "
		    "would outlive it");
	return true;
}

static const char *
or_else(const char *given, const char *otherwise)
{
	return given != NULL ? given : otherwise;
}

/* Each listener wants a port of its own. */
static bool
check_listeners(const struct setup *s, struct err *e)
{
	const char *const all[] = { s->api, s->http, s->metrics };

	for (size_t i = 0; i < NITEMS(all); i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(all[i], all[j]) == 0)
				return err_set(e, ERR_MALFORMED,
				    "--api, --http and --metrics: %s is there twice",
				    all[i]);
	return true;
}

bool
setup_plan(const struct setup_args *a, const char *dir, struct setup *ret,
    struct err *e)
{
	char *host = NULL;
	unsigned long port;

	*ret = (struct setup){
		.dir = dir,
		.name = or_else(a->name, "Hanaper"),
		.api = or_else(a->api, SETUP_API),
		.http = or_else(a->http, SETUP_HTTP),
		.metrics = or_else(a->metrics, SETUP_METRICS),
		.now = clock_now(),
		.workfd = -1,
	};
	if (a->system && !setup_system_plan(a, ret, e))
		return false;
	if (ret->name[0] == '\0' || strlen(ret->name) > NAME_MAX_LEN)
		return err_set(e, ERR_MALFORMED, "--name wants 1 to %zu characters",
		    NAME_MAX_LEN);
	if (!split_address(ret->metrics, "metrics", &host, &port, e))
		return false;
	free(host);
	return check_listeners(ret, e) && choose_domains(a, ret, e) &&
	       choose_server_names(a, ret, e) &&
	       choose_url(a, a->url_api, "api", "https", ret->api, &ret->url_api, e) &&
	       choose_url(a, a->url_public, "http", "http", ret->http, &ret->url_public,
		   e) &&
	       choose_keys(a, ret, e) && read_passphrase(a, ret, e);
}

void
setup_plan_warn(const struct setup *s)
{
	struct err ignored;
	char *api = NULL, *public = NULL;
	unsigned long port;

	/* A URL without a port is one that was given, or is of port 80. */
	const char *address = s->url_public + sizeof("http://") - 1;
	char *with_port = mem_printf("%s:80", address);

	if (split_address(s->api, "api", &api, &port, &ignored) &&
	    (split_address(address, "http", &public, &port, &ignored) ||
		split_address(with_port, "http", &public, &port, &ignored)) &&
	    !is_loopback(api) && is_loopback(public))
		out_note("certificates will name %s for CRL and OCSP, which only this "
			 "machine reaches; --http %s:8080, or --url-public URL, "
			 "changes that",
		    s->url_public, strchr(api, ':') != NULL ? "[::]" : "0.0.0.0");
	free(with_port);
	free(api);
	free(public);
}

void
setup_plan_warn_open(const struct setup *s)
{
	const struct {
		const char *option, *address;
	} all[] = { { "api", s->api }, { "http", s->http }, { "metrics", s->metrics } };

	for (size_t i = 0; i < NITEMS(all); i++) {
		char *host = NULL;
		unsigned long port;
		struct err ignored;

		if (split_address(all[i].address, all[i].option, &host, &port,
			&ignored) &&
		    !is_loopback(host))
			out_note("this throw-away CA listens on %s, where other "
				 "machines reach it; --%s 127.0.0.1:%lu keeps it to "
				 "this one",
			    all[i].address, all[i].option, port);
		free(host);
	}
}
