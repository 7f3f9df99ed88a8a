/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between front and core: one HTTP request, its answer, what is
 * published, and the certificate of the api listener.
 *
 * In the structs every struct bytes is borrowed from the frame.
 */
#ifndef IPC_MSG_HTTP_H
#define IPC_MSG_HTTP_H

#include "ipc/msg.h"

/* What front knows of the sender.  Core decides what it is worth (S4). */
enum peer_kind {
	PEER_KIND_PLAIN = 1, /* the http listener */
	PEER_KIND_TLS,       /* TLS, no client certificate */
	PEER_KIND_TLS_CERT, /* TLS, certificate verified against our issuers for clientAuth */
	PEER_KIND_TLS_BAD, /* TLS, a certificate that did not verify: peer_why says why */
	PEER_KIND_UNIX     /* local socket: MSG_HTTP_LOCAL */
};

#define MSG_HTTP_NOBODY UINT32_MAX /* no user's number: nobody is there any more */

#define REQUEST_ID_LEN 17 /* 16 hex characters and a NUL */

/* Octets, at most.  What is over them must not leave front: core ends by it. */
#define MSG_HTTP_METHOD_MAX 32
#define MSG_HTTP_TARGET_MAX KIB(16)  /* path and query, each */
#define MSG_HTTP_HEADER_MAX KIB(64)  /* each header that is passed on */
#define MSG_HTTP_BODY_MAX   MIB(1)   /* of a request */
#define MSG_HTTP_CERT_MAX   KIB(128) /* peer_cert */
#define MSG_HTTP_ANSWER_MAX MIB(16)  /* body of an answer */
#define MSG_HTTP_FRAME_MAX  MIB(17)  /* no message between front and core is longer */

/*
 * MSG_HTTP_REQUEST, front -> core; of PEER_KIND_UNIX it is MSG_HTTP_LOCAL, and the
 * connection comes along: who is at its other end core asks the kernel (ADR 0029).
 */
struct msg_http_request {
	uint64_t id;               /* of this asking; the answer bears it */
	struct bytes request_id;   /* 16 hex characters, for log and problem */
	struct bytes method;       /* "POST" */
	struct bytes path;         /* as received: canonical, not decoded */
	struct bytes query;        /* behind '?', as received */
	struct bytes content_type; /* empty: none */
	struct bytes accept;
	struct bytes authorization;
	struct bytes idempotency_key;
	struct bytes body;
	struct bytes address; /* of the sender, text; empty for unix */
	enum peer_kind peer;
	struct bytes peer_cert; /* DER leaf, for PEER_KIND_TLS_CERT only */
	struct bytes peer_why;  /* for PEER_KIND_TLS_BAD only */
	/* Not on the wire.  Of PEER_KIND_UNIX what core found; MSG_HTTP_NOBODY of others. */
	uint32_t uid;
};
/*
 * front asks this before it sends: ERR_TOO_LARGE or ERR_MALFORMED naming the
 * field, for the client (413, 400).  msg_http_request_get() refuses the same.
 */
MUST_CHECK bool msg_http_request_fits(const struct msg_http_request *m, struct err *e);
void msg_http_request_put(struct buf *b, const struct msg_http_request *m);
MUST_CHECK bool msg_http_request_get(struct bytes body, struct msg_http_request *ret,
    struct err *e);

#define MSG_TAG_LEN 32 /* octets */

/*
 * That front may keep an answer and give it for the same request again, until it
 * expires or MSG_FORGET names its tag.
 */
struct msg_keep {
	struct bytes tag;  /* of what the answer tells; empty: it is not to be kept */
	struct bytes etag; /* without quotes; empty without a tag */
	int64_t modified_at, expires_at;
};

/* MSG_HTTP_RESPONSE, core -> front. */
struct msg_http_response {
	uint64_t id;
	uint16_t status;
	struct bytes content_type; /* empty: no body */
	struct bytes
	    headers; /* further ones: "Name: value\n" each; the names are a list in msg_http.c */
	struct bytes body;
	struct msg_keep keep;
};
void msg_http_response_put(struct buf *b, const struct msg_http_response *m);
MUST_CHECK bool msg_http_response_get(struct bytes body, struct msg_http_response *ret,
    struct err *e);

/*
 * MSG_FORGET, core -> front: what was kept under this tag counts no more; without a
 * tag, nothing does that was kept.  Whatever core sends later may be kept again.
 */
struct msg_forget {
	struct bytes tag; /* MSG_TAG_LEN octets, or empty: all */
};
void msg_forget_put(struct buf *b, const struct msg_forget *m);
MUST_CHECK bool msg_forget_get(struct bytes body, struct msg_forget *ret,
    struct err *e);

/*
 * MSG_PUBLISH, core -> front: a file under pub/ is new, at start or after it was
 * replaced.  front serves exactly these paths and opens exactly these files.
 */
struct msg_publish {
	struct bytes url_path; /* "/crl/main.crl" */
	struct bytes file;     /* below pub/: "crl/main.crl"; [a-z0-9._/-], no ".." */
	struct bytes content_type;
	struct bytes etag;   /* without quotes */
	int64_t modified_at; /* Last-Modified; 0: not known */
	int64_t expires_at;  /* max-age never goes past it; 0: one day from now */
	bool on_api;         /* also served by the api listener */
};
void msg_publish_put(struct buf *b, const struct msg_publish *m);
MUST_CHECK bool msg_publish_get(struct bytes body, struct msg_publish *ret,
    struct err *e);

/* MSG_TLS_CSR, front -> core: DER PKCS #10 of the key that front made for itself. */
/* MSG_TLS_CERT, core -> front. */
struct msg_tls_cert {
	struct bytes chain_pem; /* leaf, then intermediates */
	int64_t renew_at;       /* front asks again then */
};
void msg_tls_cert_put(struct buf *b, const struct msg_tls_cert *m);
MUST_CHECK bool msg_tls_cert_get(struct bytes body, struct msg_tls_cert *ret,
    struct err *e);

#endif
