/* SPDX-License-Identifier: Apache-2.0 */
/* Lints of the fields outside the extensions, and of names. */
#include <stdlib.h>
#include <string.h>

#include "lint_impl.h"
#include "x509/dn.h"

#define SERIAL_LEAST  8                      /* octets of 64 bits */
#define YEAR_2050     INT64_C(2524608000)    /* the first that UTCTime cannot say */
#define BROWSERS_MOST (INT64_C(398) * 86400) /* longest that browsers accept */

/* AlgorithmIdentifiers that are strong enough; RSA alone has parameters, NULL (P4, P5). */
static const struct {
	const char *oid;
	bool null;
} algorithms[] = {
	{ "1.2.840.10045.4.3.2", false },  /* ecdsa-with-SHA256 */
	{ "1.2.840.10045.4.3.3", false },  /* ecdsa-with-SHA384 */
	{ "1.2.840.10045.4.3.4", false },  /* ecdsa-with-SHA512 */
	{ "1.2.840.113549.1.1.11", true }, /* sha256WithRSAEncryption */
	{ "1.2.840.113549.1.1.12", true }, /* sha384WithRSAEncryption */
	{ "1.2.840.113549.1.1.13", true }, /* sha512WithRSAEncryption */
	{ "1.3.101.112", false },          /* Ed25519 */
	{ "1.3.101.113", false },          /* Ed448 */
};

const char *
lint_algorithm(struct bytes sig_alg)
{
	struct der all, oid, null;
	char text[64];
	struct err e;

	if (!der_whole(sig_alg, DER_SEQUENCE, &all, &e) ||
	    !der_expect(&all.body, DER_OID, &oid, &e) ||
	    !der_get_oid(oid.body, text, sizeof(text), &e))
		return "unreadable";
	for (size_t i = 0; i < NITEMS(algorithms); i++) {
		if (strcmp(algorithms[i].oid, text) != 0)
			continue;
		if (algorithms[i].null ? der_whole(all.body, DER_NULL, &null, &e)
				       : all.body.n == 0)
			return NULL;
		return "parameters as this algorithm has none";
	}
	return "an algorithm that is not strong enough";
}

const char *
lint_signature_algorithm(const struct lint_input *in)
{
	return lint_algorithm(in->cert->sig_alg);
}

const char *
lint_serial(const struct lint_input *in)
{
	return serial_der_len(&in->cert->serial) > SERIAL_LEN ? "over 20 octets" : NULL;
}

/* Its length tells what it cannot have; how ours are drawn is serial_new()'s (P2). */
const char *
lint_serial_random(const struct lint_input *in)
{
	return in->cert->serial.n < SERIAL_LEAST ? "without 64 bits to be random"
						 : NULL;
}

const char *
lint_validity_order(const struct lint_input *in)
{
	return in->cert->not_after < in->cert->not_before ? "ends before it begins"
							  : NULL;
}

const char *
lint_time(const struct der *t)
{
	int64_t at;
	struct err e;

	return der_get_time(t, &at, &e) &&
		       t->tag == (at < YEAR_2050 ? DER_UTC_TIME : DER_GENERALIZED_TIME)
		   ? NULL
		   : "not UTCTime to 2049 and GeneralizedTime from 2050";
}

const char *
lint_time_form(const struct lint_input *in)
{
	const char *fault = lint_time(&in->from);

	return fault != NULL ? fault : lint_time(&in->to);
}

const char *
lint_name(struct bytes dn)
{
	struct err e;

	if (dn.n <= 2)
		return "empty";
	return dn_check(dn, &e) ? NULL : "a name that cannot be read";
}

const char *
lint_issuer(const struct lint_input *in)
{
	return lint_name(in->cert->issuer_dn);
}

const char *
lint_cn(const struct lint_input *in)
{
	const struct cert *c = in->cert;

	if (c->ca || in->responder || c->cn[0] == '\0')
		return NULL;
	for (size_t i = 0; i < c->names.n; i++)
		if (strcmp(c->names.v[i].text, c->cn) == 0)
			return NULL;
	return "not among the subject alternative names";
}

const char *
lint_names(const struct lint_input *in)
{
	const struct names *names = &in->cert->names;

	for (size_t i = 0; i < names->n; i++) {
		const struct name *n = &names->v[i];
		char *normal = NULL;
		struct err e;

		if (!name_normal(n->type, bytes_str(n->text), &normal, &e))
			return "a name that is none";
		const bool same = strcmp(normal, n->text) == 0;
		free(normal);
		if (!same)
			return "a name that is not in its normal form";
	}
	return NULL;
}

const char *
lint_wildcards(const struct lint_input *in)
{
	const struct names *names = &in->cert->names;

	for (size_t i = 0; i < names->n; i++) {
		const char *s = names->v[i].text;

		if (names->v[i].type != NAME_TYPE_DNS || strchr(s, '*') == NULL)
			continue;
		if (strncmp(s, "*.", 2) != 0 || strchr(s + 2, '*') != NULL ||
		    strchr(s + 2, '.') == NULL)
			return "a wildcard too wide or not alone in the first label";
	}
	return NULL;
}

const char *
lint_key(const struct lint_input *in)
{
	const struct spki *k = &in->cert->key;

	if (sets_key_alg_word(k->alg) == NULL)
		return "of a kind that is not known";
	return k->alg == KEY_ALG_RSA && k->bits < 2048 ? "RSA below 2048 bits" : NULL;
}

const char *
lint_validity_long(const struct lint_input *in)
{
	const struct cert *c = in->cert;

	if (c->ca || (c->usages & USAGE_SERVER_AUTH) == 0)
		return NULL;
	return c->not_after - c->not_before + 1 > BROWSERS_MOST
		   ? "over 398 days: some browsers refuse it"
		   : NULL;
}
