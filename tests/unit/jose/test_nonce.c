/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "jose/nonce.h"

static const uint8_t key[NONCE_KEY_LEN] = "thirty-two octets, known to all";
static char dir[] = "/tmp/hnp-nonce-XXXXXX", path[100];

static void
make_dir(void)
{
	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/nonces", dir);
}

static void
remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

TestSuite(nonce, .init = make_dir, .fini = remove_dir);

static struct nonces *
open_it(void)
{
	struct nonces *n = NULL;
	struct err e = { 0 };

	cr_assert(nonce_open(path, bytes_of(key, sizeof(key)), &n, &e), "%s", e.detail);
	return n;
}

/* A71: the words that acme.sh looks for come first. */
static void
refused(struct nonces *n, struct bytes text, const char *why)
{
	struct err e = { 0 };

	cr_expect_not(nonce_use(n, text, &e), "let through: %.*s", (int)text.n,
	    (const char *)text.p);
	cr_expect_eq(e.code, ERR_BAD_NONCE);
	cr_expect_eq(strncmp(e.detail, "JWS has an invalid anti-replay nonce", 36), 0,
	    "%s", e.detail);
	cr_expect(strstr(e.detail, why) != NULL, "\"%s\" lacks \"%s\"", e.detail, why);
}

static void
used(struct nonces *n, const char *text)
{
	struct err e = { 0 };

	cr_expect(nonce_use(n, bytes_str(text), &e), "%s", e.detail);
}

/* A65: before a signature that costs far more is looked at. */
Test(nonce, to_look_at_one_does_not_use_it_up)
{
	struct nonces *n = open_it();
	char text[NONCE_TEXT], wrong[NONCE_TEXT];
	struct err e = { 0 };

	nonce_new(n, text);
	memcpy(wrong, text, sizeof(wrong));
	wrong[20] = wrong[20] == 'A' ? 'B' : 'A';
	for (int i = 0; i < 2; i++)
		cr_expect(nonce_check(n, bytes_str(text), &e), "%s", e.detail);
	for (size_t cut = 0; cut < NONCE_TEXT - 1; cut++)
		cr_expect_not(nonce_check(n, bytes_of(text, cut), &e));
	cr_expect_not(nonce_check(n, bytes_str(wrong), &e));
	cr_expect_eq(e.code, ERR_BAD_NONCE);
	used(n, text);
	cr_expect_not(nonce_check(n, bytes_str(text), &e));
	cr_expect_eq(e.code, ERR_BAD_NONCE);
	cr_expect(strstr(e.detail, "used") != NULL, "%s", e.detail);
	nonce_close(n);
}

/* A67, A68, A69, A71, A76 */
Test(nonce, each_is_good_once_in_any_order)
{
	struct nonces *n = open_it();
	static char text[300][NONCE_TEXT];

	for (size_t i = 0; i < NITEMS(text); i++) {
		nonce_new(n, text[i]);
		cr_expect_eq(strlen(text[i]), NONCE_TEXT - 1);
		cr_expect_eq(strspn(text[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
					     "pqrstuvwxyz0123456789-_"),
		    NONCE_TEXT - 1);
		for (size_t j = 0; j < i; j++) /* the last 128 bits are the MAC's */
			cr_expect_neq(strcmp(text[i] + 11, text[j] + 11), 0);
	}
	for (size_t i = 0; i < NITEMS(text); i++)
		used(n, text[(i * 7) % NITEMS(text)]);
	for (size_t i = 0; i < NITEMS(text); i++)
		refused(n, bytes_str(text[i]), "has been used");
	nonce_close(n);
}

/* A5, A69, A70: invented, cut, padded, 64 KiB, of another alphabet. */
Test(nonce, what_was_never_given_out_is_refused)
{
	struct nonces *n = open_it();
	char text[NONCE_TEXT + 4];
	struct err e = { 0 };

	nonce_new(n, text);
	for (size_t cut = 0; cut < NONCE_TEXT - 1; cut++)
		refused(n, bytes_of(text, cut), "none of this server's");
	for (size_t at = 0; at < NONCE_TEXT - 1; at++) {
		static const char others[] = "AQgw_-+/=. \n\xff";

		for (size_t i = 0; i < sizeof(others); i++) { /* the NUL too */
			char other[NONCE_TEXT];

			memcpy(other, text, NONCE_TEXT);
			if (other[at] == others[i])
				continue;
			other[at] = others[i];
			refused(n, bytes_of(other, NONCE_TEXT - 1),
			    "none of this server's");
		}
	}
	text[NONCE_TEXT - 1] = 'A';
	refused(n, bytes_of(text, NONCE_TEXT), "none of this server's");
	text[NONCE_TEXT - 1] = '=';
	refused(n, bytes_of(text, NONCE_TEXT), "none of this server's");
	text[NONCE_TEXT - 1] = '\0';
	refused(n, bytes_of(text, NONCE_TEXT), "none of this server's");

	char *big = mem_zalloc(KIB(64));
	memset(big, 'A', KIB(64));
	refused(n, bytes_of(big, KIB(64)), "none of this server's");
	refused(n, bytes_of(big, NONCE_TEXT - 1), "none of this server's");
	free(big);
	cr_expect_not(nonce_missing(&e));
	cr_expect_eq(e.code, ERR_BAD_NONCE);
	cr_expect_str_eq(e.detail,
	    "JWS has an invalid anti-replay nonce: there is none");
	used(n, text); /* none of these has used it up */
	nonce_close(n);
}

/* A67: under another key nothing is good. */
Test(nonce, nonces_of_another_key_are_refused)
{
	struct nonces *n = open_it();
	uint8_t other[NONCE_KEY_LEN] = { 0 };
	struct err e = { 0 };
	char text[NONCE_TEXT];

	nonce_new(n, text);
	nonce_close(n);
	cr_assert(nonce_open(path, bytes_of(other, sizeof(other)), &n, &e), "%s",
	    e.detail);
	refused(n, bytes_str(text), "none of this server's");
	nonce_close(n);
}

struct race {
	struct nonces *n;
	char text[2000][NONCE_TEXT];
	atomic_uint wins[2000];
	pthread_barrier_t start;
};

static void *
run(void *arg)
{
	struct race *r = arg;
	struct err e;

	pthread_barrier_wait(&r->start);
	for (size_t i = 0; i < NITEMS(r->text); i++)
		if (nonce_use(r->n, bytes_str(r->text[i]), &e))
			atomic_fetch_add(&r->wins[i], 1);
	return NULL;
}

/* A74 */
Test(nonce, of_sixteen_who_use_one_at_once_exactly_one_succeeds)
{
	static struct race r;
	pthread_t threads[16];

	r.n = open_it();
	for (size_t i = 0; i < NITEMS(r.text); i++)
		nonce_new(r.n, r.text[i]);
	pthread_barrier_init(&r.start, NULL, NITEMS(threads));
	for (size_t i = 0; i < NITEMS(threads); i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, run, &r), 0);
	for (size_t i = 0; i < NITEMS(threads); i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < NITEMS(r.text); i++)
		cr_expect_eq(atomic_load(&r.wins[i]), 1);
	nonce_close(r.n);
}
