/* SPDX-License-Identifier: Apache-2.0 */
/* issue_value, caa and persist: what CAA and dns-persist-01 records say. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "probe/caa.h"
#include "probe/issue_value.h"
#include "probe/persist.h"

#define ACCOUNT "https://ca.test/acme/1"

static char *identity[] = { "ca.test" };
static const struct strings identities = { identity, 1 };

/* Octets of their own, so that a sanitizer sees a step too far. */
static uint8_t *
exactly(const void *p, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	cr_assert_not_null(copy);
	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

/* A240 */
Test(issue_value, the_grammar_is_kept_to_the_letter)
{
	static const char *const good[] = { "", ";", " ; ", "ca.test", " ca.test ",
		"ca.test;", "\tca.test ; a=b", "ca.test; a = b ;c-d=e",
		"ca.test;a=", "; a=b", "a--b.c", "ca.test; a=b=c", "1" };
	static const char *const bad[] = { "ca.test a", ".", "ca..test", "ca.test.",
		"-a", "a-", "a-.b", "ca.test; a", "ca.test; =b", "ca.test; a=b;",
		"ca.test;;", "ca.test; a=b c=d", "ca.test; a_b=c", "ca.test; a=\x01",
		"ca.test; a=\x80", "caf\xc3\xa9.test", "ca.test; a-=b", "a=b" };
	struct issue_value v;
	struct err e;

	for (size_t i = 0; i < NITEMS(good); i++)
		cr_expect(issue_value_read(bytes_str(good[i]), &v, &e), "'%s': %s",
		    good[i], e.detail);
	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(issue_value_read(bytes_str(bad[i]), &v, &e), "'%s'",
		    bad[i]);
	cr_assert(issue_value_read(bytes_str("x;a=1;b=;A=2"), &v, &e));
	size_t count;
	const struct bytes *a = issue_value_find(&v, "a", &count);
	cr_expect(bytes_eq_str(*a, "1"));
	cr_expect_eq(count, 2);
	cr_expect_null(issue_value_find(&v, "c", &count));
}

/* A240 */
Test(issue_value, parameters_have_a_bound)
{
	struct issue_value v;
	struct buf b;
	struct err e;

	buf_init(&b, KIB(1));
	buf_puts(&b, "ca.test");
	for (int i = 0; i < ISSUE_VALUE_PARAMETERS_MAX; i++)
		buf_puts(&b, ";a=b");
	cr_expect(issue_value_read(buf_bytes(&b), &v, &e));
	buf_puts(&b, ";a=b");
	cr_expect_not(issue_value_read(buf_bytes(&b), &v, &e));
	buf_free(&b);
}

static bool
permits(const char *rdata, size_t n)
{
	const struct caa_question q = { false, CHALLENGE_DNS_01, bytes_str(ACCOUNT),
		&identities };
	uint8_t *octets = exactly(rdata, n);
	const struct bytes one = bytes_of(octets, n);
	struct err e = { 0 };

	const bool ok = caa_permits(&one, 1, &q, &e);
	cr_expect_eq(e.code, ok ? ERR_NONE : ERR_CAA);
	free(octets);
	return ok;
}

/* A240: every cut-off length of a record is refused, or permits no more than the whole */
Test(caa, each_length_of_a_record)
{
	static const char whole[] =
	    "\x00\x05issueca.test; accounturi=" ACCOUNT "; validationmethods=dns-01";
	const size_t n = sizeof(whole) - 1;

	cr_expect(permits(whole, n));
	/* From the ';' behind the issuer on, a cut may leave less to be satisfied. */
	const size_t named = (size_t)(strchr(whole + 2, ';') - whole);
	for (size_t i = 0; i < named; i++)
		cr_expect_not(permits(whole, i) && i != named, "%zu octets", i);
	cr_expect(permits(whole, named));
	cr_expect_not(permits(whole, n - 1));
	cr_expect_not(permits("\x00\x00", 2));
	cr_expect_not(permits("\x00\xff"
			      "issue",
	    7));
	cr_expect_not(permits("\x00\x05iss\x00"
			      "e;",
	    8));
	cr_expect_not(permits("\x80\x05issuX;", 8));
	cr_expect(permits("\x7f\x05issuX;", 8));
}

static enum err_code
proves(const char *text, bool wildcard)
{
	const struct persist_question q = { wildcard, bytes_str(ACCOUNT), &identities,
		1000 };
	const size_t n = strlen(text);
	uint8_t *octets = exactly(text, n);
	int64_t until = -1;
	struct persist_fault why = { 0 };

	const bool ok = persist_proves(bytes_of(octets, n), &q, &until, &why);
	cr_expect_eq(ok, why.err.code == ERR_NONE);
	cr_expect_eq(ok, why.near == PERSIST_NONE);
	cr_expect_eq(until == -1, !ok);
	free(octets);
	return why.err.code;
}

/* A242 */
Test(persist, names_us_the_account_and_reaches_as_far_as_it_says)
{
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT, false), ERR_NONE);
	cr_expect_eq(proves("CA.test;AccountURI=" ACCOUNT ";x=y", false), ERR_NONE);
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT, true), ERR_PROBE_PROOF);
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT ";policy=WildCard", true),
	    ERR_NONE);
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT ";persistuntil=1000", false),
	    ERR_NONE);
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT ";persistuntil=999", false),
	    ERR_PROBE_PROOF);
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT ";persistuntil=-1", false),
	    ERR_MALFORMED);
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT
			    ";persistuntil=99999999999999999999",
			 false),
	    ERR_MALFORMED);
	cr_expect_eq(proves("ca.test;accounturi=" ACCOUNT "/", false), ERR_PROBE_PROOF);
	cr_expect_eq(proves("ca.test", false), ERR_MALFORMED);
	cr_expect_eq(proves("", false), ERR_PROBE_PROOF);
	cr_expect_eq(proves("v=spf1 -all", false), ERR_MALFORMED);
}

