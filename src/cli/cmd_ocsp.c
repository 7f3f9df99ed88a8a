/* SPDX-License-Identifier: Apache-2.0 */
/* hanaper ocsp - ask the OCSP responder about a certificate. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/certref.h"
#include "cli/client.h"
#include "cli/ocsp_ask.h"
#include "cli/view.h"

#define OCSP_TYPE       "application/ocsp-request"
#define OCSP_ANSWER_MAX MIB(1)

struct ocsp_args {
	struct options_common common;
	const char *issuer, *responder;
	bool good;
};

static const struct opt ocsp_opts[] = {
	/* clang-format off */
	OPT_HAS_TEXT("issuer", "FILE", struct ocsp_args, issuer,
	    "the issuer's certificate (else from FILE or the daemon)"),
	OPT_HAS_TEXT("responder", "URL", struct ocsp_args, responder,
	    "ask there (else the socket, else the URL in the certificate)"),
	OPT_IS_FLAG("good", struct ocsp_args, good, "exit status 1 unless the answer is good"),
	{ 0 }
	/* clang-format on */
};

static const struct opt_usage usage = {
	.operands = "SERIAL|FILE",
	.about = "Sends a nonce and believes only an answer that the issuer or its\n"
		 "responder has signed, for this certificate, just now.",
	.opts = ocsp_opts,
	.shared = options_client,
	.least = 1,
	.most = 1,
};

struct subject {                  /* of whom is asked */
	gnutls_x509_crt_t *chain; /* the certificate, then those above it */
	unsigned n;
};

static void
subject_free(struct subject *s)
{
	for (unsigned i = 0; i < s->n; i++)
		gnutls_x509_crt_deinit(s->chain[i]);
	gnutls_free(s->chain);
	*s = (struct subject){ 0 };
}

static bool
subject_read(struct bytes text, const char *what, struct subject *ret, struct err *e)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)text.p,
		(unsigned)text.n };
	struct subject s = { 0 };

	if (gnutls_x509_crt_list_import2(&s.chain, &s.n, &in, GNUTLS_X509_FMT_PEM, 0) <
		0 &&
	    gnutls_x509_crt_list_import2(&s.chain, &s.n, &in, GNUTLS_X509_FMT_DER, 0) <
		0)
		return err_set(e, ERR_MALFORMED, "%s: no certificate", what);
	subject_free(ret);
	*ret = s;
	return true;
}

/* The certificate with its chain, as the daemon has it. */
static bool
subject_fetch(struct client *c, const char *hex, struct subject *ret, struct err *e)
{
	char *path = mem_printf("/v1/certificates/%s", hex);
	struct buf roots;
	json_t *v = NULL;
	const char *chain;
	bool ok = false;

	buf_init(&roots, MIB(4));
	if (!client_get_json(c, path, &v, e))
		goto out;
	chain = json_text(v, "chain");
	if (chain == NULL)
		chain = json_text(v, "certificate");
	/* A certificate that the root signed has nobody behind it in its chain. */
	if (!client_get(c, "/ca/roots.pem", "*/*", &roots, e))
		goto out;
	char *all = mem_printf("%s%s", chain != NULL ? chain : "", buf_str(&roots));

	ok = subject_read(bytes_str(all), "the daemon's answer", ret, e);
	free(all);
out:
	buf_free(&roots);
	json_decref(v);
	free(path);
	return ok;
}

/* Whoever in 's' or --issuer has signed the certificate; *ret is borrowed from 's' or 'given'. */
static bool
find_issuer(const struct subject *s, const struct subject *given,
    gnutls_x509_crt_t *ret, struct err *e)
{
	for (unsigned i = 0; i < given->n; i++)
		if (gnutls_x509_crt_check_issuer(s->chain[0], given->chain[i])) {
			*ret = given->chain[i];
			return true;
		}
	for (unsigned i = 1; i < s->n; i++)
		if (gnutls_x509_crt_check_issuer(s->chain[0], s->chain[i])) {
			*ret = s->chain[i];
			return true;
		}
	return err_set(e, ERR_NOT_FOUND,
	    "the issuer's certificate is missing: give --issuer FILE");
}

/* The first OCSP URL of the certificate; free() it.  NULL: none. */
static char *
url_of(gnutls_x509_crt_t cert)
{
	char *url = NULL;

	for (unsigned i = 0; url == NULL; i++) {
		gnutls_datum_t d = { 0 };
		const int rc = gnutls_x509_crt_get_authority_info_access(cert, i,
		    GNUTLS_IA_OCSP_URI, &d, NULL);

		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (rc >= 0 && d.data != NULL)
			url = mem_strndup(bytes_of(d.data, d.size));
		gnutls_free(d.data);
		if (rc < 0 && rc != GNUTLS_E_UNKNOWN_ALGORITHM)
			break;
	}
	return url;
}

