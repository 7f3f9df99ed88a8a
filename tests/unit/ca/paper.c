/* SPDX-License-Identifier: Apache-2.0 */
#include "paper.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/pem.h"
#include "codec/wire.h"
#include "conf/conf_load.h"
#include "sys/file.h"
#include "x509/dn.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

#define PROFILES                                                                       \
	"profiles:\n"                                                                  \
	"- { name: server, usages: [server auth, client auth],\n"                      \
	"    names: { dns: [\"*.internal\"] } }\n"                                     \
	"- { name: client, usages: [client auth], names: { dns: [\"*.internal\"] } "   \
	"}\n"

struct paper paper;

static void
build(const struct cert_spec *spec, const struct key *by, struct buf *ret)
{
	struct buf tbs, sig;
	struct err e = { 0 };

	buf_init(&tbs, KIB(16));
	buf_init(&sig, KIB(1));
	MUST(cert_build_tbs(spec, &tbs, &e));
	MUST(key_sign(by, buf_bytes(&tbs), &sig, &e));
	MUST(cert_assemble(buf_bytes(&tbs), key_sig_alg(by), buf_bytes(&sig), ret, &e));
	buf_free(&tbs);
	buf_free(&sig);
}

static void
make_authority(const char *file, const char *cn, const struct key *key,
    const char *issuer_cn, const struct key *by)
{
	static const uint8_t id[20] = { 7 };
	struct buf subject, issuer, der, pem;
	struct serial serial;
	struct err e = { 0 };

	buf_init(&subject, KIB(1));
	buf_init(&issuer, KIB(1));
	buf_init(&der, KIB(8));
	buf_init(&pem, KIB(16));
	MUST(dn_build(NULL, cn, &subject, &e));
	MUST(dn_build(NULL, issuer_cn, &issuer, &e));
	MUST(serial_new(clock_now(), &serial, &e));
	build(&(struct cert_spec){ .serial = serial,
		  .sig_alg = key_sig_alg(by),
		  .issuer_dn = buf_bytes(&issuer),
		  .subject_dn = buf_bytes(&subject),
		  .spki = key_spki(key),
		  .key_id = bytes_of(id, sizeof(id)),
		  .not_before = clock_now() - 10 * PAPER_DAY,
		  .not_after = clock_now() + 3650 * PAPER_DAY,
		  .key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN,
		  .ca = true,
		  .constraints = bytes_str(key == by ? PAPER_CONSTRAINTS : ""),
		  .path_len = -1 },
	    by, &der);
	pem_put(&pem, "CERTIFICATE", buf_bytes(&der));
	char *path = mem_printf("%s/%s", paper.dir, file);
	MUST(file_create(AT_FDCWD, path, 0600, buf_bytes(&pem), &e));
	free(path);
	buf_free(&subject);
	buf_free(&issuer);
	buf_free(&der);
	buf_free(&pem);
}

static void
build_leaf(const struct paper_leaf *l, struct serial *ret_serial, struct buf *der)
{
	static const uint8_t id[20] = { 9 };
	const char *by_name = l->by != NULL ? l->by : l->issuer;
	const bool by_root = by_name != NULL && strcmp(by_name, "root") == 0;
	const struct ca_issuer *issuer = &paper.ca->issuers[by_root ? 0 : 1];
	const struct key *by = by_root ? paper.root_key : paper.main_key;
	struct key *own = NULL;
	struct buf subject;
	struct err e = { 0 };

	buf_init(&subject, KIB(1));
	MUST(dn_build(NULL, l->cn, &subject, &e));
	if (l->spki.n == 0)
		MUST(key_generate(KEY_ALG_ECDSA_P256, 0, &own, &e));
	MUST(serial_new(clock_now(), ret_serial, &e));
	build(
	    &(struct cert_spec){
		.serial = *ret_serial,
		.sig_alg = key_sig_alg(by),
		.issuer_dn = issuer->cert->subject_dn,
		.authority_key_id = bytes_of(id, sizeof(id)),
		.subject_dn = buf_bytes(&subject),
		.spki = own != NULL ? key_spki(own) : l->spki,
		.key_id = bytes_of(id, sizeof(id)),
		.not_before =
		    l->not_before != 0 ? l->not_before : clock_now() - PAPER_DAY,
		.not_after =
		    l->not_after != 0 ? l->not_after : clock_now() + 30 * PAPER_DAY,
		.names = l->ca ? NULL : l->names,
		.key_usage = l->ca ? CERT_KU_KEY_CERT_SIGN : CERT_KU_DIGITAL_SIGNATURE,
		.usages = l->ca            ? 0
			  : l->usages != 0 ? l->usages
					   : USAGE_CLIENT_AUTH | USAGE_SERVER_AUTH,
		.ca = l->ca,
		.path_len = -1,
	    },
	    by, der);
	key_free(own);
	buf_free(&subject);
}

