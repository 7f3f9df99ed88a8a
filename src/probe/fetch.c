/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/fetch.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/version.h"
#include "probe/egress.h"
#include "probe/tls_limit.h"

struct fetch_multi {
	struct loop *loop;
	CURLM *curl;
	struct loop_timer *timer;
};

struct fetch {
	struct fetch_multi *multi;
	CURL *curl;
	struct curl_slist *headers, *connect_to;
	const struct strings *networks;
	struct err refused; /* by the egress rules; code 0: not */
	struct buf body;
	size_t header_octets;
	bool too_long;
	fetch_cb *cb;
	void *arg;
};

/* ---- curl in the loop ---- */

/* 303 changes the method, 300, 304 and 305 are no redirects (A176). */
static bool
is_redirect(long status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

static enum err_code
code_of(CURLcode rc)
{
	switch (rc) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
		return ERR_PROBE_TLS;
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return ERR_PROBE_CONNECTION;
	default:
		return ERR_PROBE_RESPONSE;
	}
}

static const struct curl_header *
header(const struct fetch *f, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(f->curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK
		   ? h
		   : NULL;
}

static void
finish(struct fetch *f, CURLcode rc)
{
	struct fetch_result r = { .code = ERR_NONE };
	const struct curl_header *h;
	curl_off_t connect_us = 0;

	curl_easy_getinfo(f->curl, CURLINFO_CONNECT_TIME_T, &connect_us);
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &r.status);
	if (r.status < 0 || r.status > 999) /* libcurl's -1: a line that is no HTTP's */
		r.status = 0;
	r.connected = connect_us > 0;
	/* on_body() stopped it: no more was wanted. */
	if (rc == CURLE_WRITE_ERROR && r.status != 200 && !f->too_long)
		rc = CURLE_OK;
	if (f->refused.code != ERR_NONE) {
		r.code = f->refused.code;
		r.why = f->refused.detail;
	} else if (f->too_long) {
		r.code = ERR_PROBE_RESPONSE;
		r.why = "the answer is too long";
	} else if (rc != CURLE_OK) {
		r.code = code_of(rc);
		r.why = curl_easy_strerror(rc);
	}
	/* curl makes a URL of it only when it has read the body. */
	h = header(f, "Location");
	if (r.code == ERR_NONE && is_redirect(r.status) && h != NULL && h->amount == 1)
		r.location = h->value;
	h = header(f, "Content-Encoding");
	r.encoded = h != NULL && strcasecmp(h->value, "identity") != 0;
	r.body = buf_bytes(&f->body);
	f->cb(f->arg, &r);
}

static void
take_finished(struct fetch_multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left)) != NULL) {
		struct fetch *f = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		const CURLcode rc = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&f);
		curl_multi_remove_handle(m->curl, f->curl);
		finish(f, rc); /* may free it */
	}
}

static void
act(struct fetch_multi *m, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(m->curl, fd, events, &running);
	take_finished(m);
}

static void
on_timer(void *arg)
{
	struct fetch_multi *m = arg;

	m->timer = NULL;
	act(m, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_curl_timer(CURLM *curl, long ms, void *arg)
{
	struct fetch_multi *m = arg;

	(void)curl;
	loop_cancel(m->timer);
	m->timer = ms < 0 ? NULL : loop_after(m->loop, ms, on_timer, m);
	return 0;
}

struct watch {
	struct fetch_multi *multi;
	curl_socket_t fd;
	struct loop_fd *in_loop;
};

static void
on_socket(void *arg, unsigned events)
{
	const struct watch *w = arg;
	int what = 0;

	if ((events & LOOP_IN) != 0)
		what |= CURL_CSELECT_IN;
	if ((events & LOOP_OUT) != 0)
		what |= CURL_CSELECT_OUT;
	if ((events & LOOP_GONE) != 0)
		what |= CURL_CSELECT_ERR;
	act(w->multi, w->fd, what); /* 'w' may be gone */
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct fetch_multi *m = arg;
	struct watch *w = assigned;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			loop_del(w->in_loop);
			free(w);
			curl_multi_assign(m->curl, fd, NULL);
		}
		return 0;
	}
	const unsigned events = ((what & CURL_POLL_IN) != 0 ? LOOP_IN : 0) |
				((what & CURL_POLL_OUT) != 0 ? LOOP_OUT : 0);
	if (w == NULL) {
		w = mem_zalloc(sizeof(*w));
		w->multi = m;
		w->fd = fd;
		w->in_loop = loop_add(m->loop, fd, events, on_socket, w);
		curl_multi_assign(m->curl, fd, w);
	} else {
		loop_want(w->in_loop, events);
	}
	return 0;
}

