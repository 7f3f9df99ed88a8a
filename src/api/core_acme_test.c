/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/acme/test: would a validation of this name reach it?  Without an order. */
#include <stdlib.h>
#include <string.h>

#include "api/acme_json.h"
#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/mem.h"
#include "ca/acme_challenge.h"
#include "codec/json.h"
#include "ipc/msg_probe.h"

struct test {
	struct request *r;
	char *profile;
	struct name name;
	enum challenge challenge;
};

static void
test_free(struct test *t)
{
	free(t->profile);
	free(t->name.text);
	free(t);
}

static void
set_text(json_t *v, const char *member, struct bytes text)
{
	if (text.n > 0)
		json_object_set_new(v, member, certificate_json_text(text));
}

/* As in the rows of attempts: foreign octets as ASCII. */
static void
set_seen(json_t *v, struct bytes seen)
{
	struct buf b;

	buf_init(&b, 4 * MSG_PROBE_SEEN_MAX);
	for (size_t i = 0; i < seen.n; i++)
		if (seen.p[i] >= 0x20 && seen.p[i] < 0x7f && seen.p[i] != '\\')
			buf_putc(&b, seen.p[i]);
		else
			buf_printf(&b, "\\x%02x", seen.p[i]);
	set_text(v, "seen", buf_bytes(&b));
	buf_free(&b);
}

static json_t *
test_json(const struct test *t, const struct msg_probed *m)
{
	char *text = mem_strndup(m->transcript);
	json_t *v = json_object(), *transcript = acme_json_parsed(text);

	free(text);
	json_object_set_new(v, "profile", json_string(t->profile));
	json_object_set_new(v, "type", json_string(sets_name_type_word(t->name.type)));
	json_object_set_new(v, "name", json_string(t->name.text));
	json_object_set_new(v, "challenge",
	    json_string(sets_challenge_word(t->challenge)));
	json_object_set_new(v, "result",
	    json_string(m->code == ERR_NONE ? "valid" : err_type(m->code)));
	set_text(v, "detail", m->detail);
	set_text(v, "address", m->address);
	json_object_set_new(v, "took_ms", json_integer(m->took_ms));
	json_object_set_new(v, "transcript",
	    transcript != NULL ? transcript : json_array());
	set_seen(v, m->seen);
	return v;
}

static void
on_tested(void *arg, const struct msg_probed *m)
{
	struct test *t = arg;

	request_json(t->r, 200, test_json(t, m));
	test_free(t);
}

/* An address is one by its look; all else is a DNS name. */
static bool
read_name(const char *text, struct name *ret, struct err *e)
{
	uint8_t ip[16];

	ret->type = name_ip_octets(text, ip) > 0 ? NAME_TYPE_IP : NAME_TYPE_DNS;
	return name_normal(ret->type, bytes_str(text), &ret->text, e) ||
	       err_prefix(e, "name");
}

static bool
read_challenge(const json_t *body, enum challenge *ret, struct err *e)
{
	const char *word = json_text(body, "challenge");

	*ret = CHALLENGE_HTTP_01;
	return word == NULL || sets_challenge_from(bytes_str(word), ret) ||
	       err_set(e, ERR_MALFORMED,
		   "challenge: must be http-01, dns-01, tls-alpn-01, dns-account-01 or "
		   "dns-persist-01");
}

/* What no order offers proves nothing here either (RFC 8555 7.1.4, RFC 8738 7). */
static bool
challenge_fits(const struct name *name, enum challenge challenge, struct err *e)
{
	const bool by_host =
	    challenge == CHALLENGE_HTTP_01 || challenge == CHALLENGE_TLS_ALPN_01;

	if (name->type == NAME_TYPE_IP && !by_host)
		return err_set(e, ERR_MALFORMED,
		    "challenge: an address is proven by http-01 or tls-alpn-01");
	if (by_host && strncmp(name->text, "*.", 2) == 0)
		return err_set(e, ERR_MALFORMED,
		    "challenge: a wildcard is proven by dns-01, dns-account-01 or "
		    "dns-persist-01");
	return true;
}

static const struct conf_profile *
find_directory(struct ca *ca, const char *name, struct err *e)
{
	const struct conf_profile *p = conf_profile_find(ca_conf(ca), bytes_str(name));

	if (p != NULL && !p->internal && p->acme.on)
		return p;
	err_set(e, ERR_NOT_FOUND, "there is no ACME directory \"%.40s\"", name);
	return NULL;
}

static bool
begin(struct request *r, const json_t *body, struct err *e)
{
	const struct conf_profile *p =
	    find_directory(r->ca, json_text(body, "profile"), e);
	struct test *t = mem_zalloc(sizeof(*t));

	t->r = r;
	t->profile = mem_strdup(json_text(body, "profile"));
	if (p != NULL && read_name(json_text(body, "name"), &t->name, e) &&
	    read_challenge(body, &t->challenge, e) &&
	    challenge_fits(&t->name, t->challenge, e) &&
	    acme_challenge_test(r->ca, p, &t->name, t->challenge, on_tested, t, e))
		return true;
	test_free(t);
	return false;
}

void
core_acme_test(struct request *r)
{
	static const struct json_member members[] = {
		{ "profile", JSON_STRING, true },
		{ "name", JSON_STRING, true },
		{ "challenge", JSON_STRING, false },
		{ NULL, JSON_NULL, false },
	};
	json_t *v = NULL;
	struct err e;

	if (!request_object(r, members, &v, &e) || !begin(r, v, &e))
		request_problem(r, &e, NULL);
	json_decref(v);
}
