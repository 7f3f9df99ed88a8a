/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/filter.h"
#include "cli/mint.h"
#include "cli/rotate.h"
#include "codec/pem.h"
#include "store/store_certificate.h"
#include "sys/file.h"
#include "x509/dn.h"

#define CERTS_MAX  KIB(64)
#define CN_CHARS   64     /* ub-common-name, P14 */
#define NUMBER_MAX 999999 /* longer ones are no numbers of ours */

/* ---- which issuer ---- */

/* Does anything get its certificate from it? */
static bool
is_in_use(const struct conf *c, const char *issuer)
{
	for (size_t i = 0; i < c->n_profiles; i++)
		if (strcmp(c->profiles[i].issuer, issuer) == 0)
			return true;
	return false;
}

/* Those that can be followed: "main, other". */
static char *
list_issuers(const struct conf *c)
{
	struct buf b;

	buf_init(&b, KIB(64));
	for (size_t i = 0; i < c->n_issuers; i++)
		if (is_in_use(c, c->issuers[i].name))
			buf_printf(&b, "%s%s", b.n > 0 ? ", " : "", c->issuers[i].name);
	char *ret = mem_strdup(buf_str(&b));
	buf_free(&b);
	return ret;
}

static bool
find_named(struct rotate *r, struct err *e)
{
	char *all = list_issuers(r->conf);

	r->old = conf_issuer_find(r->conf, bytes_str(r->issuer));
	if (r->old == NULL)
		err_set(e, ERR_NOT_FOUND, "there is no issuer \"%.40s\"; there is: %s",
		    r->issuer, all);
	else if (!is_in_use(r->conf, r->old->name)) {
		err_set(e, ERR_CONFLICT,
		    "no profile is of issuer %s any more, so there is nothing to "
		    "follow; profiles are of: %s",
		    r->old->name, all);
		r->old = NULL;
	}
	free(all);
	return r->old != NULL;
}

static bool
find_only(struct rotate *r, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < r->conf->n_issuers; i++)
		if (is_in_use(r->conf, r->conf->issuers[i].name)) {
			r->old = &r->conf->issuers[i];
			n++;
		}
	if (n == 1)
		return true;
	char *all = list_issuers(r->conf);
	r->misused = true;
	err_set(e, ERR_MALFORMED, "say which issuer is to be followed: %s", all);
	free(all);
	return false;
}

/* ---- by what name ---- */

/* "main-3" and '-': 3, and *ret_n is the length of "main".  Without such an end: 1. */
static unsigned long
number_of(const char *text, char before, size_t *ret_n)
{
	const char *at = strrchr(text, before);
	char *end = NULL;
	unsigned long n = 0;

	*ret_n = strlen(text);
	if (at != NULL && at != text && at[1] >= '1' && at[1] <= '9')
		n = strtoul(at + 1, &end, 10);
	if (end == NULL || *end != '\0' || n < 2 || n > NUMBER_MAX)
		return 1;
	*ret_n = (size_t)(at - text);
	return n;
}

/* A file of this name, beside one of the issuer before. */
static char *
beside(const char *path, const char *name, const char *suffix)
{
	const char *slash = strrchr(path, '/');

	return mem_printf("%.*s%s%s", slash == NULL ? 0 : (int)(slash + 1 - path), path,
	    name, suffix);
}

static bool
is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

void
rotate_forget_next(struct rotate *r)
{
	free(r->next.name);
	free(r->next.certificate);
	free(r->next.key);
	free(r->next.passphrase_file);
	free(r->next_certificate);
	free(r->next_key);
	r->next = (struct conf_issuer){ 0 };
	r->next_certificate = r->next_key = NULL;
}

/* Takes 'name'; false: it is taken, as an issuer or as a file. */
static bool
try_name(struct rotate *r, char *name)
{
	rotate_forget_next(r);
	r->next = (struct conf_issuer){
		.name = name,
		.certificate = beside(r->old->certificate, name, ".crt"),
		.key = beside(r->old->key, name, ".key"),
		.passphrase_file = mem_strdup(r->old->passphrase_file),
	};
	r->next_certificate = conf_path(r->conf, r->next.certificate);
	r->next_key = conf_path(r->conf, r->next.key);
	return conf_issuer_find(r->conf, bytes_str(name)) == NULL &&
	       !is_there(r->next_certificate) && !is_there(r->next_key);
}

