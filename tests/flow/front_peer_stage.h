/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_peer_stage - a front that really runs, with the test as its parent, its
 * core and its clients.
 */
#ifndef TESTS_FRONT_PEER_STAGE_H
#define TESTS_FRONT_PEER_STAGE_H

#include "ipc/msg_control.h"
#include "ipc/msg_http.h"
#include "paper_ca.h"

struct stage {
	char dir[64];
	struct paper_ca ca;
	struct chan *parent, *core;
	int pid;
	struct {
		char address[64];
		uint16_t port;
	} api, http, metrics;
	char sock[96];
};

void stage_open(struct stage *s); /* front is ready when this comes back */
void stage_stop(struct stage *s); /* MSG_STOP */
int stage_wait(struct stage *s);  /* exit status; -1: killed by a signal */
void stage_close(struct stage *s);

/* The next frame, which must be of this type. */
struct frame stage_expect(struct chan *c, unsigned type);
/* A certificate for the CSR that front asks for. */
void stage_certify(struct stage *s, const char *cn);
/* The next request that front asks core for. */
void stage_request(struct stage *s, struct msg_http_request *ret);
void stage_respond(struct stage *s, const struct msg_http_response *m);
/* Writes pub/crl/NAME and tells front of it. */
void stage_publish(struct stage *s, const char *url_path, const char *file,
    struct bytes content, const char *etag, bool on_api);

/* Tells front of it alone. */
void stage_announce(struct stage *s, const char *url_path, const char *file,
    const char *etag, bool on_api);

/* MSG_FORGET */
void stage_forget(struct stage *s, struct bytes tag);

/* A client: plain when the address is no TLS listener's. */
struct talker {
	int fd;
	gnutls_session_t tls; /* NULL: plain */
	gnutls_certificate_credentials_t cred;
	char reply[65536];
	size_t n;
};

void talker_open(struct talker *t, const struct stage *s, uint16_t port); /* 0: unix */
/* TLS to the api listener; 'leaf' NULL: without a certificate. */
void talker_open_tls(struct talker *t, const struct stage *s,
    const struct paper_leaf *leaf, const struct paper_ca *by);
void talker_say(struct talker *t, const char *request);
/* Reads one answer whole (by its Content-Length); false: the connection ended. */
bool talker_hear(struct talker *t, bool head_only);
void talker_close(struct talker *t);

#endif