static bool
ask(const struct ocsp_args *a, struct client *c, const struct subject *s,
    gnutls_x509_crt_t issuer, struct ocsp_told *ret, struct err *e)
{
	struct ocsp_ask *question = NULL;
	struct buf answer;
	char *url = NULL;
	bool ok = false;

	buf_init(&answer, OCSP_ANSWER_MAX);
	if (!ocsp_ask_new(s->chain[0], issuer, &question, e))
		goto out;
	if (a->responder != NULL)
		url = mem_strdup(a->responder);
	else if (c == NULL || client_dir(c) == NULL)
		url = url_of(s->chain[0]);
	if (url != NULL)
		ok = client_post_url(url, OCSP_TYPE, ocsp_ask_request(question),
		    &answer, e);
	else if (c != NULL && client_dir(c) != NULL)
		ok = client_post(c, "/ocsp", OCSP_TYPE, ocsp_ask_request(question),
		    &answer, e);
	else
		err_set(e, ERR_NOT_FOUND,
		    "the certificate names no OCSP responder: give --responder URL");
	ok = ok && ocsp_ask_answer(question, buf_bytes(&answer), ret, e);
out:
	free(url);
	buf_free(&answer);
	ocsp_ask_free(question);
	return ok;
}

static void
set_time(json_t *v, const char *member, int64_t at)
{
	char text[CLOCK_RFC3339_LEN];

	if (at < 0)
		return;
	clock_rfc3339(at, text);
	json_object_set_new(v, member, json_string(text));
}

static int
print(const struct ocsp_args *a, const char *hex, const struct ocsp_told *told)
{
	const bool good = strcmp(told->status, "good") == 0;
	json_t *v = json_pack("{s:s, s:s}", "serial", hex, "status", told->status);

	if (strcmp(told->status, "revoked") == 0)
		set_time(v, "revoked_at", told->revoked_at);
	if (told->reason != NULL)
		json_object_set_new(v, "reason", json_string(told->reason));
	set_time(v, "this_update", told->this_update);
	set_time(v, "next_update", told->next_update);
	set_time(v, "produced_at", told->produced_at);
	if (a->common.json) {
		out_json(v);
	} else {
		view_field(v, "serial", "serial");
		view_field(v, "status", "status");
		view_field_time(v, "revoked_at", "revoked at");
		view_field(v, "reason", "reason");
		view_field_time(v, "this_update", "this update");
		view_field_time(v, "next_update", "next update");
		json_decref(v);
		if (good)
			out_next("hanaper show %s", hex);
		else
			out_next("hanaper crl --list");
	}
	return a->good && !good ? OUT_FAILED : OUT_DONE;
}

static bool
read_given(const char *path, struct subject *ret, struct err *e)
{
	struct buf text;
	bool there = false, ok;

	buf_init(&text, CERTREF_FILE_MAX);
	ok = certref_file(path, &text, &there, e);
	if (ok && !there)
		ok = err_set(e, ERR_NOT_FOUND, "%s: there is no such file", path);
	ok = ok && subject_read(buf_bytes(&text), path, ret, e);
	buf_free(&text);
	return ok;
}

/* Finds the certificate and who signed it, here or from the daemon. */
static bool
resolve(const struct ocsp_args *a, struct client *c, const char *hex, struct subject *s,
    struct subject *given, gnutls_x509_crt_t *ret_issuer, struct err *e)
{
	const char *word = a->common.operands[0];
	struct buf text;
	bool there = false, ok;

	if (a->issuer != NULL && !read_given(a->issuer, given, e))
		return false;
	buf_init(&text, CERTREF_FILE_MAX);
	ok = certref_file(word, &text, &there, e) &&
	     (!there || subject_read(buf_bytes(&text), word, s, e));
	buf_free(&text);
	if (!ok)
		return false;
	if (there && find_issuer(s, given, ret_issuer, e))
		return true;
	if (c == NULL) /* *e says what is missing, or nobody can be asked */
		return there ? false
			     : err_set(e, ERR_NOT_FOUND,
				   "no daemon to ask for this serial: give the "
				   "certificate's file, or --dir or --url");
	return subject_fetch(c, hex, s, e) && find_issuer(s, given, ret_issuer, e);
}

int
cmd_ocsp(const struct command *self, int argc, char **argv)
{
	struct ocsp_args a = { 0 };
	char hex[SERIAL_HEX_LEN];
	struct subject s = { 0 }, given = { 0 };
	gnutls_x509_crt_t issuer = NULL;
	struct ocsp_told told = { 0 };
	struct client *c = NULL;
	struct err e = { 0 };
	int status;

	if (!options_read(self, &usage, argc, argv, &a, &status))
		return status;
	if (!certref_serial(a.common.operands[0], hex, &e))
		return out_fail(&e);
	/* Without a daemon a file and the URL in it will do. */
	if (!client_open(&a.common, &c, &e) &&
	    (a.common.dir != NULL || a.common.url != NULL))
		return client_fail(NULL, &e);
	if (resolve(&a, c, hex, &s, &given, &issuer, &e) &&
	    ask(&a, c, &s, issuer, &told, &e))
		status = print(&a, hex, &told);
	else
		status = client_fail(c, &e);
	subject_free(&s);
	subject_free(&given);
	client_free(c);
	return status;
}