/* A242: what is told is the fault of the record that came nearest, in any order */
Test(persist, of_several_records_tells_the_fault_of_the_nearest)
{
	static const char *const records[] = { "v=spf1 -all", "other.ca; accounturi=x",
		"ca.test; accounturi=x", "ca.test; policy=wildcard",
		("ca.test; accounturi=" ACCOUNT) };
	static const enum err_code codes[] = { ERR_MALFORMED, ERR_PROBE_PROOF,
		ERR_PROBE_PROOF, ERR_MALFORMED, ERR_PROBE_PROOF };
	const struct persist_question q = { true, bytes_str(ACCOUNT), &identities,
		1000 };
	struct persist_fault faults[NITEMS(records)] = { 0 }, why;
	int64_t until;

	for (size_t i = 0; i < NITEMS(records); i++) {
		cr_expect_not(
		    persist_proves(bytes_str(records[i]), &q, &until, &faults[i]));
		cr_expect_eq(faults[i].near, i + 1);
		cr_expect_eq(faults[i].err.code, codes[i], "%s", records[i]);
	}
	for (size_t i = 0; i < NITEMS(records); i++)
		for (size_t k = 0; k < NITEMS(records); k++) {
			const size_t nearest = i > k ? i : k;

			why = (struct persist_fault){ 0 };
			cr_expect_not(
			    persist_proves(bytes_str(records[i]), &q, &until, &why));
			cr_expect_not(
			    persist_proves(bytes_str(records[k]), &q, &until, &why));
			cr_expect_eq(why.err.code, codes[nearest]);
			cr_expect_str_eq(why.err.detail, faults[nearest].err.detail);
		}
}

/* A242 */
Test(persist, knows_whom_a_record_names_that_cannot_be_read)
{
	static const struct {
		const char *text;
		enum persist_near near;
	} of[] = { { "ca.test accounturi=x", PERSIST_FAULTY },
		{ " CA.test;;", PERSIST_FAULTY }, { "ca.test\"", PERSIST_FAULTY },
		{ "ca.test. ;x=y", PERSIST_UNREADABLE },
		{ "ca.test.else x", PERSIST_UNREADABLE },
		{ "xca.test x", PERSIST_UNREADABLE }, { ";;", PERSIST_UNREADABLE },
		{ "", PERSIST_NOT_US } };
	const struct persist_question q = { false, bytes_str(ACCOUNT), &identities,
		1000 };
	int64_t until;

	for (size_t i = 0; i < NITEMS(of); i++) {
		const size_t n = strlen(of[i].text);
		uint8_t *octets = exactly(of[i].text, n);
		struct persist_fault why = { 0 };

		cr_expect_not(persist_proves(bytes_of(octets, n), &q, &until, &why));
		cr_expect_eq(why.near, of[i].near, "%s", of[i].text);
		free(octets);
	}
}
