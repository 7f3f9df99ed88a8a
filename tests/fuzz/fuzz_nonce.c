/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of ACME's nonces (R62), and what clients send as one.  A u32 of offset and
 * octets that are written there into a file of ours; then texts, a line each.  However
 * the file is, a nonce that was given out is good once, and nothing else ever is.
 */
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/wire.h"
#include "fuzz.h"
#include "jose/nonce.h"
#include "sys/file.h"

static uint8_t key[NONCE_KEY_LEN];
static char dir[64], path[80];

static void
begin(void)
{
	snprintf(dir, sizeof(dir), "/dev/shm/hnp-fuzz-nonce-%d", getpid());
	snprintf(path, sizeof(path), "%s/acme.nonces", dir);
	file_remove_tree(dir);
	require(mkdir(dir, 0700) == 0);
}

static struct nonces *
open_file(void)
{
	struct nonces *n = NULL;
	struct err e = { 0 };

	require(nonce_open(path, bytes_of(key, sizeof(key)), &n, &e));
	return n;
}

static void
end(void)
{
	file_remove_tree(dir);
}

static void
damage(struct bytes octets, uint32_t at)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	struct stat st;

	require(fd >= 0 && fstat(fd, &st) == 0);
	/* The head above all: the rest are bits. */
	if (octets.n > 0)
		require(pwrite(fd, octets.p, octets.n, at % 512) == (ssize_t)octets.n);
	close(fd);
}

FUZZ_TARGET(nonce)
{
	struct wire w = wire_open(bytes_of(p, n));
	const uint32_t at = wire_u32(&w);
	const struct bytes octets = wire_bytes(&w);
	char text[NONCE_TEXT], again[NONCE_TEXT];
	struct err e = { 0 };

	if (w.bad || octets.n > 4096)
		return 0;
	if (dir[0] == '\0') {
		begin();
		atexit(end);
	}
	/*
	 * What was given out for another input is not good for this one, though it leave
	 * the file with the same epoch: a fuzzer sees what strcmp() compares.
	 */
	require(gnutls_hash_fast(GNUTLS_DIG_SHA256, p, n, key) == 0);
	unlink(path);
	nonce_close(open_file());
	damage(octets, at);
	struct nonces *nonces = open_file();
	for (struct bytes rest = w.rest; rest.n > 0;) {
		const struct bytes line = take_line(&rest);

		/* Nobody makes one who has not the key. */
		require(!nonce_use(nonces, line, &e) && e.code == ERR_BAD_NONCE);
		free((void *)(uintptr_t)line.p);
	}
	nonce_new(nonces, text);
	nonce_new(nonces, again);
	require(strcmp(text, again) != 0);
	require(nonce_use(nonces, bytes_str(text), &e));
	require(!nonce_use(nonces, bytes_str(text), &e));
	nonce_close(nonces);
	nonces = open_file();
	require(!nonce_use(nonces, bytes_str(text), &e));
	nonce_close(nonces);
	return 0;
}
