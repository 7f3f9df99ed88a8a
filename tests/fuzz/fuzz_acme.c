/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the payloads of ACME requests hold beside a JWS (fuzz_jws) and a CSR (fuzz_csr):
 * identifiers of an order, a certificate to revoke, a certificate's name in renewal
 * information, patterns of an external account's key.  The first octet says which.
 */
#include "api/acme_identifiers.h"
#include "codec/json.h"
#include "fuzz.h"
#include "policy/acme_pattern.h"
#include "x509/cert.h"
#include "x509/certid.h"

/* ---- identifiers ---- */

/* What was let in is in normal form, once each, of a kind that can be validated. */
static void
check_identifiers(const struct acme_identifiers *ids)
{
	struct err e;

	require(ids->names.n > 0);
	for (size_t i = 0; i < ids->names.n; i++) {
		const struct name *name = &ids->names.v[i];
		char *again;

		require(name->type == NAME_TYPE_DNS || name->type == NAME_TYPE_IP);
		require(name_normal(name->type, bytes_str(name->text), &again, &e) &&
			strcmp(again, name->text) == 0);
		free(again);
		for (size_t k = 0; k < i; k++)
			require(ids->names.v[k].type != name->type ||
				strcmp(ids->names.v[k].text, name->text) != 0);
	}
}

static void
identifiers(struct bytes text, bool ancestors)
{
	struct acme_identifiers ids = { 0 };
	struct verdict v = { 0 };
	json_t *list = NULL;
	struct err e = { 0 };

	if (!json_read(text, &list, &e)) {
		told(&e);
		return;
	}
	if (acme_identifiers_read(list, 10, ancestors, &ids, &v, &e)) {
		require(v.refused == 0 && ids.names.n <= 40);
		check_identifiers(&ids);
	} else {
		told(&e);
		require(e.code == ERR_MALFORMED || e.code == ERR_IDENTIFIER_TYPE);
	}
	acme_identifiers_free(&ids);
	verdict_free(&v);
	v = (struct verdict){ 0 };
	if (!acme_identifiers_read_one(list, &ids, &v, &e))
		told(&e);
	acme_identifiers_free(&ids);
	verdict_free(&v);
	json_decref(list);
}

/* ---- certificates and what they are called ---- */

static void
certificate(struct bytes der)
{
	struct cert *c = NULL;
	struct certid id;
	struct buf b;
	struct err e = { 0 };

	if (!cert_parse(der, &c, &e)) {
		told(&e);
		return;
	}
	buf_init(&b, KIB(1));
	if (certid_write(c, &b, &e))
		require(certid_read(buf_bytes(&b), &id, &e) && certid_fits(&id, c));
	buf_free(&b);
	cert_free(c);
}

static void
called(struct bytes text)
{
	struct certid id;
	struct err e = { 0 };

	if (!certid_read(text, &id, &e))
		told(&e);
}

/* ---- patterns ---- */

/* As they are written they are read again, and are as many. */
static void
patterns(struct bytes text)
{
	struct conf_names names = { 0 }, again = { 0 };
	json_t *list = NULL;
	struct err e = { 0 };

	if (json_read(text, &list, &e) && acme_pattern_read(list, &names, &e)) {
		json_t *out = acme_pattern_json(&names);

		require(acme_pattern_read(out, &again, &e) &&
			acme_pattern_count(&again) == acme_pattern_count(&names));
		json_decref(out);
	} else {
		told(&e);
	}
	acme_pattern_free(&names);
	acme_pattern_free(&again);
	json_decref(list);
}

FUZZ_TARGET(acme)
{
	const struct bytes in = bytes_of(p, n);

	if (n == 0)
		return 0;
	const struct bytes rest = bytes_skip(in, 1);
	switch (p[0] % 5) {
	case 0:
	case 1:
		identifiers(rest, p[0] % 5 == 1);
		break;
	case 2:
		certificate(rest);
		break;
	case 3:
		called(rest);
		break;
	default:
		patterns(rest);
	}
	return 0;
}
