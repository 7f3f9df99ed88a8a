/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer_peer - a test that is the signer's parent and its core.
 *
 * A CA directory is made below /tmp: root (whose name constraints exclude one name),
 * intermediate "main" (whose permit "internal" alone), journal.  hanaper-signer is started on
 * it with two socket pairs, as the parent does.  What goes wrong fails the test.
 */
#ifndef FLOW_SIGNER_PEER_H
#define FLOW_SIGNER_PEER_H

#include <sys/types.h>

#include "conf/conf.h"
#include "ipc/msg_sign.h"
#include "journal/journal.h"
#include "key/key.h"
#include "x509/cert.h"

#define DAY_S  INT64_C(86400)
#define YEAR_S (365 * DAY_S)

#define PEER_EXCLUDED "excluded.internal" /* main and the profiles would let it in */

struct signer_peer {
	char dir[32];
	struct conf *conf;
	struct key *root_key, *main_key;
	struct cert *root, *main;
	pid_t pid;
	struct chan *parent, *core;
	uint64_t id;  /* of the last question */
	uint64_t seq; /* of the last record that was told */
};

extern struct signer_peer peer;

/* ---- signer_peer_ca.c: the CA directory ---- */
void peer_make(void); /* without starting anything */
/* A CA certificate; 'issuer' NULL: self-signed. */
struct cert *peer_ca_certificate(const char *cn, const struct key *k,
    const struct cert *issuer, const struct key *issuer_key, struct bytes constraints);
void peer_remove(void);
char *peer_path(const char *name); /* free() it */
void peer_write(const char *name, struct bytes content, mode_t mode);
/* A CSR of this key: names as "dns:a.internal", up to a NULL. */
void peer_csr(const struct key *k, const char *const *names, struct buf *ret);
void peer_names(const char *const *names, struct buf *ret); /* GeneralNames */

/* ---- signer_peer.c: the process and its channels ---- */
/* Waits until it is ready, takes the journal in, and the responders of this start. */
void peer_start(void);
/* Starts it where it must refuse: gives what MSG_FAILED said, free() it. */
char *peer_start_refused(void);
void peer_stop(void); /* by MSG_STOP */
void peer_kill(void);
/* The process ended by itself, with a word to its parent: free() it. */
char *peer_ended(void);

/* Sends a question of this type and body; 'body' is emptied. */
void peer_send(unsigned type, struct buf *body);
/* The next message of the signer.  Its body is good until the next call. */
struct frame peer_receive(void);
/* The next one, which must be MSG_REFUSED; gives its code. */
enum err_code peer_refused(void);
/* The next one, which must be of this type and tell a record. */
struct record peer_recorded(unsigned type);
/* Reads the journal from 'from' on; gives the number of records told.  UINT64_MAX probes. */
size_t peer_replay(uint64_t from, struct msg_journal_end *ret);

/* Questions with what an honest core would ask; a test changes what it wants to. */
struct msg_sign_cert peer_ask_cert(struct bytes csr, struct bytes names);
void peer_send_cert(const struct msg_sign_cert *m);
/* A certificate for one name, made and taken apart; cert_free() it. */
struct cert *peer_issue(const char *dns);
struct msg_revoke peer_ask_revoke(const struct cert *c, enum reason reason);
void peer_send_revoke(const struct msg_revoke *m);
void peer_revoke(const struct cert *c, enum reason reason, int64_t *ret_at);
/*
 * Revoked for keyCompromise with another end than the certificate's, as a core that was
 * taken over had it recorded when its word was taken for it.  The signer is started anew.
 */
void peer_lied(const struct cert *c, int64_t not_after);

#endif
