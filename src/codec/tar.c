/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/tar.h"

#include <stdio.h>
#include <string.h>

/* POSIX.1-2017, pax, "ustar Interchange Format". */
enum {
	AT_NAME = 0,
	LEN_NAME = 100,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	AT_SIZE = 124,
	AT_MTIME = 136,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
	LEN_PREFIX = 155
};
#define OCTAL_MAX  ((UINT64_C(1) << 33) - 1) /* 11 digits */
#define BINARY_BIT 0x80

/* A list of names has one a line. */
static bool
has_controls(const char *p)
{
	for (; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return true;
	return false;
}

static bool
is_path(const char *p)
{
	if (has_controls(p))
		return false;
	for (;;) {
		const size_t n = strcspn(p, "/");

		if (n == 0 || (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))))
			return false;
		if (p[n] == '\0')
			return true;
		p += n + 1;
	}
}

static void
put_octal(uint8_t *at, size_t digits, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llo", (int)digits, (unsigned long long)v);
	memcpy(at, text, digits); /* a NUL is behind already */
}

/* GNU's form for what 11 octal digits do not hold. */
static void
put_size(uint8_t *at, uint64_t v)
{
	if (v <= OCTAL_MAX) {
		put_octal(at, 11, v);
		return;
	}
	at[0] = BINARY_BIT;
	for (size_t i = 0; i < 8; i++)
		at[11 - i] = (uint8_t)(v >> (8 * i));
}

/* The longest part that is a name of its own goes behind the prefix. */
static bool
put_path(uint8_t *block, const char *path)
{
	const size_t n = strlen(path);
	const char *slash;

	if (n <= LEN_NAME) {
		memcpy(block + AT_NAME, path, n);
		return true;
	}
	slash = strchr(path + n - LEN_NAME - 1, '/');
	if (slash == NULL || slash - path > LEN_PREFIX)
		return false;
	memcpy(block + AT_PREFIX, path, (size_t)(slash - path));
	memcpy(block + AT_NAME, slash + 1, n - (size_t)(slash - path) - 1);
	return true;
}

static void
put_sum(uint8_t *block)
{
	unsigned sum = 0;

	memset(block + AT_SUM, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	put_octal(block + AT_SUM, 6, sum);
	block[AT_SUM + 6] = '\0';
}

bool
tar_put(const struct tar_entry *t, uint8_t ret[static TAR_BLOCK], struct err *e)
{
	uint8_t block[TAR_BLOCK] = { 0 };

	if (!is_path(t->path) || !put_path(block, t->path) || t->mode > 0777 ||
	    t->modified_at < 0 || (uint64_t)t->modified_at > OCTAL_MAX)
		return err_set(e, ERR_MALFORMED, "\"%.200s\" cannot be in an archive",
		    t->path);
	put_octal(block + AT_MODE, 7, t->mode);
	put_octal(block + AT_UID, 7, 0);
	put_octal(block + AT_GID, 7, 0);
	put_size(block + AT_SIZE, t->size);
	put_octal(block + AT_MTIME, 11, (uint64_t)t->modified_at);
	block[AT_TYPE] = '0';
	memcpy(block + AT_MAGIC,
	    "ustar\0"
	    "00",
	    8);
	put_sum(block);
	memcpy(ret, block, TAR_BLOCK);
	return true;
}

/* Digits up to a NUL; what is none makes the header differ from ours below. */
static uint64_t
get_octal(const uint8_t *at, size_t digits)
{
	uint64_t v = 0;

	for (size_t i = 0; i < digits && at[i] >= '0' && at[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(at[i] - '0');
	return v;
}

static uint64_t
get_size(const uint8_t *at)
{
	uint64_t v = 0;

	if ((at[0] & BINARY_BIT) == 0)
		return get_octal(at, 11);
	for (size_t i = 4; i < 12; i++)
		v = v << 8 | at[i];
	return v;
}

bool
tar_get(const uint8_t block[static TAR_BLOCK], struct tar_entry *ret, struct err *e)
{
	static const uint8_t zeros[TAR_BLOCK];
	uint8_t again[TAR_BLOCK];
	struct tar_entry t = { 0 };
	struct err why;

	if (memcmp(block, zeros, TAR_BLOCK) == 0)
		return err_set(e, ERR_NOT_FOUND, "the archive's end");
	if (block[AT_PREFIX] != 0)
		snprintf(t.path, sizeof(t.path), "%.*s/%.*s", LEN_PREFIX,
		    (const char *)block + AT_PREFIX, LEN_NAME,
		    (const char *)block + AT_NAME);
	else
		snprintf(t.path, sizeof(t.path), "%.*s", LEN_NAME,
		    (const char *)block + AT_NAME);
	t.mode = (unsigned)get_octal(block + AT_MODE, 7);
	t.size = get_size(block + AT_SIZE);
	t.modified_at = (int64_t)get_octal(block + AT_MTIME, 11);
	if (!tar_put(&t, again, &why) || memcmp(again, block, TAR_BLOCK) != 0)
		return err_set(e, ERR_MALFORMED, "not a header that we wrote");
	*ret = t;
	return true;
}

size_t
tar_padding(uint64_t size)
{
	return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}