bool
fetch_multi_new(struct loop *l, struct fetch_multi **ret, struct err *e)
{
	const curl_version_info_data *v;

	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		return err_set(e, ERR_INTERNAL, "libcurl could not be set up");
	v = curl_version_info(CURLVERSION_NOW);
	CURLM *curl = curl_multi_init();
	if (curl == NULL || !version_check("libcurl", v->version, LIBCURL_VERSION, e)) {
		if (curl == NULL)
			err_set(e, ERR_INTERNAL, "libcurl gave no handle");
		curl_multi_cleanup(curl);
		curl_global_cleanup();
		return false;
	}
	struct fetch_multi *m = mem_zalloc(sizeof(*m));
	m->loop = l;
	m->curl = curl;
	curl_multi_setopt(curl, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	curl_multi_setopt(curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(curl, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	curl_multi_setopt(curl, CURLMOPT_TIMERDATA, m);
	curl_multi_setopt(curl, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	*ret = m;
	return true;
}

void
fetch_multi_free(struct fetch_multi *m)
{
	if (m == NULL)
		return;
	curl_multi_cleanup(m->curl);
	curl_global_cleanup();
	loop_cancel(m->timer);
	free(m);
}

/* ---- one fetch ---- */

/* The very address that will be connected to, whatever curl made of the URL. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch *f = arg;

	(void)purpose;
	if (!egress_check(f->networks, &a->addr, &f->refused))
		return CURL_SOCKET_BAD;
	f->refused.code = ERR_NONE;
	return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    a->protocol);
}

/* curl has no other way to its session: it tells what it will offer, before it does. */
static int
on_said(CURL *easy, curl_infotype what, char *p, size_t n, void *arg)
{
	struct curl_tlssessioninfo *tls = NULL;

	(void)p;
	(void)n;
	(void)arg;
	if (what == CURLINFO_TEXT &&
	    curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK &&
	    tls != NULL && tls->backend == CURLSSLBACKEND_GNUTLS &&
	    tls->internals != NULL)
		tls_limit_set(tls->internals);
	return 0;
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;

	(void)p;
	f->header_octets += size * n;
	if (f->header_octets <= FETCH_HEADER_MAX)
		return size * n;
	f->too_long = true;
	return 0;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	long status = 0;

	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (is_redirect(status))
		return 0;
	const size_t room = FETCH_BODY_MAX - f->body.n;
	buf_put(&f->body, bytes_of(p, size * n < room ? size * n : room));
	if (size * n <= room)
		return size * n;
	/* Of an error page the beginning will do: the status tells. */
	f->too_long = status == 200;
	return 0;
}

/* In place of what the URL says: to this address, and no name is looked up. */
static struct curl_slist *
pin(const struct sockaddr *a)
{
	char to[EGRESS_TEXT_LEN], all[EGRESS_TEXT_LEN + 2] = "::";

	egress_text(a, to);
	return curl_slist_append(NULL,
	    bytes_to_str(bytes_str(to), all + 2, sizeof(all) - 2) ? all : "");
}

static bool
set_options(struct fetch *f, const struct fetch_request *q)
{
	bool ok = true;
#define SET(option, value)                                                             \
	(ok &= curl_easy_setopt(f->curl, (option), (value)) == CURLE_OK)

	SET(CURLOPT_URL, q->url);
	SET(CURLOPT_CONNECT_TO, f->connect_to);
	SET(CURLOPT_HTTPHEADER, f->headers);
	SET(CURLOPT_PRIVATE, f);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)q->connect_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)q->total_ms);
	SET(CURLOPT_SSL_VERIFYPEER, 0L);
	SET(CURLOPT_SSL_VERIFYHOST, 0L);
	/* Else all roots of the system are read for each session, and judge nothing. */
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	SET(CURLOPT_BUFFERSIZE, (long)KIB(4));
	SET(CURLOPT_USERAGENT, "hanaper/" PACKAGE_VERSION " (ACME validation)");
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, f);
	/* It costs words for each step, and no redirect is gone after here. */
	SET(CURLOPT_VERBOSE, strncasecmp(q->url, "http:", 5) != 0 ? 1L : 0L);
	SET(CURLOPT_DEBUGFUNCTION, on_said);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, f);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, f);
#undef SET
	return ok;
}

bool
fetch_start(struct fetch_multi *m, const struct fetch_request *q, fetch_cb *cb,
    void *arg, struct fetch **ret, struct err *e)
{
	struct fetch *f = mem_zalloc(sizeof(*f));

	f->multi = m;
	f->networks = q->networks;
	f->cb = cb;
	f->arg = arg;
	buf_init(&f->body, FETCH_BODY_MAX);
	f->curl = curl_easy_init();
	f->connect_to = pin(q->address);
	/* What is compressed could be any length (R75). */
	f->headers = curl_slist_append(NULL, "Accept-Encoding: identity");
	if (f->curl == NULL || f->connect_to == NULL || f->headers == NULL ||
	    !set_options(f, q) || curl_multi_add_handle(m->curl, f->curl) != CURLM_OK) {
		fetch_free(f);
		return err_set(e, ERR_INTERNAL, "libcurl did not begin");
	}
	*ret = f;
	return true;
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	if (f->curl != NULL) {
		curl_multi_remove_handle(f->multi->curl, f->curl);
		curl_easy_cleanup(f->curl);
	}
	curl_slist_free_all(f->headers);
	curl_slist_free_all(f->connect_to);
	buf_free(&f->body);
	free(f);
}
