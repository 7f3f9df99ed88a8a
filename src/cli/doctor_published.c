/* SPDX-License-Identifier: Apache-2.0 */
/* What an outsider sees: certificates, CRLs and OCSP at the URLs inside certificates. */
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/doctor.h"
#include "cli/ocsp_ask.h"
#include "codec/json.h"
#include "x509/cert.h"

#define DAY_S       INT64_C(86400)
#define FETCH_MAX   MIB(512)
#define LIST_DUE_S  60
#define ISSUER_WARN (60 * DAY_S) /* what an issuer should have left, at least */

static const char reach[] =
    "check urls.public in hanaper.yaml and that clients reach it";

/* Is nothing issued by it any more?  From afar nobody knows. */
static bool
is_followed(const struct doctor *d, const char *issuer)
{
	if (d->conf == NULL || conf_issuer_find(d->conf, bytes_str(issuer)) == NULL)
		return false;
	for (size_t i = 0; i < d->conf->n_profiles; i++)
		if (strcmp(d->conf->profiles[i].issuer, issuer) == 0)
			return false;
	return true;
}

/* How much it should have left: as much as its profiles give without being asked. */
static int64_t
enough(const struct doctor *d, const char *issuer)
{
	int64_t s = ISSUER_WARN;

	for (size_t i = 0; d->conf != NULL && i < d->conf->n_profiles; i++) {
		const struct conf_profile *p = &d->conf->profiles[i];

		if (strcmp(p->issuer, issuer) == 0 && p->validity_default_s > s)
			s = p->validity_default_s;
	}
	return s;
}

/* What is to be done about one that ends: by whom it is followed, or that it has been. */
static const char *
at_its_end(const char *issuer, bool followed)
{
	if (followed)
		return "take its row out of hanaper.yaml: what it issued has ended, "
		       "too";
	return strcmp(issuer, "root") == 0
		   ? "make another CA in good time: hanaper init"
		   : "make its successor in good time: hanaper rotate";
}

/* One that is revoked; false: it is not. */
static bool
say_revoked(struct doctor *d, const json_t *issuer)
{
	const char *name = json_text(issuer, "name");
	const char *at = json_text(issuer, "revoked_at");

	if (at == NULL)
		return false;
	if (is_followed(d, name))
		doctor_say(d, DOCTOR_OK, NULL, "issuer %s is revoked, and followed",
		    name);
	else {
		char *todo = mem_printf("stop the daemon, hanaper rotate, start it; "
					"hanaper renew-all "
					"--where issuer=%s --within 6h",
		    name);

		doctor_say(d, DOCTOR_FAIL, todo,
		    "issuer %s was revoked at %s and signs nothing", name, at);
		free(todo);
	}
	return true;
}

void
doctor_lifetimes(struct doctor *d)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->issuers, i, v)
	{
		int64_t end;
		struct err e;

		if (say_revoked(d, v) ||
		    !clock_rfc3339_parse(bytes_str(json_text(v, "not_after")), &end,
			&e))
			continue;
		const int64_t left = end - clock_now();
		const char *name = json_text(v, "name");
		const bool followed = is_followed(d, name);
		const enum doctor_level level = left >= (followed ? 0 : enough(d, name))
						    ? DOCTOR_OK
						: left < 0 && !followed ? DOCTOR_FAIL
									: DOCTOR_WARN;
		const int64_t days = (left + (left < 0 ? -DAY_S : DAY_S) / 2) / DAY_S;

		doctor_say(d, level,
		    level == DOCTOR_OK ? NULL : at_its_end(name, followed),
		    "issuer %s has %lld %s left", name, (long long)days,
		    out_noun((uint64_t)days, "day", "days"));
	}
}

static bool
host_is(const char *url, const char *host)
{
	const char *at = strstr(url, "://");
	const size_t n = strlen(host);

	return at != NULL && strncmp(at + 3, host, n) == 0 &&
	       strchr(":/", at[3 + n]) != NULL;
}

/* That it has no address is told once, and holds for all below it. */
static bool
is_lost(const struct doctor *d, const char *url)
{
	return d->lost != NULL && url != NULL && host_is(url, d->lost);
}

static void
say_unreachable(struct doctor *d, const char *url, const struct err *why)
{
	if (why->code != ERR_NOT_FOUND) {
		doctor_say(d, DOCTOR_FAIL, reach, "%s", why->detail);
		return;
	}
	const char *host = strstr(url, "://") + 3;
	free(d->lost);
	d->lost = mem_strndup(bytes_of(host, strcspn(host, ":/")));
	doctor_say(d, DOCTOR_FAIL,
	    "give the name an address in the DNS, or change urls.public in "
	    "hanaper.yaml before more is issued",
	    "%s has no address: certificates say %s", d->lost, url);
}

/* The DER that the daemon gives for an issuer. */
static bool
issuer_der(const json_t *issuer, struct cert **ret, struct err *e)
{
	return cert_parse_any(bytes_str(json_text(issuer, "certificate")), ret, e);
}

