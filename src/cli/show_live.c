/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper show HOST:PORT - what a server presents, and what we know of it. */
#include "cli/show_live.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "cli/live.h"
#include "cli/view.h"
#include "codec/pem.h"
#include "sys/file.h"
#include "x509/cert.h"

#define ROOTS_MAX KIB(256)
#define DN_MAX    1024

/* ---- what is presented ---- */

static void
set_time(json_t *v, const char *member, time_t at)
{
	char text[CLOCK_RFC3339_LEN];

	clock_rfc3339(at, text);
	json_object_set_new(v, member, json_string(text));
}

static void
set_serial(json_t *v, gnutls_x509_crt_t crt)
{
	unsigned char octets[64];
	char hex[2 * sizeof(octets) + 1];
	size_t n = sizeof(octets);

	if (gnutls_x509_crt_get_serial(crt, octets, &n) < 0)
		return;
	struct bytes b = bytes_of(octets, n);
	while (b.n > 1 && b.p[0] == 0)
		b = bytes_skip(b, 1);
	hex_write(b, hex);
	json_object_set_new(v, "serial", json_string(hex));
}

static json_t *
crt_json(gnutls_x509_crt_t crt)
{
	char dn[DN_MAX];
	size_t n = sizeof(dn);
	json_t *v = json_object();

	set_serial(v, crt);
	json_object_set_new(v, "subject",
	    json_string(gnutls_x509_crt_get_dn(crt, dn, &n) >= 0 ? dn : ""));
	n = sizeof(dn);
	json_object_set_new(v, "issuer",
	    json_string(gnutls_x509_crt_get_issuer_dn(crt, dn, &n) >= 0 ? dn : ""));
	set_time(v, "not_before", gnutls_x509_crt_get_activation_time(crt));
	set_time(v, "not_after", gnutls_x509_crt_get_expiration_time(crt));
	return v;
}

static json_t *
names_json(gnutls_x509_crt_t crt)
{
	gnutls_datum_t der = { 0 };
	struct cert *cert = NULL;
	struct err ignored;
	json_t *list = json_array();

	/* Read by our own reader: what it does not take is no certificate of ours. */
	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der) < 0 ||
	    !cert_parse(bytes_of(der.data, der.size), &cert, &ignored))
		cert = NULL;
	for (size_t i = 0; cert != NULL && i < cert->names.n; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s}", "type",
			sets_name_type_word(cert->names.v[i].type), "value",
			cert->names.v[i].text));
	gnutls_free(der.data);
	cert_free(cert);
	return list;
}

static json_t *
presented_json(const struct live *l, const char *address)
{
	json_t *v = crt_json(l->chain[0]), *chain = json_array();

	json_object_set_new(v, "address", json_string(address));
	json_object_set_new(v, "protocol", json_string(l->protocol));
	json_object_set_new(v, "names", names_json(l->chain[0]));
	json_object_set_new(v, "stapled", json_boolean(l->stapled));
	for (unsigned i = 1; i < l->n; i++)
		json_array_append_new(chain, crt_json(l->chain[i]));
	json_object_set_new(v, "chain", chain);
	return v;
}

/* ---- what we know of it ---- */

/* The root of --cacert, else what the daemon hands out. */
static bool
find_roots(struct client *c, const struct options_common *o, struct buf *ret,
    struct err *e)
{
	if (o->cacert != NULL)
		return file_read_named(o->cacert, ret, e);
	return client_get(c, "/ca/roots.pem", "*/*", ret, e);
}

/* The very octets, or another certificate that has come to the same serial? */
static bool
is_same(const struct live *l, const char *pem)
{
	struct bytes text = bytes_str(pem), label;
	gnutls_datum_t shown = { 0 };
	struct err ignored;
	struct buf der;

	buf_init(&der, KIB(64));
	const bool same = pem_next(&text, &label, &der, &ignored) &&
			  live_der(l, 0, &shown, &ignored) &&
			  bytes_eq(buf_bytes(&der), bytes_of(shown.data, shown.size));
	gnutls_free(shown.data);
	buf_free(&der);
	return same;
}

