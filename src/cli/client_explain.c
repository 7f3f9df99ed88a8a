/* SPDX-License-Identifier: Apache-2.0 */
/* Why no answer came, in words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/setup.h"
#include "client_impl.h"

/* ERR_UNAVAILABLE may be gone by itself; all else a person must mend. */
static const struct todo {
	CURLcode code;
	enum err_code why;
	const char *what;
	const char
	    *stranger; /* for whom has no certificate and no file; NULL: the same */
} todos[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, ERR_UNAVAILABLE,
	    "this machine finds no address for that name: mend its DNS, or name the "
	    "host otherwise by --url",
	    NULL },
	{ CURLE_COULDNT_CONNECT, ERR_UNAVAILABLE,
	    "is hanaperd running there, and is the port its own?", NULL },
	{ CURLE_PEER_FAILED_VERIFICATION, ERR_CONFLICT,
	    "--cacert wants the CA's root.crt, --url a name that the CA was told "
	    "(hanaper init --dns, --ip)",
	    "--url wants a name that the CA was told (hanaper init --dns, --ip)" },
	{ CURLE_SSL_CACERT_BADFILE, ERR_MALFORMED, "--cacert wants the CA's root.crt",
	    NULL },
	{ CURLE_SSL_CONNECT_ERROR, ERR_UNAVAILABLE, /* or it is just starting anew */
	    "--cert and --key want PEM files that belong together, --url the TLS "
	    "listener",
	    "--url wants the TLS listener" },
};

static const struct todo *
todo(CURLcode rc)
{
	for (size_t i = 0; i < NITEMS(todos); i++)
		if (todos[i].code == rc)
			return &todos[i];
	return NULL;
}

/* Of --url. */
static bool
explain_url(const struct client *c, CURLcode rc, const char *said, struct err *e)
{
	const bool stranger = c->authorization != NULL || c->unverified;
	const struct todo *t = todo(rc);
	const char *what = t == NULL                         ? NULL
			   : stranger && t->stranger != NULL ? t->stranger
							     : t->what;
	/* "CAfile: none CRLfile: none" are libcurl's words: ours are the options'. */
	const char *files = strstr(said, ". CAfile:");
	const size_t n = files != NULL ? (size_t)(files - said) : strlen(said);

	return err_set(e, t != NULL ? t->why : ERR_UNAVAILABLE, "%.200s: %.*s%s%s%s",
	    c->base, (int)n, said,
	    files != NULL && c->cacert == NULL ? ": no --cacert was given" : "",
	    what != NULL ? "; " : "", what != NULL ? what : "");
}

bool
client_explain(const struct client *c, CURL *curl, CURLcode rc, const char *url,
    const char *said, struct err *e)
{
	long os = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os);
	if (said[0] == '\0')
		said = curl_easy_strerror(rc);
	if (c == NULL)
		return err_set(e,
		    rc == CURLE_COULDNT_RESOLVE_HOST ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
		    "%.200s: %s", url, said);
	if (c->socket == NULL)
		return explain_url(c, rc, said, e);
	if (os == EACCES || os == EPERM)
		return err_set(e, ERR_FORBIDDEN,
		    "%s: only root and the daemon's own user may use this socket; "
		    "others: --url --cert --key --cacert",
		    c->socket);
	if (rc == CURLE_COULDNT_CONNECT) {
		char *word = out_word(c->dir);

		if (strcmp(c->dir, SETUP_STATE) == 0)
			err_set(e, ERR_UNAVAILABLE,
			    "no daemon answers at %s; start it: systemctl start "
			    "hanaper",
			    c->socket);
		else
			err_set(e, ERR_UNAVAILABLE,
			    "no daemon answers at %s; start it: hanaper up --dir %s",
			    c->socket, word);
		free(word);
		return false;
	}
	return err_set(e, ERR_UNAVAILABLE, "%s: %s", c->socket, said);
}