static void
check_certificate(struct doctor *d, const json_t *issuer)
{
	const char *url = json_text(issuer, "certificate_url");
	struct cert *cert = NULL;
	struct buf got;
	struct err e;

	if (is_lost(d, url))
		return;
	buf_init(&got, KIB(64));
	if (!issuer_der(issuer, &cert, &e) || !client_get_url(url, &got, &e))
		say_unreachable(d, url, &e);
	else if (!bytes_eq(buf_bytes(&got), buf_bytes(&cert->der)))
		doctor_say(d, DOCTOR_FAIL, reach,
		    "%s is not the certificate of issuer %s", url,
		    json_text(issuer, "name"));
	else
		doctor_say(d, DOCTOR_OK, NULL, "%s answers", url);
	buf_free(&got);
	cert_free(cert);
}

void
doctor_certificates(struct doctor *d)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->issuers, i, v)
	{
		check_certificate(d, v);
	}
}

/* Signed by the issuer, and not past its time? */
static bool
judge_crl(gnutls_x509_crl_t crl, gnutls_x509_crt_t issuer, struct err *e)
{
	unsigned bad = 0;
	char at[CLOCK_RFC3339_LEN];

	if (gnutls_x509_crl_verify(crl, &issuer, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS,
		&bad) < 0 ||
	    bad != 0)
		return err_set(e, ERR_MALFORMED, "its signature is not the issuer's");
	const int64_t next = gnutls_x509_crl_get_next_update(crl);
	clock_rfc3339(next, at);
	if (next < clock_now())
		return err_set(e, ERR_UNAVAILABLE, "its nextUpdate was %s", at);
	if (gnutls_x509_crl_get_this_update(crl) > clock_now() + 60)
		return err_set(e, ERR_UNAVAILABLE, "its thisUpdate is in the future");
	return true;
}

static bool
read_crl(struct bytes der, const struct cert *issuer, struct err *e)
{
	const gnutls_datum_t in = { (uint8_t *)(uintptr_t)der.p, (unsigned)der.n };
	const gnutls_datum_t by = { issuer->der.p, (unsigned)issuer->der.n };
	gnutls_x509_crl_t crl = NULL;
	gnutls_x509_crt_t crt = NULL;
	bool ok = false;

	if (gnutls_x509_crl_init(&crl) < 0 || gnutls_x509_crt_init(&crt) < 0)
		err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	else if (gnutls_x509_crl_import(crl, &in, GNUTLS_X509_FMT_DER) < 0 ||
		 gnutls_x509_crt_import(crt, &by, GNUTLS_X509_FMT_DER) < 0)
		err_set(e, ERR_MALFORMED, "what came is no CRL");
	else
		ok = judge_crl(crl, crt, e);
	if (crl != NULL)
		gnutls_x509_crl_deinit(crl);
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	return ok;
}

/* Is this serial on the list? */
static bool
is_on(struct bytes der, const char *hex)
{
	const gnutls_datum_t in = { (uint8_t *)(uintptr_t)der.p, (unsigned)der.n };
	gnutls_x509_crl_t crl = NULL;
	struct serial serial;
	struct err ignored;
	bool found = false;

	if (!serial_from_hex(bytes_str(hex), &serial, &ignored) ||
	    gnutls_x509_crl_init(&crl) < 0)
		return false;
	const int n = gnutls_x509_crl_import(crl, &in, GNUTLS_X509_FMT_DER) == 0
			  ? gnutls_x509_crl_get_crt_count(crl)
			  : 0;
	for (int i = 0; i < n && !found; i++) {
		uint8_t of[SERIAL_LEN + 1];
		size_t size = sizeof(of);
		time_t at;

		found = gnutls_x509_crl_get_crt_serial(crl, (unsigned)i, of, &size,
			    &at) == 0 &&
			size >= serial.n &&
			bytes_eq(bytes_of(of + size - serial.n, serial.n),
			    serial_bytes(&serial));
	}
	gnutls_x509_crl_deinit(crl);
	return found;
}

/*
 * Should the list of 'by' name what was revoked then?  It is made some seconds later,
 * or when the key is back.
 */
static bool
is_due(const json_t *by, const json_t *revoked_at)
{
	int64_t at;
	struct err ignored;

	return json_is_string(revoked_at) &&
	       (json_is_true(json_object_get(by, "offline")) ||
		   !clock_rfc3339_parse(bytes_str(json_string_value(revoked_at)), &at,
		       &ignored) ||
		   clock_now() - at > LIST_DUE_S);
}

/* An intermediate that is revoked, which the root's list does not name; NULL: none. */
static const char *
not_named(const struct doctor *d, const json_t *issuer, struct bytes der)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->issuers, i, v)
	{
		if (is_due(issuer, json_object_get(v, "revoked_at")) &&
		    bytes_eq_str(bytes_str(json_text(issuer, "name")), "root") &&
		    !is_on(der, json_text(v, "serial")))
			return json_text(v, "name");
	}
	return NULL;
}