struct serial
paper_leaf(const struct paper_leaf *l, struct buf *ret)
{
	struct serial serial;
	struct buf der;

	buf_init(&der, KIB(16));
	build_leaf(l, &serial, &der);
	record_certificate_put(ret,
	    &(struct record_certificate){
		.issuer = bytes_str(l->issuer != NULL ? l->issuer : "main"),
		.profile = bytes_str(l->profile != NULL ? l->profile : "server"),
		.der = buf_bytes(&der),
		.requester =
		    bytes_str(l->requester != NULL ? l->requester : "cert:admin"),
		.request_id = bytes_str("0123456789abcdef"),
		.note = bytes_str(l->note != NULL ? l->note : ""),
	    });
	buf_free(&der);
	return serial;
}

struct serial
paper_add(const struct paper_leaf *l, struct buf *der)
{
	struct record_certificate rc;
	struct buf body;
	struct err e = { 0 };

	buf_init(&body, RECORD_MAX);
	const struct serial s = paper_leaf(l, &body);
	paper_record(MSG_JOURNAL_RECORD, 0, RECORD_CERTIFICATE, buf_bytes(&body));
	MUST(record_certificate_get(buf_bytes(&body), &rc, &e));
	if (der != NULL)
		buf_put(der, rc.der);
	buf_free(&body);
	return s;
}

struct serial
paper_add_dns(const char *profile, const char *dns, const char *note)
{
	struct names names = { 0 };
	struct err e = { 0 };

	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str(dns), &e));
	const struct serial s = paper_add(&(struct paper_leaf){ .profile = profile,
					      .names = &names,
					      .note = note },
	    NULL);
	names_free(&names);
	return s;
}

static void
put_revocation(const struct msg_revoke *m, int64_t not_after, struct buf *ret)
{
	record_revocation_put(ret, &(struct record_revocation){ .issuer = m->issuer,
				       .serial = m->serial,
				       .not_after = not_after,
				       .revoked_at = m->revoked_at,
				       .reason = m->reason,
				       .requester = m->requester,
				       .request_id = m->request_id });
}

void
paper_add_revoked(const struct serial *s, enum reason reason, int64_t at)
{
	struct certificate_row row;
	struct buf body;
	struct err e = { 0 };

	MUST(store_certificate_get(paper.store, NULL, s, &row, &e));
	buf_init(&body, KIB(4));
	put_revocation(&(struct msg_revoke){ .issuer = bytes_str(row.issuer),
			   .serial = serial_bytes(s),
			   .revoked_at = at,
			   .reason = reason,
			   .requester = bytes_str("uid:0"),
			   .request_id = bytes_str("fedcba9876543210") },
	    row.not_after, &body);
	paper_record(MSG_JOURNAL_RECORD, 0, RECORD_REVOCATION, buf_bytes(&body));
	certificate_row_free(&row);
	buf_free(&body);
}

struct csr *
paper_csr(const char *const *dns)
{
	struct names names = { 0 };
	struct key *key;
	struct buf dn, info, sig, der;
	struct csr *csr;
	struct err e = { 0 };

	buf_init(&dn, KIB(1));
	buf_init(&info, KIB(8));
	buf_init(&sig, KIB(1));
	buf_init(&der, KIB(16));
	for (size_t i = 0; dns[i] != NULL; i++)
		MUST(names_add(&names, NAME_TYPE_DNS, bytes_str(dns[i]), &e));
	MUST(key_generate(KEY_ALG_ECDSA_P256, 0, &key, &e));
	MUST(dn_build(NULL, NULL, &dn, &e));
	MUST(cert_build_csr_info(buf_bytes(&dn), key_spki(key),
	    names.n > 0 ? &names : NULL, &info, &e));
	MUST(key_sign(key, buf_bytes(&info), &sig, &e));
	MUST(cert_assemble(buf_bytes(&info), key_sig_alg(key), buf_bytes(&sig), &der,
	    &e));
	MUST(csr_parse(buf_bytes(&der), NAMES_READ_MAX, &csr, &e));
	names_free(&names);
	key_free(key);
	buf_free(&dn);
	buf_free(&info);
	buf_free(&sig);
	buf_free(&der);
	return csr;
}