static bool
choose_name(struct rotate *r, struct err *e)
{
	size_t n;

	if (r->as != NULL && (!conf_is_name(r->as) || strcmp(r->as, "root") == 0)) {
		r->misused = true;
		return err_set(e, ERR_MALFORMED,
		    "--as %.40s: a name is of a-z, 0-9 and '-', does not begin with "
		    "'-', has at most %d characters, and is not \"root\"",
		    r->as, CONF_NAME_MAX);
	}
	if (r->as != NULL)
		return try_name(r, mem_strdup(r->as)) ||
		       err_set(e, ERR_CONFLICT,
			   "--as %s: there is an issuer of this name, or a file %s or "
			   "%s",
			   r->as, r->next_certificate, r->next_key);
	const unsigned long last = number_of(r->old->name, '-', &n);
	for (unsigned long k = last + 1;; k++) {
		char *name = mem_printf("%.*s-%lu", (int)n, r->old->name, k);

		if (!conf_is_name(name)) {
			r->misused = true;
			err_set(e, ERR_MALFORMED,
			    "the name would be too long; choose one: --as NAME");
			free(name);
			return false;
		}
		if (try_name(r, name))
			return true;
	}
}

bool
rotate_plan_names(struct rotate *r, struct err *e)
{
	const struct conf *c = r->conf;

	if (!(r->issuer != NULL ? find_named(r, e) : find_only(r, e)) ||
	    !choose_name(r, e))
		return false;
	for (size_t i = 0; i < c->n_grants; i++)
		if (c->grants[i].who.issuer != NULL &&
		    strcmp(c->grants[i].who.issuer, r->old->name) == 0)
			strings_printf(&r->told,
			    "grant %zu of %s is for certificates of issuer %s: it was "
			    "left as it is; those of %s may want one too",
			    i + 1, c->file, r->old->name, r->next.name);
	return true;
}

/* ---- the certificates that there are ---- */

/* The only certificate of a file. */
static bool
load_only(const char *path, struct cert **ret, struct err *e)
{
	struct buf text, der;
	struct bytes label;
	struct cert *c = NULL;
	bool ok;

	buf_init(&text, CERTS_MAX);
	buf_init(&der, CERTS_MAX);
	const bool there = file_read(AT_FDCWD, path, &text, e); /* names it by itself */
	struct bytes rest = buf_bytes(&text);
	ok = there && pem_next(&rest, &label, &der, e) &&
	     cert_parse(buf_bytes(&der), &c, e);
	if (ok && pem_next(&rest, &label, &der, e)) {
		ok = err_set(e, ERR_CONFLICT,
		    "%s holds a chain: only an issuer that the root itself has signed "
		    "can be followed by this command",
		    path);
	} else if (ok) {
		*ret = c;
		c = NULL;
	} else if (there) {
		err_prefix(e, path);
	}
	cert_free(c);
	buf_free(&text);
	buf_free(&der);
	return ok;
}

static bool
load_first(const char *path, struct cert **ret, struct err *e)
{
	struct buf text;

	buf_init(&text, CERTS_MAX);
	const bool ok =
	    file_read(AT_FDCWD, path, &text, e) &&
	    (cert_parse_any(buf_bytes(&text), ret, e) || err_prefix(e, path));
	buf_free(&text);
	return ok;
}

static bool
load_certificates(struct rotate *r, struct err *e)
{
	char *root = conf_path(r->conf, "root.crt");
	char *old = conf_path(r->conf, r->old->certificate);
	bool ok = load_first(root, &r->root, e) && load_only(old, &r->old_cert, e);

	if (ok && !cert_is_by(r->old_cert, r->root))
		ok = err_set(e, ERR_CONFLICT,
		    "%s was not signed by the root in %s: only an issuer that the "
		    "root itself has signed can be followed by this command",
		    old, root);
	if (ok && !r->old_cert->any_usage && r->old_cert->usages == 0)
		ok = err_set(e, ERR_CONFLICT,
		    "%s is bound to extended key usages that are not known here", old);
	free(root);
	free(old);
	return ok;
}

/* ---- how long, and which key ---- */

static bool
choose_key(struct rotate *r, struct err *e)
{
	r->alg = r->old_cert->key.alg;
	r->bits = r->old_cert->key.bits;
	if (r->key_type == NULL ||
	    key_type_from(bytes_str(r->key_type), &r->alg, &r->bits, e))
		return true;
	r->misused = true;
	return err_prefix(e, "--key-type");
}