static void
check_crl(struct doctor *d, const json_t *issuer)
{
	const char *missing = NULL;
	const char *url = json_text(issuer, "crl_url");
	struct cert *cert = NULL;
	struct buf got;
	struct err e;

	if (is_lost(d, url))
		return;
	buf_init(&got, FETCH_MAX);
	if (!json_is_object(json_object_get(issuer, "crl")))
		doctor_say(d, DOCTOR_WARN,
		    "put the issuer's key back once, and the daemon makes one",
		    "issuer %s has no CRL", json_text(issuer, "name"));
	else if (!issuer_der(issuer, &cert, &e) || !client_get_url(url, &got, &e))
		say_unreachable(d, url, &e);
	else if (!read_crl(buf_bytes(&got), cert, &e))
		doctor_say_log(d, " for why no new one is made", "%s: %s", url,
		    e.detail);
	else if ((missing = not_named(d, issuer, buf_bytes(&got))) != NULL)
		doctor_say(d, DOCTOR_FAIL,
		    "put root.key back and start the daemon anew; move it away again "
		    "when this is gone",
		    "%s does not name issuer %s, which is revoked", url, missing);
	else
		doctor_say(d, DOCTOR_OK, NULL, "%s answers, signed and fresh", url);
	buf_free(&got);
	cert_free(cert);
}

/* None is made any more; that its issuer ended is told with the lifetimes. */
static bool
has_ended(const json_t *issuer)
{
	int64_t end;
	struct err ignored;

	return clock_rfc3339_parse(bytes_str(json_text(issuer, "not_after")), &end,
		   &ignored) &&
	       end <= clock_now();
}

void
doctor_crl(struct doctor *d)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->issuers, i, v)
	{
		if (!has_ended(v))
			check_crl(d, v);
	}
}

static gnutls_x509_crt_t
import(const char *pem)
{
	const gnutls_datum_t in = { (uint8_t *)(uintptr_t)pem, (unsigned)strlen(pem) };
	gnutls_x509_crt_t crt = NULL;

	if (gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_PEM) < 0) {
		gnutls_x509_crt_deinit(crt);
		return NULL;
	}
	return crt;
}

/* Asks about one certificate as a client would, and believes only what it may. */
static void
ask_ocsp(struct doctor *d, const json_t *issuer, const json_t *certificate)
{
	const char *url = json_text(issuer, "ocsp_url");
	gnutls_x509_crt_t leaf = import(json_text(certificate, "certificate"));
	gnutls_x509_crt_t by = import(json_text(issuer, "certificate"));
	struct ocsp_ask *ask = NULL;
	struct ocsp_told told;
	struct buf got;
	struct err e = { 0 };

	buf_init(&got, KIB(64));
	if (leaf == NULL || by == NULL)
		doctor_say_log(d, "", "a certificate cannot be read");
	else if (!ocsp_ask_new(leaf, by, &ask, &e) ||
		 !client_post_url(url, "application/ocsp-request",
		     ocsp_ask_request(ask), &got, &e))
		say_unreachable(d, url, &e);
	else if (!ocsp_ask_answer(ask, buf_bytes(&got), &told, &e))
		doctor_say(d, DOCTOR_FAIL, reach, "%s: %s", url, e.detail);
	else
		doctor_say(d, DOCTOR_OK, NULL, "%s answers %s about %s", url,
		    told.status, json_text(certificate, "serial"));
	ocsp_ask_free(ask);
	buf_free(&got);
	if (leaf != NULL)
		gnutls_x509_crt_deinit(leaf);
	if (by != NULL)
		gnutls_x509_crt_deinit(by);
}

static void
check_ocsp(struct doctor *d, const json_t *issuer)
{
	char *path = mem_printf("/v1/certificates?status=valid&limit=1&issuer=%s",
	    json_text(issuer, "name"));
	json_t *list = NULL, *one = NULL;
	struct err e;

	bool ok = client_get_json(d->client, path, &list, &e);
	free(path);
	const json_t *first = json_array_get(json_object_get(list, "certificates"), 0);
	if (ok && first != NULL) {
		path = mem_printf("/v1/certificates/%s", json_text(first, "serial"));
		ok = client_get_json(d->client, path, &one, &e);
		free(path);
		if (ok)
			ask_ocsp(d, issuer, one);
	}
	if (!ok)
		doctor_say_log(d, "", "%s", e.detail);
	else if (first == NULL)
		doctor_say(d, DOCTOR_OK, NULL,
		    "issuer %s has no valid certificate to ask about",
		    json_text(issuer, "name"));
	json_decref(list);
	json_decref(one);
}

void
doctor_ocsp(struct doctor *d)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->issuers, i, v)
	{
		if (json_is_true(json_object_get(v, "offline")))
			doctor_say(d, DOCTOR_OK, NULL,
			    "the key of %s is not here: its CRL tells of the issuers, "
			    "OCSP does not",
			    json_text(v, "name"));
		else if (json_is_object(json_object_get(v, "crl")) &&
			 !is_lost(d, json_text(v, "ocsp_url")))
			check_ocsp(d, v);
	}
}