/* ---- the signer ---- */

bool
paper_asked(void)
{
	struct err e = { 0 };
	struct pollfd p = { .fd = chan_fd(paper.signer), .events = POLLIN };

	MUST(link_drain(paper.ca->signer, &e));
	return paper.peeked || chan_pending(paper.signer) || poll(&p, 1, 0) == 1;
}

struct frame
paper_question(void)
{
	struct frame f = { 0 };
	bool got = false;
	struct err e = { 0 };

	if (paper.peeked) {
		paper.peeked = false;
		return paper.next;
	}
	cr_assert(paper_asked(), "core asked its signer for nothing");
	MUST(chan_recv(paper.signer, &f, &got, &e));
	cr_assert(got);
	return f;
}

struct frame
paper_peek(void)
{
	paper.next = paper_question();
	paper.peeked = true;
	return paper.next;
}

bool
paper_tell(unsigned type, struct bytes body, struct err *e)
{
	const struct msg_rule *r = ca_signer_rules;

	while (r->type != 0 && r->type != type)
		r++;
	return r->handler(paper.ca, &(struct frame){ type, body, -1 }, e);
}

void
paper_record(unsigned type, uint64_t id, enum record_type kind, struct bytes body)
{
	static const uint8_t hash[RECORD_HASH_LEN];
	struct buf whole, frame;
	struct err e = { 0 };

	buf_init(&whole, RECORD_MAX);
	buf_init(&frame, MSG_RECORD_MAX);
	wire_put_u32(&whole, (uint32_t)(25 + body.n));
	wire_put_u64(&whole, ++paper.seq);
	wire_put_i64(&whole, clock_now());
	wire_put_u64(&whole, 0);
	wire_put_u8(&whole, (uint8_t)kind);
	buf_put(&whole, body);
	buf_put(&whole, bytes_of(hash, sizeof(hash)));
	msg_recorded_put(&frame,
	    &(struct msg_recorded){ .id = id, .record = buf_bytes(&whole) });
	MUST(paper_tell(type, buf_bytes(&frame), &e));
	buf_free(&whole);
	buf_free(&frame);
}

void
paper_refuse(uint64_t id, enum err_code code, const char *why)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, KIB(4));
	msg_refused_put(&b,
	    &(struct msg_refused){ .id = id, .code = code, .detail = bytes_str(why) });
	MUST(paper_tell(MSG_REFUSED, buf_bytes(&b), &e));
	buf_free(&b);
}

static void
sign_cert(struct bytes question)
{
	struct msg_sign_cert m;
	struct names names = { 0 };
	struct csr *csr;
	struct buf body;
	struct err e = { 0 };

	MUST(msg_sign_cert_get(question, &m, &e));
	MUST(csr_parse(m.csr, NAMES_READ_MAX, &csr, &e));
	MUST(names_from_der(m.names, 1000, &names, &e));
	const struct conf_profile *p = conf_profile_find(paper.ca->conf, m.profile);
	char *requester = mem_strndup(m.requester), *note = mem_strndup(m.note);
	buf_init(&body, RECORD_MAX);
	(void)paper_leaf(
	    &(struct paper_leaf){
		.issuer = p->issuer,
		.profile = p->name,
		.requester = requester,
		.names = &names,
		.spki = csr->key.der,
		.not_before = m.not_before,
		.not_after =
		    m.not_before +
		    (m.validity_s != 0 ? m.validity_s : p->validity_default_s) - 1,
		.usages = p->usages,
		.note = note,
	    },
	    &body);
	paper_record(MSG_CERT_SIGNED, m.id, RECORD_CERTIFICATE, buf_bytes(&body));
	buf_free(&body);
	free(requester);
	free(note);
	names_free(&names);
	csr_free(csr);
}

