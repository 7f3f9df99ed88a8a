/* SPDX-License-Identifier: Apache-2.0 */
/* Root, three below it, and a stranger that bears the root's name. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/issuer.h"
#include "policy/issuer_chain.h"
#include "x509/dn.h"

#define FROM INT64_C(1800000000)

enum {
	ROOT,
	MIDDLE,
	LAST,
	BELOW,
	STRANGER,
	LEAF,
	CERTS
};

static const struct {
	const char *name, *by_name;
	int by;
	bool ca;
} made[CERTS] = {
	[ROOT] = { "Root", "Root", ROOT, true },
	[MIDDLE] = { "Middle", "Root", ROOT, true },
	[LAST] = { "Last", "Middle", MIDDLE, true },
	[BELOW] = { "Below", "Last", LAST, true },
	[STRANGER] = { "Root", "Root", STRANGER, true },
	[LEAF] = { "leaf.internal", "Last", LAST, false },
};

static struct key *keys[CERTS];
static struct cert *certs[CERTS];
static struct err e;

static struct cert *
make(size_t i)
{
	struct key *by = keys[made[i].by];
	struct names names = { 0 };
	struct buf issuer, subject, tbs, sig, der;
	struct cert *cert = NULL;
	struct spki spki;
	uint8_t id[20];

	buf_init(&issuer, KIB(1));
	buf_init(&subject, KIB(1));
	buf_init(&tbs, KIB(8));
	buf_init(&sig, KIB(2));
	buf_init(&der, KIB(8));
	cr_assert(dn_build(NULL, made[i].by_name, &issuer, &e) &&
		  dn_build(NULL, made[i].name, &subject, &e));
	cr_assert(spki_parse(key_spki(keys[i]), &spki, &e));
	spki_key_id(&spki, id);
	if (!made[i].ca)
		cr_assert(
		    names_add(&names, NAME_TYPE_DNS, bytes_str(made[i].name), &e));
	struct cert_spec s = {
		.sig_alg = key_sig_alg(by),
		.issuer_dn = buf_bytes(&issuer),
		.subject_dn = buf_bytes(&subject),
		.spki = key_spki(keys[i]),
		.key_id = bytes_of(id, sizeof(id)),
		.not_before = FROM,
		.not_after = FROM + 86400,
		.names = made[i].ca ? NULL : &names,
		.ca = made[i].ca,
		.key_usage = made[i].ca ? CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN
					: CERT_KU_DIGITAL_SIGNATURE,
		.usages = made[i].ca ? 0 : USAGE_SERVER_AUTH,
		.path_len = -1,
	};
	cr_assert(serial_new(FROM, &s.serial, &e));
	cr_assert(cert_build_tbs(&s, &tbs, &e), "%s", e.detail);
	cr_assert(key_sign(by, buf_bytes(&tbs), &sig, &e), "%s", e.detail);
	cr_assert(cert_assemble(buf_bytes(&tbs), s.sig_alg, buf_bytes(&sig), &der, &e));
	cr_assert(cert_parse(buf_bytes(&der), &cert, &e), "%s", e.detail);
	buf_free(&issuer);
	buf_free(&subject);
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&der);
	names_free(&names);
	return cert;
}

static void
begin(void)
{
	for (size_t i = 0; i < CERTS; i++)
		cr_assert(key_generate(KEY_ALG_ECDSA_P256, 0, &keys[i], &e));
	for (size_t i = 0; i < CERTS; i++)
		certs[i] = make(i);
}

static void
end(void)
{
	for (size_t i = 0; i < CERTS; i++) {
		cert_free(certs[i]);
		key_free(keys[i]);
	}
}

/* R26 */
Test(issuer, a_key_is_a_pair_with_its_own_certificate_alone, .init = begin, .fini = end)
{
	for (size_t i = 0; i < CERTS; i++)
		for (size_t k = 0; k < CERTS; k++) {
			e = (struct err){ 0 };
			cr_expect_eq(issuer_pair("main", certs[i], keys[k], &e), i == k,
			    "%zu %zu", i, k);
			cr_expect_eq(e.code, i == k ? ERR_NONE : ERR_CONFLICT);
		}
}

