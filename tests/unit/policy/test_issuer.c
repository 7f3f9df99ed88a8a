/* SPDX-License-Identifier: Apache-2.0 */
/* Root, two below it, and a stranger that bears the root's name. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/issuer.h"
#include "x509/dn.h"

#define FROM INT64_C(1800000000)

enum {
	ROOT,
	MIDDLE,
	LAST,
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

static enum err_code
chain(const struct cert *of, const struct cert *const *pool, size_t n, size_t max,
    size_t *ret_n)
{
	const struct cert *got[ISSUER_CHAIN_MAX];

	e = (struct err){ 0 };
	if (issuer_chain("main", of, certs[ROOT], pool, n, max, got, ret_n, &e)) {
		cr_expect_eq(got[0], of);
		cr_expect_eq(got[*ret_n - 1], certs[ROOT]);
	}
	return e.code;
}

Test(issuer, a_chain_leads_through_those_between_to_this_root, .init = begin,
    .fini = end)
{
	const struct cert *all[] = { certs[MIDDLE], certs[LAST], certs[ROOT] };
	const struct cert *short_of[] = { certs[LAST], certs[ROOT] };
	const struct cert *other[] = { certs[MIDDLE], certs[STRANGER], certs[ROOT] };
	size_t n = 0;

	cr_expect_eq(chain(certs[LAST], all, 3, ISSUER_CHAIN_MAX, &n), ERR_NONE);
	cr_expect_eq(n, 3);
	cr_expect_eq(chain(certs[ROOT], all, 3, 1, &n), ERR_NONE);
	cr_expect_eq(n, 1);
	cr_expect_eq(chain(certs[LAST], all, 3, 2, &n), ERR_MALFORMED, "too long");
	cr_expect_eq(chain(certs[LAST], short_of, 2, ISSUER_CHAIN_MAX, &n),
	    ERR_CONFLICT, "one is missing");
	cr_expect_eq(chain(certs[LAST], other, 3, ISSUER_CHAIN_MAX, &n), ERR_CONFLICT,
	    "by name alone");
	cr_expect_eq(chain(certs[STRANGER], other + 1, 2, ISSUER_CHAIN_MAX, &n),
	    ERR_MALFORMED, "it has no end: it is its own issuer, and not our root");
	cr_expect_eq(chain(certs[LEAF], all, 3, ISSUER_CHAIN_MAX, &n), ERR_MALFORMED,
	    "no CA");
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
