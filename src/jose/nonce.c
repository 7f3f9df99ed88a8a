/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "nonce_part.h"

#define COUNTER_LEN 8
#define MAC_LEN     16
#define OCTETS      (COUNTER_LEN + MAC_LEN)

struct nonces {
	struct nonce_file *file;
	int fd;
	pthread_mutex_t lock; /* of the MAC, which has the key; it is hashed once */
	gnutls_hmac_hd_t mac;
};

/* "nonce" sets this use of the key apart from others (jose/eab.h). */
static void
mac(struct nonces *n, const uint8_t counter[static COUNTER_LEN],
    uint8_t ret[static MAC_LEN])
{
	static const char label[] = { 'n', 'o', 'n', 'c', 'e' };
	uint8_t in[sizeof(label) + NONCE_EPOCH_LEN + COUNTER_LEN], out[32];

	memcpy(in, label, sizeof(label));
	memcpy(in + sizeof(label), n->file->epoch, NONCE_EPOCH_LEN);
	memcpy(in + sizeof(label) + NONCE_EPOCH_LEN, counter, COUNTER_LEN);
	pthread_mutex_lock(&n->lock);
	const int rc = gnutls_hmac(n->mac, in, sizeof(in));
	gnutls_hmac_output(n->mac, out); /* ready for the next one */
	pthread_mutex_unlock(&n->lock);
	assert(rc == 0); /* octets in memory */
	memcpy(ret, out, MAC_LEN);
	gnutls_memset(out, 0, sizeof(out));
}

static uint64_t
bit_of(uint64_t c)
{
	return UINT64_C(1) << (c % 64);
}

static _Atomic uint64_t *
word_of(const struct nonces *n, uint64_t c)
{
	return &n->file->used[c % NONCE_WINDOW / 64];
}

bool
nonce_open(const char *path, struct bytes key, struct nonces **ret, struct err *e)
{
	struct nonce_file *file = NULL;
	gnutls_hmac_hd_t hmac;
	int fd = -1;

	assert(key.n == NONCE_KEY_LEN);
	if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, key.p, key.n) < 0)
		return err_set(e, ERR_INTERNAL, "nonces: GnuTLS gave no HMAC");
	if (!nonce_file_open(path, &fd, &file, e)) {
		gnutls_hmac_deinit(hmac, NULL);
		return err_prefix(e, "nonces");
	}
	struct nonces *n = mem_zalloc(sizeof(*n));
	n->file = file;
	n->fd = fd;
	n->mac = hmac;
	pthread_mutex_init(&n->lock, NULL);
	*ret = n;
	return true;
}

void
nonce_close(struct nonces *n)
{
	if (n == NULL)
		return;
	nonce_file_close(n->fd, n->file);
	gnutls_hmac_deinit(n->mac, NULL); /* wipes it */
	pthread_mutex_destroy(&n->lock);
	free(n);
}

/*
 * The counter is taken before anything else, so that who dies here never gives it
 * again.  Its bit still tells of the counter one window ago, which is_live() refuses
 * from the same moment on.
 */
void
nonce_new(struct nonces *n, char ret[static NONCE_TEXT])
{
	const uint64_t c = atomic_fetch_add(&n->file->next, 1);
	uint8_t octets[OCTETS];
	struct buf b;

	atomic_fetch_and(word_of(n, c), ~bit_of(c));
	for (unsigned i = 0; i < COUNTER_LEN; i++)
		octets[i] = (uint8_t)(c >> (56 - 8 * i));
	mac(n, octets, octets + COUNTER_LEN);
	buf_init(&b, NONCE_TEXT);
	base64url_put(&b, bytes_of(octets, sizeof(octets)));
	assert(b.n == NONCE_TEXT - 1);
	memcpy(ret, b.p, b.n);
	ret[b.n] = '\0';
	buf_free(&b);
}

static bool
is_live(const struct nonces *n, uint64_t c)
{
	const uint64_t next = atomic_load(&n->file->next);

	return c < next && next - c <= NONCE_WINDOW;
}

/* The words are acme.sh's to look for; why is for people. */
static bool
refuse(const char *why, struct err *e)
{
	return err_set(e, ERR_BAD_NONCE, "JWS has an invalid anti-replay nonce: %s",
	    why);
}

static bool
read_counter(struct nonces *n, struct bytes text, uint64_t *ret, struct err *e)
{
	uint8_t hmac[MAC_LEN];
	struct buf b;

	if (text.n != NONCE_TEXT - 1)
		return refuse("it is none of this server's", e);
	buf_init(&b, OCTETS);
	bool ok = base64url_read(text, &b, e);
	if (ok) {
		mac(n, b.p, hmac);
		ok = gnutls_memcmp(hmac, b.p + COUNTER_LEN, MAC_LEN) == 0;
	}
	uint64_t c = 0;
	for (size_t i = 0; ok && i < COUNTER_LEN; i++)
		c = c << 8 | b.p[i];
	buf_free(&b);
	if (!ok)
		return refuse("it is none of this server's", e);
	*ret = c;
	return true;
}

bool
nonce_check(struct nonces *n, struct bytes text, struct err *e)
{
	uint64_t c = 0;

	if (!read_counter(n, text, &c, e))
		return false;
	if (!is_live(n, c))
		return refuse("it is too old", e);
	return (atomic_load(word_of(n, c)) & bit_of(c)) == 0 ||
	       refuse("it has been used", e);
}

bool
nonce_use(struct nonces *n, struct bytes text, struct err *e)
{
	uint64_t c = 0;

	if (!read_counter(n, text, &c, e))
		return false;
	if (!is_live(n, c))
		return refuse("it is too old", e);
	const uint64_t before = atomic_fetch_or(word_of(n, c), bit_of(c));
	if ((before & bit_of(c)) != 0)
		return refuse("it has been used", e);
	/* Asked again: another thread may have taken the bit for a new counter. */
	return is_live(n, c) || refuse("it is too old", e);
}

bool
nonce_missing(struct err *e)
{
	return refuse("there is none", e);
}