/* Times that go wrong where the clock does: a certificate cannot be taken back. */
static bool
check_clock(struct rotate *r, struct err *e)
{
	char now[CLOCK_RFC3339_LEN], at[CLOCK_RFC3339_LEN];

	if (r->now < r->root->not_before) {
		clock_rfc3339(r->now, now);
		clock_rfc3339(r->root->not_before, at);
		return err_set(e, ERR_CONFLICT,
		    "it is %s by the clock, and the root began at %s: set the clock",
		    now, at);
	}
	if (r->now > r->old_cert->not_after) {
		clock_rfc3339(r->old_cert->not_after, at);
		strings_printf(&r->told,
		    "issuer %s ended at %s: if that is not so, set the clock and "
		    "rotate again",
		    r->old->name, at);
	}
	return true;
}

/* The last second counts (P8), and none is past the root's (P10). */
static bool
choose_times(struct rotate *r, struct err *e)
{
	const struct cert *root = r->root, *old = r->old_cert;
	char at[CLOCK_RFC3339_LEN];

	clock_rfc3339(root->not_after, at);
	if (root->not_after <= r->now)
		return err_set(e, ERR_CONFLICT,
		    "the root ended at %s: what it signs is worth nothing; make "
		    "another CA: hanaper init",
		    at);
	r->validity_s = old->not_after - old->not_before + 1;
	r->not_before = r->now - MINT_CA_BACKDATE_S;
	if (r->not_before < root->not_before)
		r->not_before = root->not_before; /* P9 */
	if (r->validity != NULL &&
	    !filter_span("--validity", r->validity, &r->validity_s, e)) {
		r->misused = true;
		return false;
	}
	if (r->not_before + r->validity_s - 1 <= r->now) {
		r->misused = true;
		return err_set(e, ERR_MALFORMED,
		    "it would have ended already: a longer --validity is needed, which "
		    "counts from an hour ago");
	}
	if (r->validity_s >= root->not_after - r->not_before + 1) {
		r->validity_s = root->not_after - r->not_before + 1;
		strings_printf(&r->told, "it ends with the root, at %s%s", at,
		    root->not_after <= old->not_after
			? ", no later than the one before: it is time for another root"
			: "");
	}
	return true;
}

bool
rotate_plan_certificate(struct rotate *r, struct err *e)
{
	return load_certificates(r, e) && check_clock(r, e) && choose_key(r, e) &&
	       choose_times(r, e);
}

/* ---- the subject ---- */

static bool
take_cn(void *arg, const struct certificate_row *row, struct err *e)
{
	(void)e;
	strings_add(arg, row->cn != NULL ? row->cn : "");
	return true;
}

/* Common names of the root, of all issuers, and of what the root ever signed. */
static bool
taken_names(const struct rotate *r, struct strings *ret, struct err *e)
{
	const struct certificate_query q = {
		.issuer = "root",
		.profile = "intermediate",
		.limit = CERTIFICATE_LIST_MAX,
	};

	strings_add(ret, r->root->cn);
	for (size_t i = 0; i < r->conf->n_issuers; i++) {
		char *path = conf_path(r->conf, r->conf->issuers[i].certificate);
		struct cert *c = NULL;
		const bool ok = load_first(path, &c, e);

		if (ok)
			strings_add(ret, c->cn);
		cert_free(c);
		free(path);
		if (!ok)
			return false;
	}
	return store_certificate_list(r->store, &q, take_cn, ret, e);
}

/* "BASE K" in at most 64 characters: what is too long loses its end. */
static char *
numbered(const char *base, size_t n, unsigned long k)
{
	char *number = mem_printf(" %lu", k);
	size_t chars = strlen(number), fits = 0;

	for (size_t i = 0; i < n; i++) {
		if (((unsigned char)base[i] & 0xc0) != 0x80 && ++chars > CN_CHARS)
			break;
		fits = i + 1;
	}
	while (fits > 0 && base[fits - 1] == ' ')
		fits--;
	char *ret = mem_printf("%.*s%s", (int)fits, base, number);
	free(number);
	return ret;
}

bool
rotate_plan_subject(const struct rotate *r, struct buf *ret, struct err *e)
{
	const char *cn = r->old_cert->cn[0] != '\0' ? r->old_cert->cn : r->old->name;
	struct strings taken = { 0 };
	size_t n;
	unsigned long k = number_of(cn, ' ', &n);
	bool ok = taken_names(r, &taken, e);

	for (bool found = false; ok && !found;) {
		char *next = numbered(cn, n, ++k);

		found = !strings_has(&taken, next);
		if (found)
			ok = dn_with_cn(r->old_cert->subject_dn, next, ret, e);
		free(next);
	}
	strings_free(&taken);
	return ok || err_prefix(e, "subject");
}