static void
sign_revocation(struct bytes question)
{
	struct msg_revoke m;
	struct cert *c = NULL;
	struct buf body;
	struct err e = { 0 };

	MUST(msg_revoke_get(question, &m, &e));
	const bool proven = cert_parse(m.certificate, &c, &e);
	buf_init(&body, KIB(4));
	put_revocation(&m, proven ? c->not_after : INT64_C(1) << 33, &body);
	cert_free(c);
	paper_record(MSG_REVOKED, m.id, RECORD_REVOCATION, buf_bytes(&body));
	buf_free(&body);
}

void
paper_sign(unsigned type)
{
	const struct frame f = paper_question();

	cr_assert_eq(f.type, type, "core asked for %s", msg_name(f.type));
	if (type == MSG_SIGN_CERT)
		sign_cert(f.body);
	else if (type == MSG_REVOKE)
		sign_revocation(f.body);
	else
		cr_assert_fail("paper_sign() knows no %s", msg_name(type));
}

static void
on_publish(void *arg, const struct msg_publish *m)
{
	(void)m;
	((struct paper *)arg)->published++;
}

static void
on_forget(void *arg, const struct msg_forget *m)
{
	(void)m;
	((struct paper *)arg)->forgotten++;
}

static void
on_ready(void *arg)
{
	(void)arg;
}

static void
on_fail(void *arg, const struct err *e)
{
	struct paper *p = arg;

	p->failures++;
	p->failure = *e;
}

static void
begin_files(const char *more)
{
	struct err e = { 0 };
	char *issuers = mem_printf("%s/issuers", paper.dir);
	char *conf = mem_printf("%s/hanaper.yaml", paper.dir);
	char *db = mem_printf("%s/hanaper.db", paper.dir);
	char *text = mem_printf("%s%s", PROFILES, more);

	MUST(key_generate(KEY_ALG_ECDSA_P256, 0, &paper.root_key, &e));
	MUST(key_generate(KEY_ALG_ECDSA_P256, 0, &paper.main_key, &e));
	cr_assert_eq(mkdir(issuers, 0700), 0);
	make_authority("root.crt", "Paper Root", paper.root_key, "Paper Root",
	    paper.root_key);
	make_authority("issuers/main.crt", "Paper Main", paper.main_key, "Paper Root",
	    paper.root_key);
	MUST(conf_load_text(bytes_str(text), conf, &paper.conf, &e));
	MUST(store_create(db, &paper.store, &e));
	free(issuers);
	free(conf);
	free(db);
	free(text);
}

void
paper_begin_with(const char *more)
{
	static const uint8_t root_hash[32] = { 1 };
	const struct ca_hooks hooks = { &paper, on_publish, on_forget, on_ready,
		on_fail };
	struct buf body;
	struct err e = { 0 };
	int fds[2];

	paper = (struct paper){ .dir = "/tmp/hnp-paper-XXXXXX" };
	cr_assert_not_null(mkdtemp(paper.dir));
	begin_files(more);
	paper.loop = loop_new();
	MUST(ca_new(paper.conf, paper.store, paper.loop, &hooks, &paper.ca, &e));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	paper.signer = chan_new(fds[1], MIB(1));
	paper.ca->signer = link_new(paper.loop, fds[0], PEER_SIGNER, MIB(1),
	    ca_signer_rules, paper.ca);
	paper.ca->phase = CA_RUNNING;
	buf_init(&body, 64);
	record_genesis_put(&body,
	    &(struct record_genesis){ .root_hash = bytes_of(root_hash, 32) });
	paper_record(MSG_JOURNAL_RECORD, 0, RECORD_GENESIS, buf_bytes(&body));
	buf_free(&body);
}

void
paper_begin(void)
{
	paper_begin_with("");
}

void
paper_end(void)
{
	struct link *signer = paper.ca->signer;

	ca_free(paper.ca);
	link_free(signer);
	chan_free(paper.signer);
	loop_free(paper.loop);
	if (paper.store != NULL)
		store_discard(paper.store);
	conf_free(paper.conf);
	key_free(paper.root_key);
	key_free(paper.main_key);
	file_remove_tree(paper.dir);
}
