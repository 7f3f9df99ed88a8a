/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between core and prober: validate one challenge, look at CAA.
 *
 * Resolvers, egress rules, ports and CAA identities are the prober's own: it has
 * the configuration.  Each MSG_PROBE is answered by one MSG_PROBED, at the latest
 * a second after its deadline; a question that core forgot is answered too.  Core
 * waits for a few seconds more, and takes it for a failure of ours then.
 *
 * In the structs every struct bytes is borrowed from the frame.
 */
#ifndef IPC_MSG_PROBE_H
#define IPC_MSG_PROBE_H

#include "base/sets.h"
#include "ipc/msg.h"

/* Octets, at most.  The receiver ends by more. */
#define MSG_PROBE_NAME_MAX       253
#define MSG_PROBE_TOKEN_MAX      128
#define MSG_PROBE_KEY_AUTH_MAX   256
#define MSG_PROBE_ACCOUNT_MAX    KIB(1)
#define MSG_PROBE_TRANSCRIPT_MAX KIB(24)
#define MSG_PROBE_SEEN_MAX       256
#define MSG_PROBE_ADDRESS_MAX    64
#define MSG_PROBE_RETRY_MAX      60      /* s */
#define MSG_PROBE_FRAME_MAX      KIB(32) /* no message between core and prober is longer */

#define MSG_PROBE_DEADLINE_MIN 100 /* ms */
#define MSG_PROBE_DEADLINE_MAX 60000
#define MSG_PROBE_DEADLINE     20000 /* what is asked for usually */

/*
 * MSG_PROBE, core -> prober.
 *
 * 'prove': the challenge is validated.  'caa': the CAA records must permit (RFC
 * 8659), by this challenge and account (RFC 8657); an IP address has none, and
 * that permits.  One of the two at least; with both, the proof comes first.
 */
struct msg_probe {
	uint64_t id;              /* not 0 */
	struct bytes profile;     /* whose networks, resolvers and ports count */
	enum challenge challenge; /* one; with 'caa' alone: the one that was passed */
	bool prove, caa;
	enum name_type type; /* NAME_TYPE_DNS or NAME_TYPE_IP */
	/*
	 * The identifier's value: a DNS name in lower case, without "*." and a dot at
	 * the end; or an address as inet_ntop(3) writes it.
	 */
	struct bytes name;
	bool wildcard; /* the identifier was "*." and the name */
	/* base64url.  Empty for dns-persist-01 and where nothing is proved. */
	struct bytes token;
	struct bytes key_authorization; /* RFC 8555 8.1; empty as the token */
	struct bytes account; /* its URL; may be empty for a proof that needs none */
	uint32_t deadline_ms; /* from the arrival, queueing included */
};
void msg_probe_put(struct buf *b, const struct msg_probe *m);
MUST_CHECK bool msg_probe_get(struct bytes body, struct msg_probe *ret, struct err *e);

/*
 * MSG_PROBED, prober -> core.
 *
 * 'code': ERR_NONE: all that was asked for is so.  Else ERR_PROBE_DNS,
 * ERR_PROBE_CONNECTION, ERR_PROBE_TLS, ERR_PROBE_RESPONSE, ERR_PROBE_PROOF,
 * ERR_CAA, ERR_RATE_LIMITED (too many wait: ask again in 'retry_s'), ERR_POLICY (a
 * profile that is gone), ERR_MALFORMED (a dns-persist-01 record that cannot be read),
 * ERR_INTERNAL.
 *
 * 'detail' is one line for the ACME client.  It holds nothing of what the other
 * side sent (R73, A180).  'seen' does: it is for administrators alone.
 *
 * 'transcript' is a JSON array, a line of it is an object with "at" (ms since the
 * beginning) and "what" ("resolve" "connect" "tls" "request" "redirect" "dns"
 * "caa"), and where they apply "name", "type", "answers", "address", "status",
 * "error", "ms".  Names and answers of the DNS are in it: for administrators too.
 */
struct msg_probed {
	uint64_t id; /* of the question; not 0 */
	enum err_code code;
	bool proved;      /* the challenge was, whatever became of CAA */
	uint32_t retry_s; /* at most MSG_PROBE_RETRY_MAX */
	struct bytes detail;
	struct bytes transcript;
	struct bytes
	    seen; /* the first octets received; empty: none, or it was proved */
	struct bytes address; /* that was connected to last, "ip:port"; may be empty */
	/*
	 * dns-persist-01: how long the proof may be used again, from the record's
	 * persistUntil.  0: no such limit.
	 */
	int64_t reuse_s;
	uint32_t took_ms; /* from the arrival, queueing included */
};
void msg_probed_put(struct buf *b, const struct msg_probed *m);
MUST_CHECK bool msg_probed_get(struct bytes body, struct msg_probed *ret,
    struct err *e);

#endif