/* The issuer has the file 'own'; root and LAST are configured, too. */
static enum err_code
chain(size_t own_first, size_t own_second, size_t own_third, struct issuer_chain *ret)
{
	const struct issuer_chain_file all[] = {
		{ "root", { certs[ROOT] }, 1 },
		{ "last", { certs[LAST] }, 1 },
		{ "main", { certs[own_first], certs[own_second], certs[own_third] },
		    3 },
	};

	e = (struct err){ 0 };
	*ret = (struct issuer_chain){ .n = 0 };
	if (!issuer_chain_make(all, NITEMS(all), 2, ret, &e))
		cr_expect_eq(ret->n, 0, "ret is untouched on failure");
	return e.code;
}

static void
expect_chain(const struct issuer_chain *got, const size_t *want, size_t n)
{
	cr_assert_eq(got->n, n, "%zu", got->n);
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(got->v[i], certs[want[i]], "%zu", i);
}

/* P41 */
Test(issuer, a_chain_leads_in_order_through_those_between_to_this_root, .init = begin,
    .fini = end)
{
	struct issuer_chain c;

	cr_expect_eq(chain(LAST, MIDDLE, MIDDLE, &c), ERR_NONE, "%s", e.detail);
	expect_chain(&c, (const size_t[]){ LAST, MIDDLE, ROOT }, 3);
	cr_expect_eq(chain(BELOW, MIDDLE, LEAF, &c), ERR_NONE, "%s", e.detail);
	expect_chain(&c, (const size_t[]){ BELOW, LAST, MIDDLE, ROOT }, 4);
	cr_expect(issuer_chain_has(&c, certs[MIDDLE]));
	cr_expect_not(issuer_chain_has(&c, certs[LEAF]), "it belongs to nothing");
	cr_expect_eq(chain(MIDDLE, LAST, LAST, &c), ERR_NONE, "%s", e.detail);
	expect_chain(&c, (const size_t[]){ MIDDLE, ROOT }, 2);
}

Test(issuer, a_copy_of_the_root_is_the_root, .init = begin, .fini = end)
{
	struct cert *copy = NULL, *root = certs[ROOT];
	struct issuer_chain c;

	cr_assert(cert_parse(buf_bytes(&root->der), &copy, &e), "%s", e.detail);
	const struct issuer_chain_file all[] = {
		{ "root", { root }, 1 },
		{ "main", { certs[MIDDLE], copy }, 2 },
	};
	cr_assert(issuer_chain_make(all, NITEMS(all), 1, &c, &e), "%s", e.detail);
	expect_chain(&c, (const size_t[]){ MIDDLE, ROOT }, 2);
	cr_expect(issuer_chain_has(&c, copy));
	cert_free(copy);
}

Test(issuer, what_does_not_lead_to_this_root_is_no_chain, .init = begin, .fini = end)
{
	struct issuer_chain c;

	cr_expect_eq(chain(LAST, BELOW, BELOW, &c), ERR_CONFLICT, "one is missing");
	cr_expect_eq(chain(LAST, MIDDLE, STRANGER, &c), ERR_CONFLICT, "by name alone");
	cr_expect_eq(chain(STRANGER, STRANGER, STRANGER, &c), ERR_MALFORMED,
	    "it has no end: it is its own issuer, and not our root");
	cr_expect_eq(chain(LEAF, MIDDLE, MIDDLE, &c), ERR_MALFORMED, "no CA");
}

/* P19, RFC 5280 4.2.1.9 */
Test(issuer, a_path_length_lets_no_more_cas_be_below, .init = begin, .fini = end)
{
	struct issuer_chain c;

	for (int len = 0; len <= 2; len++) {
		certs[MIDDLE]->path_len = len;
		cr_expect_eq(chain(MIDDLE, LAST, LAST, &c), ERR_NONE, "%d", len);
		cr_expect_eq(chain(LAST, MIDDLE, MIDDLE, &c),
		    len >= 1 ? ERR_NONE : ERR_CONFLICT, "%d", len);
		cr_expect_eq(chain(BELOW, MIDDLE, MIDDLE, &c),
		    len >= 2 ? ERR_NONE : ERR_CONFLICT, "%d", len);
	}
}

/* P61: whose list it is is told by the subject alone. */
Test(issuer, two_of_one_subject_are_refused_whatever_their_keys, .init = begin,
    .fini = end)
{
	for (size_t i = 0; i < CERTS; i++)
		for (size_t k = 0; k < CERTS; k++) {
			const bool same = strcmp(made[i].name, made[k].name) == 0;

			e = (struct err){ 0 };
			cr_expect_eq(issuer_apart("main-2", certs[i], "main", certs[k],
					 &e),
			    !same, "%zu %zu", i, k);
			cr_expect_eq(e.code, same ? ERR_CONFLICT : ERR_NONE);
		}
}