/* Sets "known" to what the daemon has of it; null: it never issued this one. */
static bool
add_known(struct client *c, const struct live *l, json_t *v, struct err *e)
{
	const char *serial = json_text(v, "serial");
	char *path = mem_printf("/v1/certificates/%s", serial != NULL ? serial : "0");
	json_t *known = NULL;

	const bool ok = client_get_json(c, path, &known, e) ||
			e->code == ERR_NOT_FOUND || e->code == ERR_MALFORMED;
	const char *pem = json_text(known, "certificate");
	if (ok && (pem == NULL || !is_same(l, pem))) {
		json_decref(known);
		known = json_null();
	}
	if (ok)
		json_object_set_new(v, "known", known);
	free(path);
	return ok;
}

static void
add_verified(struct client *c, const struct options_common *o, const struct live *l,
    const char *name, json_t *v)
{
	struct buf roots;
	struct err e = { 0 };

	buf_init(&roots, ROOTS_MAX);
	const bool verified =
	    find_roots(c, o, &roots, &e) && live_verify(l, name, buf_bytes(&roots), &e);
	json_object_set_new(v, "verified", json_boolean(verified));
	if (!verified)
		json_object_set_new(v, "why", json_string(e.detail));
	buf_free(&roots);
}

/* ---- for people ---- */

static void
print_chain(const json_t *v)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(v, "chain"), i, one)
	{
		char *text = mem_printf("%s, until %s", json_text(one, "subject"),
		    json_text(one, "not_after"));

		out_field(i == 0 ? "presents too" : "", VIEW_LABEL, text);
		free(text);
	}
}

static void
print_known(const json_t *v)
{
	const json_t *known = json_object_get(v, "known");

	if (!json_is_object(known)) {
		out_field("known", VIEW_LABEL, "no: this CA did not issue it");
		return;
	}
	puts("\nWhat the CA knows of it:");
	view_certificate(known);
	if (json_object_get(known, "revoked_at") != NULL)
		out_next("hanaper issue, and give the server the new files");
	else
		out_next("hanaper ocsp %s", json_text(v, "serial"));
}

static void
print(const json_t *v)
{
	const bool verified = json_is_true(json_object_get(v, "verified"));

	view_field(v, "address", "server");
	view_field(v, "protocol", "protocol");
	view_field(v, "serial", "serial");
	view_field_names(v, "names");
	view_field(v, "subject", "subject");
	view_field(v, "issuer", "issuer");
	view_field_time(v, "not_before", "not before");
	view_field_time(v, "not_after", "not after");
	out_field("OCSP stapled", VIEW_LABEL,
	    json_is_true(json_object_get(v, "stapled")) ? "yes" : "no");
	print_chain(v);
	if (verified)
		out_field("verified", VIEW_LABEL, "yes, against our root");
	else {
		char *text = mem_printf("no: %s", json_text(v, "why"));

		out_field("verified", VIEW_LABEL, text);
		free(text);
	}
	print_known(v);
}

int
show_live(struct client *c, const struct options_common *o, const char *sni)
{
	const char *address = o->operands[0];
	struct live l = { 0 };
	struct err e = { 0 };

	if (!live_fetch(address, sni, &l, &e))
		return out_fail(&e);
	json_t *v = presented_json(&l, address);
	add_verified(c, o, &l, sni != NULL ? sni : l.host, v);
	int status =
	    json_is_true(json_object_get(v, "verified")) ? OUT_DONE : OUT_FAILED;
	if (!add_known(c, &l, v, &e))
		status = client_fail(c, &e);
	else if (o->json)
		out_json(json_incref(v));
	else
		print(v);
	json_decref(v);
	live_free(&l);
	return status;
}
